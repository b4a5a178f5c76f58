"""One clip as a folder of jpg frames or as a small H.264 video."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gta.data.read import jpeg, pyav
from gta.data.read.container import opened
from gta.data.read.deadline import ClipError, Deadline, within
from gta.data.read.orientation import Turns, converter

if TYPE_CHECKING:
    from av import VideoFrame

Way = Literal["extract", "reencode"]
_TIMEOUT = 600.0
"""Seconds that one clip may take."""
_STILL_RATE = 12
"""Frames a second of videos made from frames: Something-Something's."""


@dataclass(frozen=True)
class Conversion:
    """What is made of each clip."""

    way: Way
    target: Path
    side: int | None
    """Longest short side in pixels; None keeps the size."""
    quality: int
    """Of jpg, 1 to 100."""
    crf: int
    """Of H.264: lower is larger and better."""


def write_clip(conversion: Conversion, source: Path, target: Path) -> None:
    """Write what ``conversion`` makes of a clip.

    Raises:
        ClipError: the source cannot be read.
        OSError: the target cannot be written.
    """
    write = _extract if conversion.way == "extract" else _reencode
    within(_TIMEOUT, source, lambda deadline: write(conversion, source, target, deadline))


def _extract(conversion: Conversion, source: Path, part: Path, deadline: Deadline) -> None:
    part.mkdir()
    for number, picture in enumerate(_pictures(source, conversion.side, deadline), 1):
        (part / f"{number:05d}.jpg").write_bytes(_jpeg(picture, conversion.quality))


def _reencode(conversion: Conversion, source: Path, part: Path, deadline: Deadline) -> None:
    import av

    rate = _rate(source)
    with av.open(str(part), "w", format="mp4") as container:
        stream: Any = None
        for picture in _pictures(source, conversion.side, deadline, even=True):
            if stream is None:
                stream = container.add_stream("libx264", rate=rate)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt, stream.thread_count, stream.gop_size = "yuv420p", 1, 32
                stream.options = {"crf": str(conversion.crf), "preset": "medium"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _rate(source: Path) -> Any:  # noqa: ANN401 - PyAV takes fractions and numbers
    if os.path.isdir(source):
        return _STILL_RATE
    with opened(source) as (_, stream):
        return stream.average_rate or stream.guessed_rate or _STILL_RATE


def _pictures(source: Path, side: int | None, deadline: Deadline, even: bool = False) -> Iterator[NDArray[np.uint8]]:
    """Yield every frame as RGB (H, W, 3), scaled so that the shorter side is at most ``side``."""
    shown: tuple[int, int] | None = None
    turns, frames = Turns(), 0
    expected = None if os.path.isdir(source) else pyav.count(source, deadline)
    for frame in _decoded(source):
        deadline.check()
        size = turns.shown_size(frame)
        if shown is None:
            shown, convert = size, converter(_scaled(size, side, even))
        if size != shown:
            raise ClipError(f"{source} changes its size at frame {frames}; re-download the file")
        frames += 1
        yield np.ascontiguousarray(convert(frame))
    if shown is None:
        raise ClipError(f"{source} has no frames; re-download the file")
    if expected not in (None, frames):  # a frame that is left out would move those behind it
        raise ClipError(f"{source}: {frames} of {expected} frames decode; re-download the file")


def _decoded(source: Path) -> Iterator[VideoFrame]:
    import av

    if os.path.isdir(source):
        for file in jpeg.frame_files(source):
            yield av.VideoFrame.from_ndarray(jpeg.decode(file, None), format="rgb24")
        return
    with opened(source) as (container, stream):
        yield from container.decode(stream)


def _scaled(shown: tuple[int, int], side: int | None, even: bool) -> tuple[int, int]:
    """Return the height and width that are made of those that are shown."""
    factor = min(1.0, (side or min(shown)) / min(shown))
    height, width = (max(2, round(length * factor)) for length in shown)
    return (height - height % 2, width - width % 2) if even else (height, width)  # 4:2:0 asks for even ones


def _jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
