"""The readers that ``benchmarks.loading`` compares: each returns eight frames of a clip, (8, H, W, 3) RGB."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from gta.data.frames import segment_indices
from gta.data.read.jpeg import frame_files
from gta.data.read.reader import Reader as ClipReader
from gta.data.transforms import scale
from gta.errors import UserError

Reader = Callable[[Path], NDArray[np.uint8]]
FRAMES = 8
OURS = "gta.data"
SIZE = (240, 320)
"""To which jpg frames are scaled, as the recipe of Something-Something does."""
PLAIN = {
    "vp9": "The line `no conversion` is the floor: decoding up to the last chosen frame and converting none. All "
    "frames of these clips depend on one key frame, so no reader of exact pixels can be faster than FFmpeg's decoder.",
    "h264": "Faster than the floor of `no conversion`, because pictures that no other one refers to are not decoded.",
}


def ours(path: Path) -> NDArray[np.uint8]:
    """As the data module reads a video."""
    return ClipReader().read(path, lambda video: video.take(segment_indices(video.length, FRAMES)))


def plain_pyav(path: Path) -> NDArray[np.uint8]:
    """Decode and convert every frame with PyAV's defaults, then pick."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack([frames[i] for i in segment_indices(len(frames), FRAMES)])


def no_conversion(path: Path) -> NDArray[np.uint8]:
    """Decode up to the last chosen frame, convert nothing; gives no pixels."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        last = int(segment_indices(sum(packet.size > 0 for packet in container.demux(stream)), FRAMES)[-1])
        container.seek(0)
        for number, _ in enumerate(container.decode(stream)):
            if number == last:
                break
    return np.array(0, np.uint8)


def torchcodec(path: Path) -> NDArray[np.uint8]:
    """Its exact seeking with one thread."""
    from torchcodec.decoders import VideoDecoder  # type: ignore[attr-defined, unused-ignore]

    decoder = VideoDecoder(str(path), seek_mode="exact", num_ffmpeg_threads=1, dimension_order="NHWC")
    frames = decoder.get_frames_at(segment_indices(len(decoder), FRAMES).tolist()).data
    return np.asarray(frames.numpy(), np.uint8)


def decord(path: Path) -> NDArray[np.uint8]:
    """One thread."""
    from decord import VideoReader

    video = VideoReader(str(path), num_threads=1)
    return np.asarray(video.get_batch(segment_indices(len(video), FRAMES).tolist()).asnumpy(), np.uint8)


def opencv(path: Path) -> NDArray[np.uint8]:
    """Grab every frame, retrieve the chosen; the number of frames is the header's."""
    import cv2

    cv2.setNumThreads(1)
    video = cv2.VideoCapture(str(path))
    wanted = set(segment_indices(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), FRAMES).tolist())
    frames = []
    for number in range(max(wanted) + 1):
        video.grab()
        if number in wanted:
            frames.append(cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB))
    return np.stack(frames).astype(np.uint8, copy=False)


def pytorchvideo(path: Path) -> NDArray[np.uint8]:
    """Its encoded video, cut by its uniform clip sampler into one clip of the whole length."""
    from pytorchvideo.data.clip_sampling import UniformClipSampler
    from pytorchvideo.data.encoded_video_pyav import EncodedVideoPyAV

    with path.open("rb") as stream:
        video = EncodedVideoPyAV(stream, path.name, decode_audio=False)
        chosen = UniformClipSampler(video.duration)(0.0, video.duration, None)
        clip = video.get_clip(chosen.clip_start_sec, float(chosen.clip_end_sec) + 1)["video"]
        video.close()
    at = segment_indices(clip.shape[1], FRAMES)
    return np.asarray(clip[:, at.tolist()].permute(1, 2, 3, 0).byte().numpy(), np.uint8)


def our_frames(path: Path) -> NDArray[np.uint8]:
    """As the data module reads a folder of frames, scaling included."""
    return scale(
        ClipReader().read(path, lambda video: video.take(segment_indices(video.length, FRAMES)), floor=SIZE), SIZE
    )


def pil_frames(path: Path) -> NDArray[np.uint8]:
    """PIL's full decode and bilinear resize."""
    from PIL import Image

    files = frame_files(path)
    pictures = []
    for i in segment_indices(len(files), FRAMES):
        with Image.open(io.BytesIO(files[i].read_bytes())) as image:
            small = image.convert("RGB").resize((SIZE[1], SIZE[0]), Image.Resampling.BILINEAR)
        pictures.append(np.asarray(small, np.uint8))
    return np.stack(pictures)


VIDEO_READERS: dict[str, Reader] = {
    OURS: ours,
    "PyAV, decode and convert all": plain_pyav,
    "torchcodec, exact": torchcodec,
    "decord2": decord,
    "OpenCV": opencv,
    "pytorchvideo": pytorchvideo,
    "no conversion": no_conversion,
}
FOLDER_READERS: dict[str, Reader] = {OURS: our_frames, "PIL": pil_frames}
_MODULES = {
    "torchcodec, exact": "torchcodec.decoders",
    "decord2": "decord",
    "OpenCV": "cv2",
    "pytorchvideo": "pytorchvideo",
}


def usable(readers: Mapping[str, Reader]) -> tuple[dict[str, Reader], dict[str, str]]:
    """Return the readers that can be used here, and why others cannot."""
    import importlib

    found: dict[str, Reader] = {}
    missing: dict[str, str] = {}
    for name, read in readers.items():
        try:
            if name in _MODULES:
                importlib.import_module(_MODULES[name])
            if name.startswith("torchcodec"):
                _needs_ffmpeg()
        except (ImportError, OSError, RuntimeError, UserError) as error:
            missing[name] = str(error).strip().splitlines()[0].rstrip(".")
            continue
        found[name] = read
    return found, missing


def _needs_ffmpeg() -> None:
    """Open nothing, so that torchcodec looks for FFmpeg's libraries."""
    from torchcodec.decoders import VideoDecoder  # type: ignore[attr-defined, unused-ignore]

    try:
        VideoDecoder(b"no video")
    except RuntimeError as error:
        if "libtorchcodec" in str(error):
            raise
    except ValueError:
        return
