"""One clip as a folder of jpg frames or as a small H.264 video."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gta.data.deadline import ClipError, Deadline, within

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
    from gta.data.pyav import opened

    if source.is_dir():
        return _STILL_RATE
    with opened(source) as (_, stream):
        return stream.average_rate or _STILL_RATE


def _pictures(source: Path, side: int | None, deadline: Deadline, even: bool = False) -> Iterator[NDArray[np.uint8]]:
    """Yield every frame as RGB (H, W, 3), scaled so that the shorter side is at most ``side``."""
    shape = None
    for number, frame in enumerate(_decoded(source)):
        deadline.check()
        picture = _scaled(frame, side, even)
        shape = shape or picture.shape
        if picture.shape != shape:
            raise ClipError(f"{source} changes its size at frame {number}; re-download the file")
        yield picture
    if shape is None:
        raise ClipError(f"{source} has no frames; re-download the file")


def _decoded(source: Path) -> Iterator[VideoFrame]:
    import av

    from gta.data import jpeg, pyav

    if source.is_dir():
        for file in jpeg.frame_files(source):
            yield av.VideoFrame.from_ndarray(jpeg.decode(file, None), format="rgb24")
        return
    with pyav.opened(source) as (container, stream):
        yield from container.decode(stream)


def _scaled(frame: VideoFrame, side: int | None, even: bool) -> NDArray[np.uint8]:
    from gta.data.pyav import converter

    height, width = frame.height, frame.width
    factor = min(1.0, (side or min(height, width)) / min(height, width))
    height, width = max(2, round(height * factor)), max(2, round(width * factor))
    if even:  # what 4:2:0 asks for
        height, width = height - height % 2, width - width % 2
    return np.ascontiguousarray(converter((height, width))(frame))


def _jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
