"""Chosen frames of a folder of numbered jpg files: ``00001.jpg``, ``img_00001.JPG``, ``frame-1.jpeg``.

A folder holds one film: files of two kinds (``img_`` and ``x_``, ``.jpg`` and ``.jpeg``) or two of one number are
refused, for nothing says which of them to show. Files of other names are left alone. A number that is missing is no
error: the frames count as they follow each other, and ``gta.data.check`` reports the gap.

Decoded by simplejpeg where it is installed, else by PIL; both are libjpeg-turbo. A picture at least twice as large
as what is needed is decoded at a half, a quarter or an eighth of its size (in the transform of
the format itself); after scaling to what is needed that differs by less than 2 levels of 255 on average.
"""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gta.data.read.container import MAX_PIXELS
from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.orientation import from_exif
from gta.data.read.probe import Probe
from gta.data.read.video import Indices, check_indices

_NAME = re.compile(r"([a-z]+[_-]?)?(\d{1,9})(\.jpe?g)", re.IGNORECASE)
Item = TypeVar("Item")
_NAMED = 5
"""Gaps that are named."""


def frame_files(folder: Path) -> list[Path]:
    """Return the frames of a clip in the order of their numbers.

    Raises:
        ClipError: the folder cannot be read, holds no frame, frames of two kinds or a number twice.
    """
    return [folder / name for name in _numbered(folder).values()]


