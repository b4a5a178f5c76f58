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
from gta.data.read.jpeg import PictureFolder, decode

STILL = 128
"""Level of no motion."""
_NAME = re.compile(r"(?:.*[^a-z])?([xyuv])[^a-z\d]?(\d{1,9})\.jpe?g", re.IGNORECASE)
_NUMBER = re.compile(r"(?:.*\D)?(\d{1,9})\.jpe?g", re.IGNORECASE)
_PART = {"x": 0, "u": 0, "y": 1, "v": 1}


class FlowFolder(PictureFolder[tuple[Path, Path]]):
    """A folder of stored flow as pictures (x, y, unused)."""

    item, again = "field", "make the flow again"

    def __init__(self, folder: Path, floor: tuple[int, int] | None, deadline: Deadline) -> None:
        """List the fields; see :class:`~gta.data.read.jpeg.PictureFolder`.

        Raises:
            ClipError: the folder cannot be read, holds no pairs, or one part of a pair is missing.
        """
        super().__init__(folder, field_files(folder), floor, deadline)

    def _file(self, item: tuple[Path, Path]) -> Path:
        return item[0]

    def _picture(self, item: tuple[Path, Path]) -> NDArray[np.uint8]:
        x, y = (decode(path, self._floor, self.again)[..., 0] for path in item)
        if x.shape != y.shape:
            raise ClipError(f"{item[1]} has another size than its x part; {self.again}")
        return np.stack([x, y, np.full_like(x, STILL)], axis=-1)


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
