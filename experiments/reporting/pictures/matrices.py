"""Global temporal weights |M| as in the paper's figure 15: darker is larger.

Shape legend: T frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from experiments.reporting.pictures.style import GREY, new_figure

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def draw_matrices(matrices: Mapping[str, NDArray[np.floating]], title: str) -> Figure:
    """Draw |M| of every block and path, and their average.

    Args:
        matrices: (T, T) as [out, in] by place and path, such as ``res3[0].pixel``; the mean of |M| over groups and
            heads, as ``matrices.npz`` of a run holds it.
        title: above the picture.

    Returns:
        One square a matrix, the average of all first; each is scaled from 0 to its own largest value, which stands in
        its title. Matrices of different T are averaged only with those of the first.

    Raises:
        ValueError: there is no matrix, or one is not square.
    """
    import numpy as np

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
        axes.imshow(matrix, cmap="Greys", vmin=0, vmax=max(float(matrix.max()), 1e-12), interpolation="nearest")
        axes.set_title(f"{name}\nlargest {matrix.max():.2g}", size=8.5)
        ticks = range(0, len(matrix), max(1, len(matrix) // 8))
        axes.set_xticks(ticks, [str(tick + 1) for tick in ticks], size=7)
        axes.set_yticks(ticks, [str(tick + 1) for tick in ticks], size=7)
        axes.tick_params(length=2)
    figure.suptitle(title)
    figure.supxlabel("input frame; |M|, mean over groups and heads; darker is larger", size=9, color=GREY)
    figure.supylabel("output frame", size=9, color=GREY)
    return figure
