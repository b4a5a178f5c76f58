"""Open a video file as FFmpeg should see it: a file of that very name, its film and nothing else.

FFmpeg reads more than films. What it would take for something else is settled here, for every reader alike: a name
is always that of a file (``http:clip.mp4``, ``pipe:0``, ``concat:a|b``), a still picture, a text and a list of other
files are no clip, and the cover of a film is not the film.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gta.data.read.deadline import ClipError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_PIXELS = 2**26
"""Larger pictures (8192 x 8192) are taken for damage."""
_STILLS = ("image2", "ico")
_STILL_BRANDS = ("avif", "mif1", "heic", "heix")
_EITHER = ("gif", "apng")
_NO_FILMS = ("concat", "dash", "hls", "tty")


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the film of a video file; whatever FFmpeg reports becomes a :class:`ClipError`."""
    import av

    try:
        with _container(path) as container:
            stream = _film(path, container)
            stream.thread_type = "NONE"
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            yield container, stream
    except (av.error.FFmpegError, OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ClipError(f"{path} cannot be decoded ({reason}); re-download the file") from error


def check_moving(path: Path, container: InputContainer, frames: int) -> None:
    """Refuse the single picture of a format that can hold a film as well.

    Raises:
        ClipError: it is one.
    """
    if frames == 1 and container.format.name in _EITHER:
        raise _still(path)


def _still(path: Path) -> ClipError:
    return ClipError(f"{path} is a still picture; expected a video file, or a folder of numbered jpg frames")


def _container(path: Path) -> InputContainer:
    import av

    try:
        there = os.stat(path)
    except FileNotFoundError as error:
        raise ClipError(f"{path} does not exist; check the data folder") from error
    except (OSError, ValueError) as error:  # a name that is too long, or that holds a zero byte
        reason = getattr(error, "strerror", None) or error
        raise ClipError(f"{path} cannot be opened ({reason}); check the data folder") from error
    if there.st_size == 0:
        raise ClipError(f"{path} cannot be decoded (it is empty); re-download the file")
    # The prefix keeps FFmpeg from looking for a protocol in the name. A title need not be UTF-8.
    return av.open(f"file:{path}", metadata_errors="replace", options={"protocol_whitelist": "file"})


def _film(path: Path, container: InputContainer) -> VideoStream:
    from av.stream import Disposition

    name = container.format.name
    if name in _STILLS or name.endswith("_pipe") or container.metadata.get("major_brand") in _STILL_BRANDS:
        raise _still(path)
    if name in _NO_FILMS:
        raise ClipError(f"{path} is no video but a text or a list of other files; expected a video file")
    streams = container.streams.video
    aside = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    films = [stream for stream in streams if not stream.disposition & aside]
    if not films:
        if streams:
            raise _still(path)
        raise ClipError(f"{path} holds no video stream; expected a video file")
    if films[0].codec_context is None:
        raise ClipError(f"{path} holds video of a kind that FFmpeg does not know; re-download the file")
    return films[0]
