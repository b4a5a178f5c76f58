"""Stored optical flow of a clip: a folder of grey jpg files in pairs, x and y part of each field.

``flow_x_00001.jpg`` and ``flow_y_00001.jpg`` as TSN's tools write them, ``x_00001.jpg`` or ``000012-x_00001.jpg`` as
TSM reads them for Something-Something; also with u and v for x and y, and with the files of each part in a folder of
its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.jpeg import decode
from gta.data.read.video import Indices, check_indices

STILL = 128
"""Level of no motion."""
_NAME = re.compile(r"(?:.*[^a-z])?([xyuv])[^a-z\d]?(\d{1,9})\.jpe?g", re.IGNORECASE)
_NUMBER = re.compile(r"(?:.*\D)?(\d{1,9})\.jpe?g", re.IGNORECASE)
_PART = {"x": 0, "u": 0, "y": 1, "v": 1}


class FlowFolder:
    """A folder of stored flow as a :class:`~gta.data.read.video.Video` of pictures (x, y, unused)."""

    def __init__(self, folder: Path, floor: tuple[int, int] | None, deadline: Deadline) -> None:
        """List the fields.

        Args:
            folder: the clip's.
            floor: height and width that suffice; larger pictures may come at a power of two below their size.
            deadline: when to give up.

        Raises:
            ClipError: the folder cannot be read, holds no pairs, or one part of a pair is missing.
        """
        self._folder, self._floor, self._deadline = folder, floor, deadline
        self._pairs = field_files(folder)

    @property
    def length(self) -> int:
        """Number of fields."""
        return len(self._pairs)

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """Return the chosen fields, (n, H, W, 3).

        Raises:
            ClipError: a file is corrupt or of another size than the first.
        """
        wanted = check_indices(self._folder, indices, self.length)
        known = {number: self._field(number) for number in dict.fromkeys(wanted)}
        first = known[wanted[0]]
        for number, field in known.items():
            if field.shape != first.shape:
                raise ClipError(f"{self._pairs[number][0]} has another size than the first field; make the flow again")
        return np.stack([known[number] for number in wanted])

    def _field(self, number: int) -> NDArray[np.uint8]:
        self._deadline.check()
        try:
            parts = [decode(path, self._floor)[..., 0] for path in self._pairs[number]]
        except ClipError as error:
            raise ClipError(str(error).replace("unpack the frames again", "make the flow again")) from error
        if parts[0].shape != parts[1].shape:
            raise ClipError(f"{self._pairs[number][1]} has another size than its x part; make the flow again")
        return np.stack([*parts, np.full_like(parts[0], STILL)], axis=-1)


def field_files(folder: Path) -> list[tuple[Path, Path]]:
    """Return the x and y files of a clip's fields in the order of their numbers.

    Raises:
        ClipError: see :class:`FlowFolder`.
    """
    found: dict[int, list[Path | None]] = {}
    for part, number, path in _listed(folder):
        pair, at = found.setdefault(number, [None, None]), _PART[part.lower()]
        if pair[at] is not None:
            raise ClipError(f"{folder} holds the {'xy'[at]} part of field {number} twice; remove one of them")
        pair[at] = path
    if not found:
        raise ClipError(f"{folder} holds no flow; expected pairs such as flow_x_00001.jpg and flow_y_00001.jpg")
    whole = []
    for number, (x, y) in sorted(found.items()):
        if x is None or y is None:
            raise ClipError(f"{folder} holds one part of field {number} alone, {(x or y)!s}; make the flow again")
        whole.append((x, y))
    return whole


def _listed(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Yield part, number and path of every file that is one part of a field."""
    try:
        for name in sorted(os.listdir(folder)):
            if match := _NAME.fullmatch(name):
                yield match[1], int(match[2]), folder / name
            elif name in _PART:
                inner = ((_NUMBER.fullmatch(inside), inside) for inside in sorted(os.listdir(folder / name)))
                yield from ((name, int(match[1]), folder / name / inside) for match, inside in inner if match)
    except OSError as error:
        reason = error.strerror or error
        raise ClipError(f"{folder} cannot be read ({reason}); stored flow of the clip is looked for there") from error
