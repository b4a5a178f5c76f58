"""Chosen frames of a video file with PyAV: what is not needed for them is neither decoded nor converted.

The packets are read once; their time stamps say how many frames are shown and where each one stands, so that
groups of pictures without a chosen frame are left out, as are pictures that no other one refers to. Conversion is
PyAV's own, with one scaler for the clip and one thread: by default every frame would set up its own scaler and a
pool of threads for it, which costs more than the conversion. The header's number of frames is never believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gta.data.deadline import ClipError, Deadline

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

Choose = Callable[[int], Sequence[int] | NDArray[np.int64]]
"""From the number of frames of a clip to the numbers, from 0, of those that are wanted: any order, repeats allowed."""
MAX_PIXELS = 2**26
"""Larger pictures (8192 x 8192) are taken for damage."""
_TIMED = ("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2")
"""Containers that store when a frame is shown; AVI does not."""


@dataclass(frozen=True)
class Probe:
    """What a video turned out to hold when all of it was decoded."""

    frames: int
    height: int
    width: int
    rate: float | None
    """Frames a second as the header says; None for a folder of frames."""


def count(path: Path) -> int:
    """Return the number of shown frames by walking through the packets without decoding them."""
    with opened(path) as (container, stream):
        return sum(packet.size > 0 and not packet.is_discard for packet in container.demux(stream))


def probe(path: Path, deadline: Deadline) -> Probe:
    """Decode everything, convert nothing."""
    with opened(path) as (container, stream):
        frames = height = width = 0
        for frame in container.decode(stream):
            deadline.check()
            frames, height, width = frames + 1, frame.height, frame.width
        rate = stream.average_rate
        return Probe(frames, height, width, None if rate is None else float(rate))


def read(path: Path, choose: Choose, size: tuple[int, int] | None, deadline: Deadline) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of frames of a video and the chosen ones as RGB, (n, H, W, 3); ``size`` scales them."""
    with opened(path) as (container, stream):
        if container.format.name in _TIMED:
            packets = [packet for packet in container.demux(stream) if packet.size > 0]
            length = sum(not packet.is_discard for packet in packets)
            if length > 0:
                pictures = _Pictures(path, checked(path, choose(length), length), size)
                if _read_by_time(stream, packets, pictures, deadline):
                    return length, pictures.array()
    return _read_in_turn(path, choose, size, deadline)


def checked(path: Path, numbers: Sequence[int] | NDArray[np.int64], length: int) -> list[int]:
    """Return the chosen frame numbers.

    Raises:
        ClipError: one of them lies behind the end.
        ValueError: none is chosen, or a negative one.
    """
    wanted = [int(number) for number in numbers]
    if not wanted or min(wanted) < 0:
        raise ValueError(f"{path}: frame numbers must be 0 or more and at least one; got {wanted}")
    if max(wanted) >= length:
        raise ClipError(f"{path} has {length} frames, frame {max(wanted)} was asked for; re-download the file")
    return wanted


class _Pictures:
    """The chosen frames as they come."""

    def __init__(self, path: Path, wanted: list[int], size: tuple[int, int] | None) -> None:
        self.path, self.wanted = path, wanted
        self.missing = set(wanted)
        self._size = size
        self._convert = converter(size)
        self._array: NDArray[np.uint8] | None = None

    def add(self, number: int, frame: VideoFrame) -> None:
        """Convert a frame if it is one of the chosen."""
        if number not in self.missing:
            return
        picture = self._convert(frame)
        if self._array is None:
            self._array = np.empty((len(self.wanted), *picture.shape), np.uint8)
        if picture.shape != self._array.shape[1:]:
            raise ClipError(f"{self.path} changes its size at frame {number}; re-download the file")
        for row, other in zip(self._array, self.wanted, strict=True):
            if other == number:
                row[:] = picture
        self.missing.discard(number)

    def array(self) -> NDArray[np.uint8]:
        """Return (n, H, W, 3)."""
        assert self._array is not None
        return self._array


