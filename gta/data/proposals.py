"""Stored proposals of a detector: regions of a clip that a head reads beside its frames.

``DIR/proposals/<id of the clip>.npy`` holds an array (n, K, 4) of floats: left, top, right and bottom of K regions in
shares of the picture, the best first, at n moments spread evenly over the clip (each frame, each second, ...).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gta.data.beside import places
from gta.data.packed import PackedPaths
from gta.data.read.deadline import ClipError
from gta.data.sets.splits import Clip
from gta.data.transforms import Box

FOLDER = "proposals"
WHOLE = (0.0, 0.0, 1.0, 1.0)
"""Stands for proposals that are missing, or of which nothing is inside a crop."""
SLACK = 0.05
"""So far beyond the picture's edge a detector may put a side."""


class Proposals:
    """The proposals of a split."""

    def __init__(self, root: Path, clips: Iterable[Clip], count: int) -> None:
        """Note where they are.

        Args:
            root: of the data set.
            clips: of the split.
            count: K, so many of each moment are read.

        Raises:
            UserError: there is no folder of proposals.
        """
        self.count = count
        self._paths = PackedPaths(files(root, clips))

    def seen(
        self,
        index: int,
        frames: NDArray[np.int64],
        length: int,
        size: tuple[int, int],
        box: Box,
        flip: bool = False,
    ) -> NDArray[np.float32]:
        """Return the proposals as a crop shows them, float32 (T, K, 4) in shares of the crop.

        Args:
            index: of the clip in the split.
            frames: numbers of the T frames that are shown.
            length: frames of the clip.
            size: height and width of the picture that is cropped.
            box: the crop.
            flip: whether the crop is mirrored.

        Raises:
            ClipError: the file is missing or no such array.
        """
        stored = self._read(index)
        moments = np.minimum(frames * len(stored) // length, len(stored) - 1)
        found = np.tile(np.array(WHOLE, np.float32), (len(frames), self.count, 1))
        chosen = stored[moments, : self.count]
        offset, scale = (box.left, box.top) * 2, (box.width, box.height) * 2
        shares = np.clip((chosen * (*size[::-1], *size[::-1]) - offset) / scale, 0, 1).astype(np.float32)
        if flip:
            shares[..., [0, 2]] = 1 - shares[..., [2, 0]]
        inside = (shares[..., 2] > shares[..., 0]) & (shares[..., 3] > shares[..., 1])
        found[:, : chosen.shape[1]][inside] = shares[inside]
        return found

    def _read(self, index: int) -> NDArray[np.floating]:
        path = self._paths[index]
        try:
            stored = np.load(path, allow_pickle=False)
        except Exception as error:  # numpy's reader has no list of what a damaged file makes it raise
            raise ClipError(
                f"{path} cannot be read ({' '.join(str(error).split())}); store its proposals again"
            ) from error
        if not isinstance(stored, np.ndarray):
            raise ClipError(f"{path} holds several arrays; expected one (moments, regions, 4)")
        fits = stored.ndim == 3 and stored.shape[2] == 4 and stored.size > 0
        if not fits or stored.dtype.kind != "f" or not np.isfinite(stored).all():
            raise ClipError(f"{path} holds no proposals; expected finite floats (moments, regions, 4) in shares")
        if stored.min() < -SLACK or stored.max() > 1 + SLACK:
            raise ClipError(
                f"{path} holds values from {stored.min():g} to {stored.max():g}; expected shares of the picture, "
                f"from 0 to 1: divide pixels by its width and height"
            )
        proposals: NDArray[np.floating] = stored
        return proposals


def files(root: Path, clips: Iterable[Clip]) -> list[Path]:
    """Return the file of each clip, whether it is there or not.

    Raises:
        UserError: the data set has no folder of proposals.
    """
    needed = "a head that reads stored proposals needs an array (moments, regions, 4) for every clip there, as <id>.npy"
    return places(root, FOLDER, clips, needed, ".npy")
