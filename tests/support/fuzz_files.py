"""Mutated files through the readers.

``python -m tests.support.fuzz_files FOLDER FIRST LAST`` prints a json line for each.

Run as a process of its own by ``test_fuzz.py``, so that a crash of the interpreter is seen and named.
"""

from __future__ import annotations

import faulthandler
import json
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from gta.data.read.reader import Reader, probe
from gta.data.read.video import Video
from gta.data.sets.formats import detect, read_split
from gta.errors import UserError
from tests.support import videos

TIMEOUT = 5.0
TEXTS = (b'"', b"\n", b";", b"[" * 2000, b"\xff\xfe", b"\0", b"../", b",,,", b"1e999", b"{}", b"\xed\xa0\x80")


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file as disks and networks do: flipped bytes, cut ends, holes, repeats, zeros, stray text."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        size = max(len(data), 1)
        at, length = int(rng.integers(size)), int(rng.integers(1, max(2, size // 8)))
        match int(rng.integers(8)):
            case 0 | 1:  # single bytes
                for place in rng.integers(0, size, int(rng.integers(1, 9))):
                    data[place : place + 1] = bytes([int(rng.integers(256))])
            case 2:
                del data[at:]
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length]
            case 5:
                data[at : at + length] = bytes(min(length, size - at))
            case 6:
                data[at : at + length] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
            case _:
                text = (
                    b'"',
                    b"\n",
                    b";",
                    b"[" * 2000,
                    b"\xff\xfe",
                    b"\0",
                    b"../",
                    b",,,",
                    b"1e999",
                    b"{}",
                    b"\xed\xa0\x80",
                )
                data[at:at] = text[int(rng.integers(len(text)))]
    return bytes(data)


def reference_count(path: Path) -> int | None:
    """Return how many frames PyAV's plain loop decodes; None when it stops with an error."""
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            stream = container.streams.video[0]
            if stream.codec_context is None:
                return None
            stream.thread_type = "NONE"
            return sum(1 for _ in container.decode(stream))
    except (av.error.FFmpegError, IndexError, OSError):
        return None


def everything(video: Video) -> tuple[int, NDArray[np.uint8]]:
    """Return the length and every frame."""
    return video.length, video.take(range(video.length))


def one_video(path: Path) -> str:
    """Read every frame of a damaged video and compare the number with the reference."""
    expected = reference_count(path)
    reader = Reader(timeout=TIMEOUT)
    with suppress(UserError):
        counted = probe(path, TIMEOUT).frames
        if expected is not None and counted != expected:
            return f"counts {counted} frames, a plain loop decodes {expected}"
    try:
        length, frames = reader.read(path, everything, (8, 8))
    except UserError:
        return ""
    if len(frames) != length or length != expected:
        return f"says {length} frames and gives {len(frames)}, a plain loop decodes {expected}"
    return ""


def one_frame_folder(path: Path) -> str:
    """Read a folder with a damaged frame: all of its frames, or an error."""
    try:
        length, frames = Reader(timeout=TIMEOUT).read(path, everything)
    except UserError:
        return ""
    files = len(list(path.glob("*.jpg")))
    return "" if length == len(frames) == files else f"says {length} frames of {files}, gives {len(frames)}"


def one_list(root: Path) -> str:
    """Read a data set with a damaged list: every clip has a path and a label that exists, or an error."""
    try:
        for name in detect(root).splits(root):
            split = read_split(root, name)
            ids = [clip.id for clip in split.clips]
            if len(set(ids)) != len(ids) or list(split.labels) != sorted(set(split.labels)):
                return "repeats clips or labels"
            if any(clip.label is not None and split.labels[clip.label] != clip.template for clip in split.clips):
                return "labels and templates differ"
    except UserError as error:
        return "an error of several lines" if "\n" in str(error) else ""
    return ""


def sources(folder: Path) -> list[tuple[Path, Path, Callable[[Path], str]]]:
    """Make the whole files; returns (file to damage, what is copied, what is done with the copy)."""
    frames = videos.draw(8, 24, 32)
    found: list[tuple[Path, Path, Callable[[Path], str]]] = []
    for name, codec, options in (
        ("a.webm", "libvpx-vp9", {"g": "4"}),
        ("b.mp4", "libx264", {"g": "4"}),
        ("c.webm", "libvpx", {}),
        ("d.mkv", "libx264", {"bf": "2"}),
        ("e.avi", "mpeg4", {}),
    ):
        path = videos.encode(folder / name, frames, codec, **options)
        found.append((path, path, one_video))
    clip = videos.write_frames(folder / "frames", frames[:3])
    found += [(clip / f"0000{i}.jpg", clip, one_frame_folder) for i in (1, 2, 3)]
    ssv2 = folder / "ssv2"
    (ssv2 / "videos").mkdir(parents=True)
    (ssv2 / "labels.json").write_text(json.dumps({name: str(i) for i, name in enumerate(videos.LABELS)}))
    (ssv2 / "train.json").write_text(json.dumps([{"id": str(i), "template": videos.LABELS[i % 3]} for i in range(9)]))
    (ssv2 / "test.json").write_text(json.dumps([{"id": str(i)} for i in range(3)]))
    (ssv2 / "test-answers.csv").write_text("".join(f"{i};{videos.LABELS[i]}\n" for i in range(3)))
    ssv1 = folder / "ssv1"
    ssv1.mkdir()
    prefix = "something-something-v1-"
    (ssv1 / f"{prefix}labels.csv").write_text("\n".join(videos.LABELS))
    (ssv1 / f"{prefix}train.csv").write_text("".join(f'{i};"{videos.LABELS[i % 3]}"\r\n' for i in range(9)))
    kinetics = folder / "k400"
    kinetics.mkdir()
    (kinetics / "train.csv").write_text(
        "label,youtube_id,time_start,time_end,split\n"
        + "".join(f'"a, {i % 3}",id_{i},{i},{i + 10},train\n' for i in range(9))
    )
    listed = folder / "listed"
    listed.mkdir()
    (listed / "train.csv").write_text("".join(f"{i}.mp4 {i % 3}\n" for i in range(9)))
    for i in range(9):
        (ssv2 / "videos" / f"{i}.webm").touch()
        (ssv1 / str(i)).mkdir()
        (kinetics / f"id_{i}_{i:06d}_{i + 10:06d}.mp4").touch()
        (listed / f"{i}.mp4").touch()
    lists = [ssv2 / n for n in ("labels.json", "train.json", "test.json", "test-answers.csv")]
    lists += [ssv1 / f"{prefix}labels.csv", ssv1 / f"{prefix}train.csv", kinetics / "train.csv", listed / "train.csv"]
    return found + [(path, path.parent, one_list) for path in lists]


def main(folder: Path, first: int, last: int) -> None:
    """Damage the files number ``first`` to ``last - 1`` and print what came of each."""
    faulthandler.enable()
    av.logging.set_level(None)
    whole = sources(folder / "whole")
    for number in range(first, last):
        file, kept, look = whole[number % len(whole)]
        copy = folder / f"{number}{kept.suffix}"
        print(json.dumps({"number": number, "file": file.name}), flush=True)
        content = mutate(file.read_bytes(), np.random.default_rng(number))
        if kept.is_dir():
            shutil.copytree(kept, copy)
            (copy / file.name).write_bytes(content)
        else:
            copy.write_bytes(content)
        began = time.monotonic()
        wrong = look(copy)
        print(json.dumps({"number": number, "wrong": wrong, "seconds": time.monotonic() - began}), flush=True)
        shutil.rmtree(copy) if copy.is_dir() else copy.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
