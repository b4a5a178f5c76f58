"""Reading eight uniform frames of a video: ``gta.data.decode`` against decoding everything as PyAV does by default.

``python -m benchmarks.loading [--out FILE.md]`` makes VP9 and H.264 clips of 320x240 (2 to 4 s, ordinary groups of
pictures) in a temporary folder, reads each in turn by both ways, checks that the pixels are identical, and prints
the median number of clips a second.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gta.config import DrawingConfig
from gta.data.decode import count_frames, read_frames
from gta.data.drawing import draw_clip
from gta.data.sampling import segment_indices
from gta.data.templates import TEMPLATES
from gta.files import write_text

Reader = Callable[[Path], NDArray[np.uint8]]
_FRAMES = 8
_CODECS = {"vp9": ("libvpx-vp9", "webm"), "h264": ("libx264", "mp4")}


def decode_chosen(path: Path) -> NDArray[np.uint8]:
    """Read eight frames as the data module does."""
    return read_frames(path, segment_indices(count_frames(path), _FRAMES))


def decode_all(path: Path) -> NDArray[np.uint8]:
    """Read eight frames the plain way: decode and convert every frame with PyAV's defaults, then pick."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack([frames[i] for i in segment_indices(len(frames), _FRAMES)])


READERS: dict[str, Reader] = {"gta.data.decode": decode_chosen, "decode all, defaults": decode_all}


def make_clips(folder: Path, codec: str, clips: int) -> list[Path]:
    """Write drawn clips of 320x240, 12 frames a second, 2 to 4 s."""
    encoder, suffix = _CODECS[codec]
    paths = []
    for i in range(clips):
        # This much noise gives VP9 files of 2 KB a frame, the mean of Something-Something v2 (19 GB, 220,847 clips).
        drawing = replace(DrawingConfig(), source_frames=int(np.linspace(24, 48, clips)[i]), side=240, noise=6.0)
        square = draw_clip(drawing, "train", TEMPLATES[(5 * i) % len(TEMPLATES)], i)
        frames = np.pad(square, ((0, 0), (0, 0), (40, 40), (0, 0)), mode="reflect")
        path = folder / f"{i}.{suffix}"
        with av.open(str(path), "w") as container:
            stream = cast(VideoStream, container.add_stream(encoder, rate=12))
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = "yuv420p"
            if codec == "vp9":
                stream.options = {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "0"}
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
            container.mux(stream.encode())
        paths.append(path)
    return paths


def measure(paths: Sequence[Path], repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Return for each reader and repeat the seconds a clip, (wall, processor); readers take turns in a repeat.

    The wall time is what a user waits; the processor time is what loader processes on every core would feel, and is
    steadier on a machine that has other work. The default conversion wakes a pool of threads for every frame: what
    that costs shows in the wall time and depends on the machine.

    Raises:
        AssertionError: the readers disagree on a pixel.
    """
    for path in paths:
        pictures = [read(path) for read in READERS.values()]
        if any(not np.array_equal(pictures[0], other) for other in pictures[1:]):
            raise AssertionError(f"the readers give different pixels for {path.name}")
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in READERS}
    for _ in range(repeats):
        for name, read in READERS.items():
            wall, processor = time.perf_counter(), time.process_time()
            for path in paths:
                read(path)
            spent = time.perf_counter() - wall, time.process_time() - processor
            seconds[name].append((spent[0] / len(paths), spent[1] / len(paths)))
    return seconds


def table(clips: int, repeats: int) -> str:
    """Measure both codecs and return a markdown table."""
    lines = [
        f"| codec | seconds | {' | '.join(f'{name}, clips/s' for name in READERS)} | ratio | spread of the ratio |",
        "|" + "---|" * (len(READERS) + 4),
    ]
    for codec in _CODECS:
        with tempfile.TemporaryDirectory() as folder:
            seconds = measure(make_clips(Path(folder), codec, clips), repeats)
        for i, kind in enumerate(("wall", "processor")):
            ours, plain = ([pair[i] for pair in seconds[name]] for name in READERS)
            ratios = [b / a for a, b in zip(ours, plain, strict=True)]
            rates = " | ".join(f"{1 / statistics.median(values):.1f}" for values in (ours, plain))
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            lines.append(f"| {codec} | {kind} | {rates} | {statistics.median(ratios):.2f} | {spread} |")
    note = (
        f"{_FRAMES} uniform frames of {clips} clips of 320x240, 24 to 48 frames; medians of {repeats} interleaved "
        f"repeats; identical pixels; PyAV {av.__version__}."
    )
    return "\n".join([*lines, "", note]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    parser.add_argument("--out", type=Path, default=None, metavar="FILE.md", help="also write the table to this file")
    parser.add_argument("--clips", type=int, default=6, help="clips of each codec (default: 6)")
    parser.add_argument("--repeats", type=int, default=7, help="repeats (default: 7)")
    options = parser.parse_args(arguments)
    result = table(options.clips, options.repeats)
    print(result, end="")
    if options.out is not None:
        write_text(options.out, result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
