"""Global temporal weights |M| as in the paper's figure 15: darker is larger.

Shape legend: T frames.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.reporting.evidence.measure import RowData
from experiments.reporting.pictures.style import GREY, new_figure
from experiments.store.result import Result, check_recorded
from experiments.store.run_files import MATRICES
from experiments.store.store import Store
from gta.errors import UserError
from gta.files import read_arrays

Matrices = dict[str, NDArray[np.float64]]


def read_matrices(row: RowData, store: Store) -> tuple[Matrices, list[int]]:
    """Return the (T, T) matrices that a row's runs kept in ``matrices.npz``, averaged over the seeds, and those seeds.

    A file that is torn, or of other places than the first, is not used; a row without any gives an empty dict.
    """
    found: list[Matrices] = []
    seeds = []
    for seed in sorted(row.members):
        for result in row.members[seed]:
            own = stored_matrices(store.folder(result.run_id) / MATRICES, result)
            if own and (not found or _shapes(own) == _shapes(found[0])):
                found.append(own)
                seeds.append(seed)
    return {name: np.mean([own[name] for own in found], axis=0) for name in found[0]} if found else {}, seeds


def stored_matrices(path: Path, result: Result) -> Matrices:
    """Return the matrices of one run by place and path; empty when the file is missing or damaged."""
    try:
        return load_matrices(path, result)
    except UserError:
        return {}


def load_matrices(path: Path, result: Result) -> Matrices:
    """Read ``matrices.npz`` of a run.

    Raises:
        UserError: it is missing, damaged or of another run, or an array is not a matrix of temporal weights.
    """
    check_recorded(path, result.digests_of(path.name))
    found = read_arrays(path)
    for name, m in found.items():
        square = m.ndim == 2 and m.shape[0] == m.shape[1] > 0
        if not name.isprintable() or not square or m.dtype.kind != "f" or not (np.isfinite(m) & (m >= 0)).all():
            raise UserError(f"{path}: {name!r} is {m.dtype} {m.shape}, expected (T, T) mean absolute weights")
    return {name: matrix.astype("float64") for name, matrix in found.items()}


def _shapes(matrices: Matrices) -> dict[str, tuple[int, ...]]:
    return {name: matrix.shape for name, matrix in matrices.items()}


def draw_matrices(matrices: Mapping[str, NDArray[np.floating]], title: str) -> Figure:
    """Draw |M| of every block and path, and their average.

    Args:
        matrices: (T, T) as [out, in] by place and path, such as ``res3[0].pixel``; the mean of |M| over groups and
            heads, as ``matrices.npz`` of a run holds it.
        title: above the picture.

    Returns:
        One square a matrix, the average of all first; each is scaled from its smallest to its largest value, which
        stand in its title. Matrices of different T are averaged only with those of the first.

    Raises:
        ValueError: there is no matrix, or one is not square.
    """
    if not matrices or any(m.ndim != 2 or m.shape[0] != m.shape[1] for m in matrices.values()):
        raise ValueError(f"expected (T, T) matrices, got { ({name: m.shape for name, m in matrices.items()}) }")
    first = next(iter(matrices.values()))
    same = [matrix for matrix in matrices.values() if matrix.shape == first.shape]
    shown = {"average": np.mean(same, axis=0)} | {name: np.asarray(matrix) for name, matrix in matrices.items()}
    columns = min(len(shown), 4)
    lines = -(-len(shown) // columns)
    figure = new_figure(2.15 * columns, 0.9 + 2.3 * lines)
    for place, (name, matrix) in enumerate(shown.items()):
        axes = figure.add_subplot(lines, columns, place + 1)
        low, high = float(matrix.min()), float(matrix.max())
        axes.imshow(matrix, cmap="Greys", vmin=low, vmax=max(high, low + 1e-12), interpolation="nearest")
        axes.set_title(f"{name}\n{low:.3f} to {high:.3f}", size=8.5)
        ticks = range(0, len(matrix), max(1, len(matrix) // 8))
        axes.set_xticks(ticks, [str(tick + 1) for tick in ticks], size=7)
        axes.set_yticks(ticks, [str(tick + 1) for tick in ticks], size=7)
        axes.tick_params(length=2)
    figure.suptitle(textwrap.fill(title, 14 + 17 * columns), size=10.5)
    text = "input frame; |M|, mean over groups and heads; white is the smallest, black the largest value of a square"
    figure.supxlabel(text, size=9, color=GREY)
    figure.supylabel("output frame", size=9, color=GREY)
    return figure