def _numbered(folder: Path) -> dict[int, str]:
    """Return the names of the frames by their numbers, in order."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise ClipError(f"{folder} cannot be read ({error.strerror or error}); unpack its frames again") from error
    matches = [match for name in names if (match := _NAME.fullmatch(name))]
    kinds = Counter(f"{match[1] or ''}*{match[3]}".lower() for match in matches)
    if len(kinds) > 1:
        named = " and ".join(f"{kind} ({count})" for kind, count in sorted(kinds.items()))
        raise ClipError(f"{folder} holds frames of {len(kinds)} kinds, {named}; leave those of one film in it")
    found: dict[int, str] = {}
    for match in matches:
        other = found.setdefault(int(match[2]), match[0])
        if other != match[0]:
            raise ClipError(f"{folder} holds frame {int(match[2])} twice, {other} and {match[0]}; remove one of them")
    if not found:
        raise ClipError(f"{folder} holds no numbered jpg files; unpack its frames again")
    return dict(sorted(found.items()))


def _gaps(numbers: list[int]) -> Iterator[str]:
    """Say which numbers are missing; frames are counted from 0 or 1."""
    missing = [(a + 1, b - 1) for a, b in pairwise([min(1, numbers[0]) - 1, *numbers]) if b > a + 1]
    if missing:
        named = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED} more gaps" if len(missing) > _NAMED else ""
        lost = sum(b - a + 1 for a, b in missing)
        yield f"{lost} of {lost + len(numbers)} frame numbers are missing: {named}{more}"


class PictureFolder(Generic[Item]):
    """A folder of jpg files as a :class:`~gta.data.read.video.Video`; one picture is made of one item of it."""

    item, again = "frame", "unpack the frames again"
    """What an item is called in messages, and what mends a broken one."""

    def __init__(self, folder: Path, items: Sequence[Item], floor: tuple[int, int] | None, deadline: Deadline) -> None:
        """Note the items.

        Args:
            folder: the clip's.
            items: in their order.
            floor: height and width that suffice; larger pictures may come at a power of two below their size.
            deadline: when to give up.
        """
        self._folder, self._items, self._floor, self._deadline = folder, items, floor, deadline

    @property
    def length(self) -> int:
        """Number of items."""
        return len(self._items)

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """Return the chosen items as pictures, (n, H, W, 3).

        Raises:
            ClipError: one is missing, corrupt or of another size than the first.
        """
        wanted = check_indices(self._folder, indices, self.length)
        array: NDArray[np.uint8] | None = None
        row_of: dict[int, int] = {}
        for row, number in enumerate(wanted):
            self._deadline.check()
            if array is not None and number in row_of:
                array[row] = array[row_of[number]]
                continue
            picture = self._picture(self._items[number])
            if array is None:
                array = np.empty((len(wanted), *picture.shape), np.uint8)
            if picture.shape != array.shape[1:]:
                where = self._file(self._items[number])
                raise ClipError(f"{where} has another size than the first {self.item}; {self.again}")
            array[row] = picture
            row_of[number] = row
        assert array is not None
        return array

    def _file(self, item: Item) -> Path:
        """Return a file of an item, for messages."""
        raise NotImplementedError

    def _picture(self, item: Item) -> NDArray[np.uint8]:
        """Decode an item, (H, W, 3)."""
        raise NotImplementedError


class FrameFolder(PictureFolder[Path]):
    """A folder of numbered jpg files, the frames of a film."""

    def __init__(self, folder: Path, floor: tuple[int, int] | None, deadline: Deadline) -> None:
        """List the frames; see :class:`PictureFolder`.

        Raises:
            ClipError: see :func:`frame_files`.
        """
        super().__init__(folder, frame_files(folder), floor, deadline)

    def _file(self, item: Path) -> Path:
        return item

    def _picture(self, item: Path) -> NDArray[np.uint8]:
        return decode(item, self._floor)


def probe(folder: Path, deadline: Deadline) -> Probe:
    """Decode everything.

    Raises:
        ClipError: a frame is corrupt or of another size than the first.
    """
    numbered = _numbered(folder)
    files = [folder / name for name in numbered.values()]
    shapes = []
    for file in files:
        deadline.check()
        shapes.append(decode(file, None).shape)
        if shapes[-1] != shapes[0]:
            raise ClipError(f"{file} has another size than the first frame; unpack the frames again")
    return Probe(len(files), shapes[0][0], shapes[0][1], None, tuple(_gaps(list(numbered))))


def decode(path: Path, floor: tuple[int, int] | None, again: str = PictureFolder.again) -> NDArray[np.uint8]:
    """Decode one picture as RGB, (H, W, 3), the right way up; see :class:`PictureFolder`.

    Raises:
        ClipError: it is missing or corrupt.
    """
    try:
        content = path.read_bytes()
        way = from_exif(content)
        stored = _decode(content, way.size(*floor) if floor else None)
        return np.ascontiguousarray(way.turn(stored))
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ClipError(f"{path} cannot be decoded ({reason}); {again}") from error


def _decode(content: bytes, floor: tuple[int, int] | None) -> NDArray[np.uint8]:
    simplejpeg = _simplejpeg()
    if simplejpeg is None:
        return _decode_pil(content, floor)
    size = simplejpeg.decode_jpeg_header(content)[:2]
    factor = _factor(size, floor)
    height, width = (-(-side // factor) for side in size)
    picture = simplejpeg.decode_jpeg(content, "RGB", min_height=height, min_width=width, min_factor=factor)
    return np.asarray(picture, np.uint8)


def _factor(size: tuple[int, int], floor: tuple[int, int] | None) -> int:
    """Return 8, 4, 2 or 1: by how much a picture of this height and width may be decoded smaller."""
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"{size[0]} x {size[1]} pixels")
    if floor is None:
        return 1
    return next((f for f in (8, 4, 2) if -(-size[0] // f) >= floor[0] and -(-size[1] // f) >= floor[1]), 1)


def _decode_pil(content: bytes, floor: tuple[int, int] | None) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        factor = _factor((image.height, image.width), floor)
        if factor > 1:
            image.draft("RGB", (-(-image.width // factor), -(-image.height // factor)))
        return np.asarray(image.convert("RGB"), np.uint8)


@cache
def _simplejpeg() -> ModuleType | None:
    try:
        import simplejpeg
    except ImportError:
        return None
    return simplejpeg  # type: ignore[no-any-return]
