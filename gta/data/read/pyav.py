"""Chosen frames of a video file with PyAV: what is not needed for them is neither decoded nor converted.

The packets are read once; their time stamps say how many frames are shown and where each one stands, so that
groups of pictures without a chosen frame are left out, as are pictures that no other one refers to. The header's
number of frames is never believed.

The number of a frame does not depend on which others are asked for. Where packets tell
(:mod:`gta.data.read.numbering`), frames are numbered by their time stamps, and one that does not decode is an error
when it is asked for. Elsewhere the frames that a decoder gives for the whole file are counted. A film that begins
between two key frames so counts from where a picture can be shown; where the decoder refuses such a beginning (VP8,
VP9), the clip is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gta.data.read.container import check_moving, opened
from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.numbering import Numbered, numbered_by_time
from gta.data.read.orientation import converter

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.stream import VideoStream

Choose = Callable[[int], Sequence[int] | NDArray[np.int64]]
"""From the number of frames of a clip to the numbers, from 0, of those that are wanted: any order, repeats allowed."""


def count(path: Path, deadline: Deadline) -> int:
    """Return the number of frames, by walking through the packets without decoding them where they tell."""
    known = told(path)
    return _count_decoded(path, deadline) if known is None else len(known[1])


def told(path: Path) -> tuple[int, list[float]] | None:
    """Return the film's place among the streams and the seconds at which its frames are shown; None: decoding tells.

    Raises:
        ClipError: the file is missing or no film.
    """
    with opened(path) as (container, stream):
        numbered, _ = numbered_by_time(container, stream)
        if numbered is None or stream.time_base is None:
            return None
        return stream.index, [float(time * stream.time_base) for time in numbered.times]


def read(path: Path, choose: Choose, size: tuple[int, int] | None, deadline: Deadline) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of frames of a video and the chosen ones as RGB, (n, H, W, 3); ``size`` scales them."""
    with opened(path) as (container, stream):
        numbered, stored = numbered_by_time(container, stream)
        if numbered is not None:
            length = len(numbered.times)
            wanted = checked(path, choose(length), length)
            pictures = _Pictures(path, wanted, size)
            if _read_groups(stream, numbered, pictures, deadline):
                return length, pictures.array()
    if numbered is None:
        return _read_in_turn(path, choose, size, deadline, stored)
    return length, _read_all_by_time(path, numbered, _Pictures(path, wanted, size), deadline)


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


def _read_groups(stream: VideoStream, numbered: Numbered, pictures: _Pictures, deadline: Deadline) -> bool:
    """Decode what the chosen frames need; False when they do not come as the time stamps say."""
    from av.error import FFmpegError

    packets, stamps, times = numbered.packets, numbered.stamps, numbered.times
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
                    if frame.is_corrupt:
                        return False  # what stands in for the damage depends on the frames before
                    pictures.add(number_at.get(frame.pts, -1), frame)
            for frame in codec.decode(None):
                pictures.add(number_at.get(frame.pts, -1), frame)
    except FFmpegError:
        return False  # whether the file is to blame shows when it is read from its beginning
    return not pictures.missing


def _read_all_by_time(path: Path, numbered: Numbered, pictures: _Pictures, deadline: Deadline) -> NDArray[np.uint8]:
    """Decode from the beginning up to the last chosen frame.

    Raises:
        ClipError: one of them does not come.
    """
    number_at: dict[int | None, int] = {time: number for number, time in enumerate(numbered.times)}
    with opened(path) as (container, stream):
        for frame in container.decode(stream):
            deadline.check()
            pictures.add(number_at.get(frame.pts, -1), frame)
            if not pictures.missing:
                return pictures.array()
    raise ClipError(
        f"{path}: frame {min(pictures.missing)} of {len(numbered.times)} (from 0) does not decode; re-download the file"
    )


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
    path: Path, choose: Choose, size: tuple[int, int] | None, deadline: Deadline, length: int
) -> tuple[int, NDArray[np.uint8]]:
    """Decode all frames and keep the chosen ones.

    Args:
        path: the file.
        choose: see :func:`read`.
        size: see :func:`read`.
        deadline: when to give up.
        length: how many frames may come. When others come, all is decoded once more.

    Raises:
        ClipError: no frame comes, or another number each time.
    """
    pictures = None
    with suppress(ClipError):  # too short; that is an error when this number of frames has come
        pictures = _Pictures(path, checked(path, choose(length), length), size) if length > 0 else None
    came = _count_decoded(path, deadline, pictures)
    if came != length or pictures is None:
        length, pictures = came, _Pictures(path, checked(path, choose(came), came), size)
        came = _count_decoded(path, deadline, pictures)
    if came == length:
        return length, pictures.array()
    raise ClipError(f"{path} gives another number of frames each time; re-download the file")


def _count_decoded(path: Path, deadline: Deadline, pictures: _Pictures | None = None) -> int:
    """Return how many frames come when everything is decoded; ``pictures`` takes those that it wants.

    Raises:
        ClipError: none, or the only one of a picture format.
    """
    frames = 0
    with opened(path) as (container, stream):
        for frame in container.decode(stream):
            deadline.check()
            if pictures is not None:
                pictures.add(frames, frame)
            frames += 1
        check_moving(path, container, frames)
    if frames == 0:
        raise ClipError(f"{path}: no frame decodes; re-download the file or prepare the data set anew")
    return frames
