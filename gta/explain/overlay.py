"""Pictures and videos of what :mod:`gta.explain.explanation` finds.

Legend: T frames, h x w positions of a map.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from gta.files import write_bytes

if TYPE_CHECKING:
    from av.video.stream import VideoStream
    from matplotlib.figure import Figure

    from gta.explain.explanation import Array, Explanation

SIDE = 256
"""Smallest height of a video's frames in pixels."""
SECONDS = 0.5
"""For which each frame that the model saw is shown."""
COLUMNS = 8
"""Most frames in a row of the contact sheet; a longer clip shows evenly spread ones."""


def resize_maps(maps: Array, size: tuple[int, int]) -> Array:
    """Return maps (T, h, w) at another height and width, bilinear."""
    import torch

    scaled = torch.nn.functional.interpolate(torch.from_numpy(maps)[:, None], size, mode="bilinear")
    found: Array = scaled[:, 0].numpy()
    return found


def spread(maps: Array, frames: int) -> Array:
    """Return maps (T, h, w) for ``frames`` frames: each is repeated, as the slow pathway sees every alpha-th frame."""
    return maps[np.arange(frames) * len(maps) // frames]


def overlay(frames: NDArray[np.uint8], maps: Array) -> NDArray[np.uint8]:
    """Blend maps over frames: the clip's highest value is bright, and values up to zero leave the frame grey.

    Args:
        frames: (T, H, W, 3).
        maps: (T', h, w), on one scale; T' divides T.

    Returns:
        (T, H, W, 3).
    """
    from matplotlib import colormaps

    heat = np.clip(resize_maps(spread(maps, len(frames)), frames.shape[1:3]), 0, None)
    heat = heat / max(float(heat.max()), 1e-12)
    colour = 255 * colormaps["inferno"](heat)[..., :3]
    grey = frames.mean(axis=-1, keepdims=True)
    blended = (1 - 0.7 * heat[..., None]) * grey + 0.7 * heat[..., None] * colour
    pictures: NDArray[np.uint8] = blended.round().astype(np.uint8)
    return pictures


def write_overlay_video(folder: Path, stem: str, frames: NDArray[np.uint8], maps: Array) -> Path:
    """Write frames beside the same frames with maps over them: mp4 (H.264), or webm (VP9) where PyAV lacks H.264.

    Args:
        folder: is made when it is not there.
        stem: the file's name without suffix.
        frames: (T, H, W, 3), those the model saw.
        maps: (T', h, w).

    Returns:
        The path of the video.

    Raises:
        UserError: the folder cannot be written.
    """
    import av

    times = max(1, -(-SIDE // frames.shape[1]))  # small frames are enlarged by a whole number
    sides = np.concatenate([frames, overlay(frames, maps)], axis=2).repeat(times, axis=1).repeat(times, axis=2)
    sides = sides[:, : sides.shape[1] // 2 * 2, : sides.shape[2] // 2 * 2]  # chroma is subsampled by two
    codec, suffix = ("libx264", "mp4") if "libx264" in av.codecs_available else ("libvpx-vp9", "webm")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=suffix) as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=10))
        stream.height, stream.width, stream.pix_fmt = sides.shape[1], sides.shape[2], "yuv420p"
        for picture in sides.repeat(round(10 * SECONDS), axis=0):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    path = folder / f"{stem}.{suffix}"
    write_bytes(path, buffer.getvalue())
    return path


def write_contact_sheet(path: Path, frames: NDArray[np.uint8], explanation: Explanation, title: str) -> None:
    """Write one picture: frames, evidence, what each kind of block looks at, and the temporal weights.

    It shows the last block of each kind before the classifier.

    Raises:
        UserError: the folder cannot be written.
    """
    buffer = io.BytesIO()
    contact_sheet(frames, explanation, title).savefig(buffer, format="png", dpi=110)
    write_bytes(path, buffer.getvalue())


def contact_sheet(frames: NDArray[np.uint8], explanation: Explanation, title: str) -> Figure:
    """Return the picture of :func:`write_contact_sheet`.

    Args:
        frames: (T, H, W, 3), those the model saw.
        explanation: of that clip.
        title: above the picture.
    """
    from matplotlib.figure import Figure

    shown = np.unique(np.linspace(0, len(frames) - 1, min(COLUMNS, len(frames))).round().astype(int))
    rows = [("frames", frames[shown])]
    rows += [(name, overlay(frames, maps)[shown]) for name, maps in _rows(explanation)]
    matrices = _last(explanation.matrices)
    figure = Figure(figsize=(1.5 * len(shown) + 1, 1.5 * len(rows) + (2.6 if matrices else 0.6)), layout="constrained")
    figure.suptitle(title, fontsize=10)
    heights = (1.5 * len(rows), 2.2) if matrices else (1.0,)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    axes = parts[0].subplots(len(rows), len(shown), squeeze=False)
    for line, (name, pictures) in zip(axes, rows, strict=True):
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture)
            axis.set_xticks([])
            axis.set_yticks([])
        line[0].set_ylabel(name, fontsize=7)
    if matrices:
        for axis, (name, matrix) in zip(parts[1].subplots(1, len(matrices), squeeze=False)[0], matrices, strict=True):
            axis.imshow(matrix, cmap="Greys", vmin=0)
            axis.set_title(name, fontsize=7)
            axis.set_xlabel("frame read", fontsize=7)
            axis.set_ylabel("frame written", fontsize=7)
            axis.tick_params(labelsize=6)
    return figure


def _rows(explanation: Explanation) -> Sequence[tuple[str, Array]]:
    rows = [("evidence", explanation.evidence)]
    for name, maps in _last(explanation.maps):
        if maps.ndim == 3:
            rows.append((name, maps))
        else:  # two of the K regions: those whose weights vary most over the clip
            best = np.argsort(-maps.var(axis=(0, 2, 3)))[:2]
            rows += [(f"{name} {k}", np.abs(maps[:, k])) for k in best]
    return rows


def _last(named: dict[str, Array]) -> list[tuple[str, Array]]:
    """Return the last entry of each kind, by its name."""
    kinds = {name.rpartition(".")[2]: name for name in named}
    return [(name, named[name]) for name in kinds.values()]
