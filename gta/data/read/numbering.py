"""Number the frames of a video by what its packets say, without decoding any.

Packets tell in containers that store when a frame is shown, for decoders that give one frame for each, in a film that
begins with a key frame and lacks nothing that can be seen so: no packet is marked as damaged, none has the time of
another or one at which the decoder cannot show it, none is lost between its neighbours, and no time is left out.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

_TIMED = ("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2")
"""Containers that store when a frame is shown; AVI does not."""
_ONE_EACH = ("h264", "vp8", "libvpx", "vp9", "libvpx-vp9", "av1", "libdav1d", "libaom-av1", "mjpeg")
"""Decoders that give a frame or an error for every packet; that of HEVC leaves out in silence what refers to damage."""

_HIDING = ("vp8", "libvpx", "vp9", "libvpx-vp9")
"""Decoders of formats that store frames that are not shown."""
_BETWEEN = 100
"""Bytes that the heads of blocks and clusters take at most."""


@dataclass(frozen=True)
class Numbered:
    """The packets of a film and the frames that they make, by time."""

    packets: list[Packet[VideoStream]]
    stamps: list[int]
    """The time of each packet, in the order of storage, in units of the stream."""
    times: list[int]
    """When each frame is shown: its place here is its number."""


def numbered_by_time(container: InputContainer, stream: VideoStream) -> tuple[Numbered | None, int]:
    """Read the packets and number their frames.

    Returns:
        The numbered frames, or None where only decoding tells which there are; and how many packets show one.
    """
    codec = stream.codec_context.name
    alone = len(container.streams) == 1 or not is_matroska(container)
    every: Any = container.demux(stream) if alone else container.demux()  # the others too, to see what lies between
    stored: list[Packet[VideoStream]] = [packet for packet in every if packet.size > 0]
    packets = stored if alone else [packet for packet in stored if packet.stream_index == stream.index]
    stamps = [packet.pts for packet in packets if packet.pts is not None]
    visible = [not packet.is_discard for packet in packets]
    if codec in _HIDING:
        visible = [seen and not hidden(packet, codec) for seen, packet in zip(visible, packets, strict=True)]
    sure = container.format.name in _TIMED and codec in _ONE_EACH and len(set(stamps)) == len(packets) > 0
    if sure and packets[0].is_keyframe and not any(packet.is_corrupt for packet in packets):
        times = sorted(time for time, seen in zip(stamps, visible, strict=True) if seen)
        whole = bool(times) and times[0] >= stamps[0] and not _gap(times)
        if (
            whole
            and _overtaken(stamps) <= stream.codec_context.reorder_depth
            and not lost(container, [(packet.pos, packet.size) for packet in stored])
        ):
            return Numbered(packets, stamps, times), len(times)
    return None, sum(visible)


def _gap(times: list[int]) -> bool:
    """Return whether a frame seems to be missing from an otherwise regular film; others may then not decode."""
    steps = [after - before for before, after in pairwise(times)]
    usual = sorted(steps)[len(steps) // 2] if steps else 0
    if max(steps, default=0) <= 1.5 * usual:
        return False
    return sum(abs(step - usual) <= max(1, usual // 20) for step in steps) > len(steps) // 2


def _overtaken(stamps: list[int]) -> int:
    """Return the most packets that are stored before another one and shown after it."""
    most, before = 0, list[int]()
    for stamp in stamps:
        if before and stamp < before[-1]:
            most = max(most, len(before) - bisect(before, stamp))
        insort(before, stamp)
    return most


def hidden(packet: Packet[VideoStream], codec: str) -> bool:
    """Return whether a frame serves others as a reference and is not shown; VP8, and VP9 at times, store such ones."""
    if codec not in _HIDING:
        return False
    content = memoryview(packet)
    head = content[0]
    if codec in _HIDING[:2]:
        return not head & 0x10
    shown = head & 0x0A or head & 0xF0 not in (0x80, 0x90, 0xA0)  # itself, or an earlier one
    return not shown and content[-1] & 0xE0 != 0xC0  # else it is packed with the frame that is shown


def lost(container: InputContainer, places: Sequence[tuple[int | None, int]]) -> int:
    """Return how many bytes of a Matroska file lie between packets and belong to none: blocks were lost there.

    In other containers packets may lie in any order, and nothing can be seen.

    Args:
        container: the file.
        places: position and size of every packet of all streams, in the order of storage.
    """
    if not is_matroska(container):
        return 0
    known = [(place, place + size) for place, size in places if place is not None]
    ends = accumulate((end for _, end in known), max)
    return sum(place - end for (place, _), end in zip(known[1:], ends, strict=False) if place - end > _BETWEEN)


def is_matroska(container: InputContainer) -> bool:
    """Return whether it is a Matroska file (WebM is one)."""
    return container.format.name == _TIMED[0]
