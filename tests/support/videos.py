"""Small videos and frame folders in the true formats, for the tests of the data."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PIL import Image

LABELS = ("Holding something", "Moving something left", "Tilting something, then letting it fall")


def draw(length: int, height: int = 48, width: int = 84, seed: int = 0) -> np.ndarray:
    """A bright square that wanders over a ramp, (T, H, W, 3)."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(20, 120, width)[None, :, None] + rng.uniform(-20, 20, 3) + np.zeros((height, 1, 1))
    frames = np.repeat(ramp[None], length, 0)
    top, left = rng.integers(0, height - 12), rng.integers(0, width - 12)
    for i, frame in enumerate(frames):
        at = (left + 2 * i) % (width - 12)
        frame[top : top + 12, at : at + 12] = rng.uniform(180, 250, 3)
    return frames.astype(np.uint8)


def own(root: Path, make: Callable[[Path], object] = Path.touch, **clips: int) -> None:
    """Make so many clips of two classes in each split's folder, as files without content unless ``make`` says else."""
    for split, many in clips.items():
        for number in range(many):
            path = root / split / "ab"[number % 2] / f"{split}{number}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            make(path)


def encode(path: Path, frames: np.ndarray, codec: str = "libvpx-vp9", rate: int = 12, **options: str) -> Path:
    """Write a video; keyword arguments are the encoder's options, ``_`` for ``-``."""
    fast = {"libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}, "libx264": {"preset": "veryfast"}}.get(codec, {})
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = fast | {name.replace("_", "-"): value for name, value in options.items()}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return path


def turn(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Write a display matrix into an mp4, as phones do: (p, q) is shown at (a p + c q, b p + d q)."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44  # the matrix of version 0
    content[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def remux(path: Path, target: Path, edit: Callable[[list[bytes]], list[bytes | None]], **options: str) -> Path:
    """Store the packets of a video anew; ``edit`` returns them changed, None for those to be left out."""
    with av.open(str(path)) as source, av.open(str(target), "w", options=options) as container:
        film = source.streams.video[0]
        stream = container.add_stream_from_template(film)
        packets = [packet for packet in source.demux(film) if packet.size > 0]
        for packet, content in zip(packets, edit([bytes(packet) for packet in packets]), strict=True):
            if content is not None:
                fresh = av.Packet(content)
                fresh.pts, fresh.dts, fresh.duration = packet.pts, packet.dts, packet.duration
                fresh.time_base, fresh.is_keyframe, fresh.stream = packet.time_base, packet.is_keyframe, stream
                container.mux(fresh)
    return target


def jpeg(picture: np.ndarray, quality: int = 90) -> bytes:
    """Encode (H, W, 3) as jpg."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def write_frames(folder: Path, frames: np.ndarray, name: str = "{:05d}.jpg") -> Path:
    """Write a folder of numbered jpg files, from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, frame in enumerate(frames, 1):
        (folder / name.format(i)).write_bytes(jpeg(frame))
    return folder


def decode_all(path: Path) -> np.ndarray:
    """Every frame of a video as PyAV gives it by default."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def make_ssv2(root: Path, train: int = 6, validation: int = 4, length: int = 20) -> Path:
    """Something-Something v2 in miniature, with VP9 videos."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "labels.json").write_text(json.dumps({name: str(i) for i, name in enumerate(LABELS)}))
    number = 0
    for split, count in (("train", train), ("validation", validation)):
        rows = []
        for i in range(count):
            number += 1
            encode(root / "videos" / f"{number}.webm", draw(length + i, seed=number))
            rows.append({"id": str(number), "template": LABELS[i % 3].replace("something", "[something]")})
        (root / f"{split}.json").write_text(json.dumps(rows))
    return root


def make_kinetics(root: Path, videos: int = 3, length: int = 40) -> Path:
    """Kinetics-400 in miniature: H.264 videos in folders named by label, one video of each list missing."""
    for split, name in (("train", "video"), ("val", "other")):
        rows = ["label,youtube_id,time_start,time_end,split"]
        for i in range(videos):
            label = ("abseiling", "zumba")[i % 2]
            clip = root / split / label / f"{name}{i:06d}_000001_000011.mp4"
            encode(clip, draw(length, seed=i), "libx264", 30, g="12")
            rows.append(f"{label},{name}{i:06d},1,11,{split}")
        rows.append(f"yoga,{'missing' if split == 'train' else 'absent'}00000,0,10,{split}")
        (root / f"{split}.csv").write_text("\n".join(rows) + "\n")
    return root
