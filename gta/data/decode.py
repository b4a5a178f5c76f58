"""Read chosen frames of a video file with PyAV: sequentially, converting only what is asked for.

Seeking to each frame costs two to four times as much as reading on, and threads cost more than they give for clips
of a few seconds. The header's number of frames is never believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gta.errors import UserError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream


class ClipError(UserError):
    """A video file that is missing, corrupt or too short; the message names it."""


def count_frames(path: Path) -> int:
    """Return the number of video frames by walking through the file without decoding it.

    Raises:
        ClipError: the file is missing or holds no video.
    """
    with _open(path) as (container, stream):
        return sum(packet.size > 0 for packet in container.demux(stream))


def read_frames(
    path: Path, indices: Sequence[int] | NDArray[np.int64], size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Return the frames at ``indices`` (any order, repeats allowed) as RGB, (n, H, W, 3).

    Args:
        path: the video file.
        indices: frame numbers from 0.
        size: height and width to which frames are scaled while they are converted.

    Raises:
        ClipError: the file is missing, corrupt, or ends before the last frame that is asked for.
    """
    wanted = [int(i) for i in indices]
    if not wanted or min(wanted) < 0:
        raise ValueError(f"{path}: frame numbers must be 0 or more and at least one; got {wanted}")
    pictures = dict(_pictures(path, set(wanted), size))
    return np.stack([pictures[i] for i in wanted])


def read_all(path: Path, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return every frame as RGB, (T, H, W, 3).

    Raises:
        ClipError: the file is missing or no frame decodes.
    """
    return np.stack([picture for _, picture in _pictures(path, None, size)])


def _pictures(
    path: Path, wanted: set[int] | None, size: tuple[int, int] | None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (number, RGB picture) of the wanted frames, or of all, and stop after the last."""
    last = None if wanted is None else max(wanted)
    number = -1
    convert = _converter(size)
    with _open(path) as (container, stream):
        for number, frame in enumerate(container.decode(stream)):
            if wanted is None or number in wanted:
                yield number, convert(frame)
            if number == last:
                return
    if number < 0:
        raise ClipError(f"{path}: no frame decodes; re-download the file or prepare the data set anew")
    if last is not None:
        raise ClipError(f"{path} has {number + 1} frames, frame {last} was asked for; re-download the file")


def _converter(size: tuple[int, int] | None) -> Callable[[VideoFrame], NDArray[np.uint8]]:
    """Return a function from decoded frames to RGB arrays.

    One converter serves a whole clip, and with one thread: by default every frame would set up its own scaler and a
    pool of threads for it, which costs more than the conversion.
    """
    from av.video.reformatter import Interpolation, VideoReformatter

    converter = VideoReformatter()
    height, width = size or (None, None)

    def convert(frame: VideoFrame) -> NDArray[np.uint8]:
        rgb = converter.reformat(frame, width, height, "rgb24", interpolation=Interpolation.BICUBIC, threads=1)
        return np.asarray(rgb.to_ndarray(), np.uint8)

    return convert


@contextmanager
def _open(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first video stream; whatever FFmpeg reports becomes a :class:`ClipError`."""
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ClipError(f"{path} holds no video stream; expected a video file")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            yield container, stream
    except FileNotFoundError as error:
        raise ClipError(f"{path} does not exist; check the data folder") from error
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ClipError(f"{path} cannot be decoded ({reason}); re-download the file") from error