def _read_by_time(
    stream: VideoStream, packets: list[Packet[VideoStream]], pictures: _Pictures, deadline: Deadline
) -> bool:
    """Decode what the chosen frames need; False when time stamps do not tell or frames do not come as they say."""
    from av.error import FFmpegError

    stamps = [packet.pts for packet in packets if packet.pts is not None]  # in the order of storage
    if len(set(stamps)) != len(packets):
        return False
    times = sorted(time for time, packet in zip(stamps, packets, strict=True) if not packet.is_discard)
    number_at: dict[int | None, int] = {time: number for number, time in enumerate(times)}
    place = {time: i for i, time in enumerate(stamps)}
    keys = [i for i, packet in enumerate(packets) if packet.is_keyframe]
    codec = stream.codec_context
    spares = codec.name == "h264"  # what it marks as not referred to can be left out without a trace
    chosen = set(pictures.missing)
    try:
        for i, (first, last) in enumerate(_ranges(stamps, keys, [place[times[number]] for number in chosen])):
            if i > 0:
                codec.flush_buffers()
            for packet in packets[first : last + 1]:
                deadline.check()
                if spares:
                    codec.skip_frame = "DEFAULT" if number_at.get(packet.pts, -1) in chosen else "NONREF"
                for frame in codec.decode(packet):
                    pictures.add(number_at.get(frame.pts, -1), frame)
            for frame in codec.decode(None):
                pictures.add(number_at.get(frame.pts, -1), frame)
    except FFmpegError:
        return False  # whether the file is to blame shows when it is read from its beginning
    return not pictures.missing


def _ranges(stamps: list[int], keys: list[int], places: list[int]) -> list[tuple[int, int]]:
    """Return the ranges of packets to decode for the frames of the packets at ``places``.

    Each begins at the last key frame that is neither stored nor shown after the frame itself: what is shown before a
    key frame but stored behind it may refer to the group before.
    """
    ranges: list[tuple[int, int]] = []
    for place in sorted(places):
        starts = [key for key in keys if key <= place and stamps[key] <= stamps[place]]
        start = starts[-1] if starts else 0
        if ranges and start <= ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], max(place, ranges[-1][1])
        else:
            ranges.append((start, place))
    return ranges


def _read_in_turn(
    path: Path, choose: Choose, size: tuple[int, int] | None, deadline: Deadline
) -> tuple[int, NDArray[np.uint8]]:
    """Count the frames that really come, choose among them and read up to the last."""
    length = probe(path, deadline).frames
    if length == 0:
        raise ClipError(f"{path}: no frame decodes; re-download the file or prepare the data set anew")
    pictures = _Pictures(path, checked(path, choose(length), length), size)
    with opened(path) as (container, stream):
        for number, frame in enumerate(container.decode(stream)):
            deadline.check()
            pictures.add(number, frame)
            if not pictures.missing:
                return length, pictures.array()
    raise ClipError(f"{path} gives another number of frames each time; re-download the file")


def converter(size: tuple[int, int] | None) -> Callable[[VideoFrame], NDArray[np.uint8]]:
    """Return a function from decoded frames to views (H, W, 3) of RGB pictures."""
    from av.video.reformatter import Interpolation, VideoReformatter

    scaler = VideoReformatter()
    height, width = size or (None, None)

    def convert(frame: VideoFrame) -> NDArray[np.uint8]:
        rgb = scaler.reformat(frame, width, height, "rgb24", interpolation=Interpolation.BICUBIC, threads=1)
        plane = rgb.planes[0]
        lines: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return lines[: rgb.height, : 3 * rgb.width].reshape(rgb.height, rgb.width, 3)

    return convert


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first video stream; whatever FFmpeg reports becomes a :class:`ClipError`."""
    import av

    try:
        with av.open(str(path), metadata_errors="replace") as container:  # a title need not be UTF-8
            if not container.streams.video:
                raise ClipError(f"{path} holds no video stream; expected a video file")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise ClipError(f"{path} holds video of a kind that FFmpeg does not know; re-download the file")
            stream.thread_type = "NONE"
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            yield container, stream
    except FileNotFoundError as error:
        raise ClipError(f"{path} does not exist; check the data folder") from error
    except (av.error.FFmpegError, OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ClipError(f"{path} cannot be decoded ({reason}); re-download the file") from error
