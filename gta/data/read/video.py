"""What every way to read a clip gives: a :class:`Video`, which says how many frames it has and hands them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gta.data.read.deadline import ClipError

Indices = Sequence[int] | NDArray[np.int64]
"""Numbers of frames, from 0, in any order; repeats are allowed."""


class Video(Protocol):
    """A clip that is open: a film, a folder of pictures, or a row of the cache."""

    @property
    def length(self) -> int:
        """Number of frames."""

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """Return the frames of these numbers as RGB, (n, H, W, 3).

        Raises:
            ClipError: a frame is corrupt or lies behind the end.
            Recounted: the clip has another length than was known; see there.
            ValueError: no frame is asked for, or a negative one.
        """


class Recounted(Exception):
    """The packets of a damaged file promised another number of frames than were decoded.

    The video knows its true ``length`` from now on, and the indices are to be chosen anew. It happens once at most.
    """


class Stored:
    """A video whose frames (L, H, W, 3) are in memory already."""

    def __init__(self, frames: NDArray[np.uint8]) -> None:
        """Wrap the frames."""
        self._frames = frames

    @property
    def length(self) -> int:
        """Number of frames."""
        return len(self._frames)

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """Return a copy of the frames of these numbers."""
        frames: NDArray[np.uint8] = self._frames[np.asarray(indices)]
        return frames


def check_indices(path: Path, indices: Indices, length: int) -> list[int]:
    """Return the indices as plain numbers.

    Raises:
        ClipError: one of them lies behind the end.
        ValueError: there is none, or a negative one.
    """
    wanted = [int(index) for index in indices]
    if not wanted or min(wanted) < 0:
        raise ValueError(f"{path}: frame numbers must be 0 or more and at least one; got {wanted}")
    if max(wanted) >= length:
        raise ClipError(f"{path} has {length} frames, frame {max(wanted)} was asked for; re-download the file")
    return wanted
