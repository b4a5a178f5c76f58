"""Chosen frames of a folder of numbered jpg files: ``00001.jpg``, ``img_00001.JPG``, ``frame-1.jpeg``.

Decoded by simplejpeg where it is installed, else by PIL; both are libjpeg-turbo. A picture at least twice as large
as what is needed is decoded at a half, a quarter or an eighth of its size (in the transform of
the format itself); after scaling to what is needed that differs by less than 2 levels of 255 on average.
"""

from __future__ import annotations

import io
import os
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from gta.data.deadline import ClipError, Deadline
from gta.data.pyav import MAX_PIXELS, Choose, Probe, checked

_NAME = re.compile(r"(?:[a-z]+[_-]?)?(\d{1,9})\.jpe?g", re.IGNORECASE)


def frame_files(folder: Path) -> list[Path]:
    """Return the frames of a clip in the order of their numbers.

    Raises:
        ClipError: the folder cannot be read or holds no frame.
    """
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise ClipError(f"{folder} cannot be read ({error.strerror or error}); unpack its frames again") from error
    numbered = sorted((int(match[1]), name) for name in names if (match := _NAME.fullmatch(name)))
    if not numbered:
        raise ClipError(f"{folder} holds no numbered jpg files; unpack its frames again")
    return [folder / name for _, name in numbered]


def read(
    folder: Path, choose: Choose, floor: tuple[int, int] | None, deadline: Deadline
) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of frames and the chosen ones as RGB, (n, H, W, 3).

    Args:
        folder: the clip's.
        choose: from the number of frames to the wanted ones.
        floor: height and width that suffice; larger pictures may come at a power of two below their size.
        deadline: when to give up.

    Raises:
        ClipError: a frame is missing, corrupt or of another size than the first.
    """
    files = frame_files(folder)
    wanted = checked(folder, choose(len(files)), len(files))
    array: NDArray[np.uint8] | None = None
    row_of: dict[int, int] = {}
    for row, number in enumerate(wanted):
        deadline.check()
        if array is not None and number in row_of:
            array[row] = array[row_of[number]]
            continue
        picture = decode(files[number], floor)
        if array is None:
            array = np.empty((len(wanted), *picture.shape), np.uint8)
        if picture.shape != array.shape[1:]:
            raise ClipError(f"{files[number]} has another size than the first frame; unpack the frames again")
        array[row] = picture
        row_of[number] = row
    assert array is not None
    return len(files), array


def probe(folder: Path, deadline: Deadline) -> Probe:
    """Decode everything.

    Raises:
        ClipError: a frame is corrupt or of another size than the first.
    """
    files = frame_files(folder)
    shapes = []
    for file in files:
        deadline.check()
        shapes.append(decode(file, None).shape)
        if shapes[-1] != shapes[0]:
            raise ClipError(f"{file} has another size than the first frame; unpack the frames again")
    return Probe(len(files), shapes[0][0], shapes[0][1], None)


def decode(path: Path, floor: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Decode one picture as RGB, (H, W, 3); see :func:`read` for ``floor``.

    Raises:
        ClipError: it is missing or corrupt.
    """
    try:
        content = path.read_bytes()
        simplejpeg = _simplejpeg()
        if simplejpeg is None:
            return _decode_pil(content, floor)
        size = simplejpeg.decode_jpeg_header(content)[:2]
        factor = _factor(size, floor)
        height, width = (-(-side // factor) for side in size)
        picture = simplejpeg.decode_jpeg(content, "RGB", min_height=height, min_width=width, min_factor=factor)
        return np.asarray(picture, np.uint8)
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ClipError(f"{path} cannot be decoded ({reason}); unpack the frames again") from error


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
