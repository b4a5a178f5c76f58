"""Write and read what a run keeps of a few clips, from which the paper's figures 1, 8, 16 and 17 are drawn.

``looks.npz`` of a run is compressed and holds, without pickle, the fields of :class:`Looks`; every kind of map has an
array of its own. Three drawn clips of 32 x 32 pixels take 45 kB, most of it their frames. :mod:`gta.explain.looks`
makes it; reading it needs no torch.

Legend: M clips, T frames of a block, h x w positions of a map.
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
KINDS = ("nl", "spatial", "temporal", "spatial_swapped", "temporal_swapped", "regions", "likeness")
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
    """(M, 3): frame, and height and width from 0 to 1; see :func:`moving_query`."""
    place: str
    """Of the blocks that were looked into, such as ``res3[2]``."""
    maps: dict[str, Array]
    """By kind:

    * ``nl`` (M, T, h, w): joint attention of the query over all frames;
    * ``spatial`` (M, T, h, w): attention of the query's position within each frame, by SA;
    * ``temporal`` (M, T): attention of the query over the frames at its position, by TA;
    * ``spatial_swapped``, ``temporal_swapped``: the same with the query and key projections of SA and TA swapped, each
      on the input that its block had (appendix F);
    * ``regions`` (M, T, 2, h, w): |G_R(t)| of two regions: of the one that varies most over the clip, and of the one of
      the livelier half that is least like it;
    * ``likeness`` (M, T): how alike the K regions of a frame are, the mean over their pairs of the cosine between their
      weights less the mean over positions, without its sign: 1 when all are the same map, up to scale.
    """


def write_looks(path: Path, looks: Looks) -> None:
    """Write ``looks.npz`` atomically, the maps as float16.

    Raises:
        UserError: the folder cannot be written.
    """
    arrays = {name: np.asarray(getattr(looks, name)) for name in _FIELDS}
    arrays |= {f"map_{kind}": values.astype(np.float16) for kind, values in looks.maps.items()}
    write_arrays(path, arrays)


def read_looks(path: Path) -> Looks:
    """Read ``looks.npz``.

    Raises:
        UserError: it is missing or torn, or its arrays are not of their types and shapes or do not fit each other.
    """
    stored = read_arrays(path)
    arrays = {name: array for name, array in stored.items() if name in _FIELDS}
    arrays |= {name: array for name, array in stored.items() if name.removeprefix("map_") in KINDS}
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
    maps = {kind: arrays[f"map_{kind}"].astype(np.float32) for kind in KINDS if f"map_{kind}" in arrays}
    return Looks(arrays["frames"], arrays["truth"], arrays["predicted"], arrays["query"], place, maps)


def _layout(name: str, clips: int, frames: int) -> tuple[str, int, tuple[int, ...]]:
    """Return kind of number, number of axes and first sizes of an array of ``looks.npz``, see :class:`Looks`."""
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
