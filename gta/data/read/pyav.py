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

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from gta.data.read.container import check_moving, opened
from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.numbering import Numbered, numbered_by_time
from gta.data.read.orientation import converter
from gta.data.read.video import Indices, Recounted, Video, check_indices

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.stream import VideoStream


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


@contextmanager
def open_video(path: Path, size: tuple[int, int] | None, deadline: Deadline) -> Iterator[Video]:
    """Open a video file; its frames come at ``size`` (height, width) as shown, or at their own where it is None.

    Raises:
        ClipError: the file is missing, corrupt or no film.
    """
    with opened(path) as (container, stream):
        numbered, stored = numbered_by_time(container, stream)
        if numbered is not None:
            yield _ByTime(path, size, deadline, stream, numbered)
            return
    yield _InTurn(path, size, deadline, stored)


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


class _ByTime:
    """A video whose packets tell when each frame is shown: only what the chosen frames need is decoded."""

    def __init__(
        self, path: Path, size: tuple[int, int] | None, deadline: Deadline, stream: VideoStream, numbered: Numbered
    ) -> None:
        self.length = len(numbered.times)
        self._path, self._size, self._deadline = path, size, deadline
        self._stream, self._numbered = stream, numbered
        self._number_at: dict[int | None, int] = {time: number for number, time in enumerate(numbered.times)}

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """Return the chosen frames, (n, H, W, 3)."""
        wanted = check_indices(self._path, indices, self.length)
        pictures = _Pictures(self._path, wanted, self._size)
        if not self._decode_groups(pictures):
            pictures = _Pictures(self._path, wanted, self._size)
            self._decode_from_start(pictures)
        return pictures.array()

    def _decode_groups(self, pictures: _Pictures) -> bool:
        """Decode the groups of the chosen frames; False when the frames do not come as the time stamps say."""
        packets, stamps, times = self._numbered.packets, self._numbered.stamps, self._numbered.times
        place = {time: i for i, time in enumerate(stamps)}
        keys = [i for i, packet in enumerate(packets) if packet.is_keyframe]
        codec = self._stream.codec_context
        spares = codec.name == "h264"  # what it marks as not referred to can be left out without a trace
        chosen = set(pictures.missing)
        try:
            for first, last in _ranges(stamps, keys, [place[times[number]] for number in chosen]):
                if codec.is_open:  # a group begins without the pictures of the one before
                    codec.flush_buffers()
                for packet in packets[first : last + 1]:
                    self._deadline.check()
                    if spares:
                        codec.skip_frame = "DEFAULT" if self._number_at.get(packet.pts, -1) in chosen else "NONREF"
                    for frame in codec.decode(packet):
                        if frame.is_corrupt:
                            return False  # what stands in for the damage depends on the frames before
                        pictures.add(self._number_at.get(frame.pts, -1), frame)
                for frame in codec.decode(None):
                    pictures.add(self._number_at.get(frame.pts, -1), frame)
        except FFmpegError:
            return False  # whether the file is to blame shows when it is read from its beginning
        return not pictures.missing

    def _decode_from_start(self, pictures: _Pictures) -> None:
        """Decode all frames up to the last chosen one.

        Raises:
            ClipError: one of the chosen frames does not come.
        """
        with opened(self._path) as (container, stream):
            for frame in container.decode(stream):
                self._deadline.check()
                pictures.add(self._number_at.get(frame.pts, -1), frame)
                if not pictures.missing:
                    return
        raise ClipError(
            f"{self._path}: frame {min(pictures.missing)} of {self.length} (from 0) does not decode; "
            "re-download the file"
        )


class _InTurn:
    """A video whose packets do not tell its frames: all of it is decoded, and frames are numbered as they come.

    Packets still say how many frames may come. That is the length until a decode has counted them, so that a file
    which keeps its promise is decoded once.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None, deadline: Deadline, promised: int) -> None:
        self._path, self._size, self._deadline = path, size, deadline
        self._counted = promised == 0
        self.length = promised or _count_decoded(path, deadline)

    def take(self, indices: Indices) -> NDArray[np.uint8]:
        """Return the chosen frames, (n, H, W, 3).

        Raises:
            ClipError: the file gives another number of frames each time.
            Recounted: it gives another number of frames than its packets promised.
        """
        pictures = self._pictures(indices)
        came = _count_decoded(self._path, self._deadline, pictures)
        if came == self.length and pictures is not None:
            return pictures.array()
        if self._counted:
            raise ClipError(f"{self._path} gives another number of frames each time; re-download the file")
        self.length, self._counted = came, True
        raise Recounted

    def _pictures(self, indices: Indices) -> _Pictures | None:
        try:
            return _Pictures(self._path, check_indices(self._path, indices, self.length), self._size)
        except ClipError:
            if self._counted:
                raise
            return None  # more frames may come than were promised


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
