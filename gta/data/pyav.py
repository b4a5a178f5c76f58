"""Chosen frames of a video file with PyAV: what is not needed for them is neither decoded nor converted.

The packets are read once; their time stamps say how many frames are shown and where each one stands, so that
groups of pictures without a chosen frame are left out, as are pictures that no other one refers to. The header's
number of frames is never believed.

The number of a frame does not depend on which others are asked for. Where packets tell (:func:`_numbered`), frames are
numbered by their time stamps, and one that does not decode is an error when it is asked for. Where they do not (AVI,
a film that does not begin with a key frame, damage that shows in the packets), the frames that a decoder gives for
the whole file are counted. A film that begins between two key frames so counts from where a picture can be shown;
where the decoder refuses such a beginning (VP8, VP9), the clip is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gta.data.container import check_moving, opened
from gta.data.deadline import ClipError, Deadline
from gta.data.orientation import converter

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

Choose = Callable[[int], Sequence[int] | NDArray[np.int64]]
"""From the number of frames of a clip to the numbers, from 0, of those that are wanted: any order, repeats allowed."""
_TIMED = ("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2")
"""Containers that store when a frame is shown; AVI does not."""
_ONE_EACH = ("h264", "hevc", "vp8", "libvpx", "vp9", "libvpx-vp9", "av1", "libdav1d", "libaom-av1", "mjpeg")
"""Decoders that give one frame for every packet."""


def count(path: Path, deadline: Deadline) -> int:
    """Return the number of frames, by walking through the packets without decoding them where they tell."""
    known = told(path)
    return _count_decoded(path, deadline) if known is None else known[1]


def told(path: Path) -> tuple[int, int] | None:
    """Return the film's place among the streams and its number of frames; None where packets do not tell it."""
    with opened(path) as (container, stream):
        numbered = _numbered(container, stream)
        return None if numbered is None else (stream.index, len(numbered.times))


def read(path: Path, choose: Choose, size: tuple[int, int] | None, deadline: Deadline) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of frames of a video and the chosen ones as RGB, (n, H, W, 3); ``size`` scales them."""
    with opened(path) as (container, stream):
        numbered = _numbered(container, stream)
        if numbered is not None:
            length = len(numbered.times)
            wanted = checked(path, choose(length), length)
            pictures = _Pictures(path, wanted, size)
            if _read_groups(stream, numbered, pictures, deadline):
                return length, pictures.array()
    if numbered is None:
        return _read_in_turn(path, choose, size, deadline)
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


@dataclass(frozen=True)
class _Numbered:
    """The packets of a film and the frames that they make, by time."""

    packets: list[Packet[VideoStream]]
    stamps: list[int]
    """When the frame of each packet is shown; (0, 1, ...) of what is not shown is never asked for."""
    times: list[int]
    """Of the shown frames, in their order."""


def _numbered(container: InputContainer, stream: VideoStream) -> _Numbered | None:
    """Read the packets and number their frames; None where only decoding tells which frames there are."""
    codec = stream.codec_context.name
    if container.format.name not in _TIMED or codec not in _ONE_EACH:
        return None
    packets, stamps, times = [], [], []
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        if packet.pts is None or packet.is_corrupt:
            return None
        packets.append(packet)
        stamps.append(packet.pts)
        if not packet.is_discard and not hidden(packet, codec):
            times.append(packet.pts)
    times.sort()
    whole = bool(times) and packets[0].is_keyframe and times[0] >= stamps[0] and len(set(stamps)) == len(stamps)
    return _Numbered(packets, stamps, times) if whole else None


def hidden(packet: Packet[VideoStream], codec: str) -> bool:
    """Return whether a frame serves others as a reference and is not shown; VP8, and VP9 at times, store such ones."""
    content = memoryview(packet)
    if codec in ("vp8", "libvpx"):
        return not content[0] & 0x10
    if codec in ("vp9", "libvpx-vp9"):
        alone = content[-1] & 0xE0 != 0xC0  # else it is packed with the frame that is shown
        return alone and content[0] & 0xF0 in (0x80, 0x90, 0xA0) and not content[0] & 0x0A  # nor an earlier one shown
    return False


def _read_groups(stream: VideoStream, numbered: _Numbered, pictures: _Pictures, deadline: Deadline) -> bool:
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


def _read_all_by_time(path: Path, numbered: _Numbered, pictures: _Pictures, deadline: Deadline) -> NDArray[np.uint8]:
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
    path: Path, choose: Choose, size: tuple[int, int] | None, deadline: Deadline
) -> tuple[int, NDArray[np.uint8]]:
    """Count the frames that really come, choose among them and read up to the last."""
    length = _count_decoded(path, deadline)
    pictures = _Pictures(path, checked(path, choose(length), length), size)
    with opened(path) as (container, stream):
        for number, frame in enumerate(container.decode(stream)):
            deadline.check()
            pictures.add(number, frame)
            if not pictures.missing:
                return length, pictures.array()
    raise ClipError(f"{path} gives another number of frames each time; re-download the file")


def _count_decoded(path: Path, deadline: Deadline) -> int:
    """Return how many frames come when everything is decoded.

    Raises:
        ClipError: none, or the only one of a picture format.
    """
    frames = 0
    with opened(path) as (container, stream):
        for _ in container.decode(stream):
            deadline.check()
            frames += 1
        check_moving(path, container, frames)
    if frames == 0:
        raise ClipError(f"{path}: no frame decodes; re-download the file or prepare the data set anew")
    return frames
