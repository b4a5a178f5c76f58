"""Decode all of a video and say what it holds, and where it falls short of what it says of itself.

Players and readers get over damage in silence: a container goes on behind a hole, a decoder paints over what it has
lost. A film that decodes can therefore be cut or have holes; what points to it is reported with its figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gta.data.read.container import check_moving, opened
from gta.data.read.deadline import ClipError, Deadline
from gta.data.read.numbering import hidden, is_matroska, lost
from gta.data.read.orientation import Turns

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

_ENDS_EARLY = 0.02
"""Largest part of the stated duration that may be missing at the end; two frames may in any case."""
_TOO_FEW = 0.1
"""Largest part of the frames that duration and rate make which may not come: rates vary."""
_KEPT = 3
"""Messages of FFmpeg that are quoted."""


@dataclass(frozen=True)
class Probe:
    """What a clip turned out to hold when all of it was decoded."""

    frames: int
    height: int
    """As shown, in pixels."""
    width: int
    rate: float | None
    """Frames a second as the header says; None for a folder of frames."""
    doubts: tuple[str, ...] = ()
    """What points to damage although every frame that was counted can be read; one clause each."""


@dataclass
class _Tally:
    """What passed by."""

    frames: int = 0
    packets: int = 0
    hidden: int = 0
    """Packets that an edit list leaves out, or whose frames are not shown."""
    corrupt: int = 0
    """Frames that the decoder marks as damaged."""
    end: float = 0.0
    """When the last frame or sound ends, in seconds from the beginning of the file."""
    key_first: bool = True


def probe(path: Path, deadline: Deadline) -> Probe:
    """Decode everything, convert nothing.

    Raises:
        ClipError: the file cannot be decoded to its end, or its frames are not all of one size.
    """
    tally, turns = _Tally(), Turns()
    sizes: list[tuple[int, int]] = []
    with _errors() as errors, opened(path) as (container, stream):
        stated = stream.average_rate or stream.guessed_rate
        rate = None if stated is None else float(stated)
        places: list[tuple[int | None, int]] = []
        period = 1 / rate if rate else 0.0
        for packet in cast("Iterator[Packet[VideoStream]]", container.demux()):
            deadline.check()
            if packet.size > 0:
                places.append((packet.pos, packet.size))
            if packet.size > 0 and packet.pts is not None and packet.time_base:
                length = float((packet.duration or 0) * packet.time_base)
                tally.end = max(tally.end, float(packet.pts * packet.time_base) + (length or period))
            if packet.stream_index != stream.index:
                continue
            if packet.size > 0:
                tally.key_first = tally.key_first and (tally.packets > 0 or packet.is_keyframe)
                tally.packets += 1
                tally.hidden += packet.is_discard or hidden(packet, stream.codec_context.name)
            for frame in stream.codec_context.decode(packet):
                tally.frames += 1
                tally.corrupt += frame.is_corrupt
                size = turns.shown_size(frame)
                if not sizes or sizes[-1] != size:
                    sizes.append(size)
        check_moving(path, container, tally.frames)
        doubts = [*_doubts(container, stream, tally), *_short(container, rate, tally)]
        hole = lost(container, places)
        doubts += [f"{hole} bytes between its packets belong to none"] * bool(hole)
        doubts += _quoted(errors)
    if len(sizes) > 1:
        (height, width), (other, wide) = sizes[:2]
        raise ClipError(f"{path} changes its size from {height}x{width} to {other}x{wide}; re-download the file")
    height, width = sizes[0] if sizes else (0, 0)
    return Probe(tally.frames, height, width, rate, tuple(doubts))


def _doubts(container: InputContainer, stream: VideoStream, tally: _Tally) -> Iterator[str]:
    if not tally.key_first:
        yield "its first packet is not a key frame, so frames at its beginning may be missing"
    stored = tally.packets - tally.hidden
    if tally.frames < stored:
        yield f"{tally.frames} of {stored} stored frames decode"
    indexed = len(stream.index_entries) if container.format.name.startswith("mov") else stream.frames
    if tally.packets < indexed:
        yield f"its index lists {indexed} frames, {tally.packets} are there"
    if tally.corrupt:
        yield f"the decoder marks {tally.corrupt} of {tally.frames} frames as damaged"


def _short(container: InputContainer, rate: float | None, tally: _Tally) -> Iterator[str]:
    """Compare what came with the duration of the header."""
    if container.duration is None or not rate:
        return
    duration = container.duration / 1e6
    start = max((container.start_time or 0) / 1e6, 0.0)
    ends = tally.end - (0.0 if is_matroska(container) else start)
    if duration - ends > max(2 / rate, _ENDS_EARLY * duration):
        yield f"it ends after {ends:.2f} s, its header says {duration:.2f} s"
    expected = (tally.end - start) * rate  # of what came, so that a cut is not reported twice
    if len(container.streams) == 1 and expected - tally.frames > max(2.0, _TOO_FEW * expected):
        yield f"{tally.frames} frames come in {tally.end - start:.2f} s, {rate:.4g} a second make {expected:.0f}"


def _quoted(errors: list[tuple[int, str, str]]) -> Iterator[str]:
    if errors:
        texts = dict.fromkeys(f"{name}: {' '.join(text.split())}" for _, name, text in errors)
        yield f"FFmpeg reports {len(errors)} error{'s' * (len(errors) > 1)}: {'; '.join(list(texts)[:_KEPT])}"


@contextmanager
def _errors() -> Iterator[list[tuple[int, str, str]]]:
    """Collect what FFmpeg logs as an error in this thread; what it gets over is told nowhere else."""
    from av import logging

    level, skips = logging.get_level(), logging.get_skip_repeated()
    logging.set_level(logging.ERROR)
    logging.set_skip_repeated(False)
    try:
        with logging.Capture(local=True) as errors:
            yield errors
    finally:
        logging.set_level(level)
        logging.set_skip_repeated(skips)
