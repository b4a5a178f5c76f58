"""Where a model looks in a few clips: the record that a run keeps, and its file ``looks.npz``.

The report draws the paper's figures 1, 8, 16 and 17 from it. The file is compressed, holds no pickle, and has an array
for each field of :class:`Looks` and for each map. Three drawn clips of 32 x 32 pixels take 45 kB, mostly for their
frames. :mod:`gta.explain.capture` makes the record; reading it needs no torch.

Legend: M clips, T frames of a block, h x w positions of a map, K regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gta.errors import UserError
from gta.files import read_arrays, write_arrays

Array = NDArray[np.float32]
SIDE = 64
"""Largest height or width of a kept frame in pixels."""
MAPS = ("nl", "spatial", "temporal", "spatial_swapped", "temporal_swapped", "regions", "likeness")
"""Names of the maps that :attr:`Looks.maps` can hold."""
_FIELDS = ("frames", "truth", "predicted", "query", "place")


@dataclass(frozen=True)
class Looks:
    """A few clips and where a model looks in them, at its last place among those with the most positions."""

    frames: NDArray[np.uint8]
    """(M, T, H, W, 3), at most :data:`SIDE` pixels high and wide."""
    truth: NDArray[np.str_]
    """(M,), names of the classes."""
    predicted: NDArray[np.str_]
    """(M,)."""
    query: NDArray[np.float32]
    """(M, 3): frame, and height and width from 0 to 1; see :func:`~gta.explain.capture.moving_query`."""
    place: str
    """Where the shown blocks stand, such as ``res3[2]``."""
    maps: dict[str, Array]
    """By name:

    * ``nl`` (M, T, h, w): how the query attends to all frames, in NL;
    * ``spatial`` (M, T, h, w): how the query's position attends within each frame, in SA;
    * ``temporal`` (M, T): how the query attends to the frames at its position, in TA;
    * ``spatial_swapped``, ``temporal_swapped``: the same with the query and key projections of SA and TA swapped, each
      on the input of its own place (appendix F);
    * ``regions`` (M, T, 2, h, w): |G_R(t)| of two regions: the one that varies most over the clip, and the one least
      like it in the half that varies most;
    * ``likeness`` (M, T): how alike the K regions of a frame are. It is the mean over their pairs of |cosine| between
      their weights less the mean over positions: 1 when all are one map up to scale.
    """


def write_looks(path: Path, looks: Looks) -> None:
    """Write ``looks.npz`` atomically, with the maps as float16.

    Raises:
        UserError: the folder cannot be written.
    """
    arrays = {name: np.asarray(getattr(looks, name)) for name in _FIELDS}
    arrays |= {f"map_{name}": values.astype(np.float16) for name, values in looks.maps.items()}
    write_arrays(path, arrays)


def read_looks(path: Path) -> Looks:
    """Read ``looks.npz``.

    Raises:
        UserError: the file is missing or torn, an array has another type or shape, or two do not fit each other.
    """
    stored = read_arrays(path)
    arrays = {name: array for name, array in stored.items() if name in _FIELDS}
    arrays |= {name: array for name, array in stored.items() if name.removeprefix("map_") in MAPS}
    missing = [name for name in _FIELDS if name not in arrays]
    if missing:
        raise UserError(f"{path} is no file of looks: {missing[0]} is missing")
    clips, frames = (*arrays["frames"].shape, 0, 0)[:2]
    for name, array in arrays.items():
        kind, axes, shape = _layout(name, clips, frames)
        fits = array.dtype.kind == kind and array.ndim == axes and array.shape[: len(shape)] == shape and array.size
        if not fits or (kind == "f" and not np.isfinite(array).all()):
            raise UserError(
                f"{path}: the arrays do not fit each other: {name} is {array.dtype} {array.shape}, "
                f"frames {arrays['frames'].shape}"
            )
    place, names = str(arrays["place"]), [*arrays["truth"].tolist(), *arrays["predicted"].tolist()]
    if not all(text.isprintable() for text in (place, *names)):
        raise UserError(f"{path} is no file of looks: a name cannot be shown")
    maps = {each: arrays[f"map_{each}"].astype(np.float32) for each in MAPS if f"map_{each}" in arrays}
    return Looks(arrays["frames"], arrays["truth"], arrays["predicted"], arrays["query"], place, maps)


def _layout(name: str, clips: int, frames: int) -> tuple[str, int, tuple[int, ...]]:
    """Return numpy's kind, the number of axes and the first sizes of an array of ``looks.npz``."""
    match name:
        case "frames":
            return "u", 5, (clips, frames)
        case "place":
            return "U", 0, ()
        case "truth" | "predicted":
            return "U", 1, (clips,)
        case "query":
            return "f", 2, (clips, 3)
        case "map_temporal" | "map_temporal_swapped" | "map_likeness":
            return "f", 2, (clips, frames)
        case "map_regions":
            return "f", 5, (clips, frames, 2)
        case _:
            return "f", 4, (clips, frames)
