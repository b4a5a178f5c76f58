"""Crops and flips of a clip, the same for all of its frames; clips are uint8 arrays (T, H, W, 3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""RGB pictures of one size, (T, H, W, 3)."""
SCALES = (1.0, 0.875, 0.75, 0.66)
FLOW_SCALES = SCALES[:3]
"""Sides of the multi-scale crop, as fractions of the shorter side (paper, appendix E)."""


_DIRECTIONS = ("left", "right", "clockwise")
_SHORT = re.compile(r"(?<![a-z0-9'])(l2r|r2l|ltr|rtl|ccw|acw|cw|l|r)(?![a-z0-9'])")
_INNOCENT = re.compile(
    r"(?<![a-z])(bright|fright|upright|outright|forthright|copyright|birthright|((cart|play|ship|wheel)?wright)"
    r"|leftover|cleft)"
)
"""Words that hold the letters of a direction and name none."""
_NUMBERED = re.compile(r"(class|label|category|action|c|n|id)?[\s_#-]*\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Box:
    """A rectangle of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, frames: Frames) -> Frames:
        """Return the part of (..., H, W, 3) inside the box, as a view."""
        return frames[..., self.top : self.top + self.height, self.left : self.left + self.width, :]


def may_flip(template: str) -> bool:
    """Whether the name of a class keeps its meaning in a mirror.

    It does not when left, right or the sense of a turn stand in it in any form: joined to other words, in capitals,
    with an ending. Words in which these letters mean something else (bright, upright, leftover) do not count.
    """
    words = _INNOCENT.sub(" ", re.sub(r"([a-z])([A-Z])", r"\1 \2", template).lower())
    return not any(word in words for word in _DIRECTIONS) and _SHORT.search(words) is None


def doubtful_mirror(labels: Sequence[str]) -> str:
    """Return the words for classes whose names do not tell whether a mirror changes them; empty when all do."""
    numbered = [name for name in labels if _NUMBERED.fullmatch(name.strip())]
    if not numbered:
        return ""
    return (
        f"{len(numbered)} of {len(labels)} classes have a number for a name, such as {numbered[0]!r}: whether a mirror "
        f"changes them (left, right) is unknown, and training flips them; put their names into labels.txt"
    )


def training_box(
    rng: np.random.Generator,
    size: tuple[int, int],
    crop: int,
    augment: Literal["crop", "multiscale"],
    scales: tuple[float, ...] = SCALES,
) -> Box:
    """Choose the training crop in a picture of ``size`` (height, width)."""
    return random_box(rng, size, crop) if augment == "crop" else multiscale_box(rng, size, crop, scales)


def random_box(rng: np.random.Generator, size: tuple[int, int], crop: int) -> Box:
    """A ``crop`` x ``crop`` window anywhere in the picture."""
    _check(size, crop)
    return Box(int(rng.integers(size[0] - crop + 1)), int(rng.integers(size[1] - crop + 1)), crop, crop)


def view_box(size: tuple[int, int], height: int, width: int, crop: int, crops: int) -> Box:
    """One of the evaluation's windows: the centre alone, or three along the longer side (its start, centre, end)."""
    if height > size[0] or width > size[1]:
        raise ValueError(f"a crop of {height}x{width} does not fit into {size[0]}x{size[1]}; scale the pictures larger")
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    if crops == 3 and crop != 1:
        if size[0] > size[1]:
            top = 0 if crop == 0 else size[0] - height
        else:
            left = 0 if crop == 0 else size[1] - width
    return Box(top, left, height, width)


def side_of_crop(size: tuple[int, int], crop: int, short_side: int) -> int:
    """Return the side that a ``crop`` of the picture scaled to ``short_side`` has before it is scaled.

    Cutting first and scaling the window alone gives the same picture, but for half a pixel, and costs less.
    """
    return min(max(1, round(crop * min(size) / short_side)), min(size))


def jitter_box(
    rng: np.random.Generator,
    size: tuple[int, int],
    crop: int,
    short_side: tuple[int, int],
    uniform: Literal["inverse", "side"] = "inverse",
) -> Box:
    """The short-side jitter of PySlowFast, to be resized to ``crop`` x ``crop``.

    As if the shorter side were scaled to a length between those of ``short_side``, of which ``uniform`` is uniform,
    and a window of ``crop`` cut anywhere.
    """
    least, most = min(short_side), max(short_side)
    scaled = round(1 / rng.uniform(1 / most, 1 / least) if uniform == "inverse" else rng.uniform(least, most))
    side = side_of_crop(size, crop, scaled)
    return random_box(rng, size, side)


def multiscale_box(
    rng: np.random.Generator, size: tuple[int, int], crop: int, scales: tuple[float, ...] = SCALES
) -> Box:
    """The paper's multi-scale crop, to be resized to ``crop`` x ``crop``.

    Height and width are each one of ``scales`` times the shorter side, at most one step apart; a side within two
    pixels of ``crop`` is ``crop`` itself. The window stands at one of 13 places: corners, centre, middles of the
    edges, and the four points between centre and corners.
    """
    sides = [int(min(size) * scale) for scale in scales]
    sides = [crop if abs(side - crop) < 3 else side for side in sides]
    pairs = [(h, w) for i, h in enumerate(sides) for j, w in enumerate(sides) if abs(i - j) <= 1]
    height, width = pairs[rng.integers(len(pairs))]
    quarters = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2), (2, 0), (2, 4), (4, 2), (0, 2), (1, 1), (1, 3), (3, 1), (3, 3)]
    down, right = quarters[rng.integers(len(quarters))]
    return Box((size[0] - height) // 4 * down, (size[1] - width) // 4 * right, height, width)


def resize(frames: Frames, crop: int) -> Frames:
    """Scale every frame to ``crop`` x ``crop``; see :func:`scale`."""
    return scale(frames, (crop, crop))


def scale(frames: Frames, size: tuple[int, int]) -> Frames:
    """Scale every frame to ``size`` (height, width), bilinear with anti-aliasing; a clip of that size stays as it is.

    The same filter as PIL's, to within one level of 255.
    """
    if frames.shape[1:3] == size:
        return frames
    import torch
    from torch.nn.functional import interpolate

    pictures = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    scaled = interpolate(pictures, size=size, mode="bilinear", antialias=True, align_corners=False)
    return np.asarray(scaled.permute(0, 2, 3, 1).contiguous().numpy(), np.uint8)


def jitter_colour(rng: np.random.Generator, frames: Frames, strength: float) -> Frames:
    """Multiply brightness, contrast and saturation by factors uniform in 1 ± ``strength``, the same for all frames.

    Contrast turns about the mean grey of the clip, saturation about each pixel's grey (BT.601).
    """
    brightness, contrast, saturation = rng.uniform(1 - strength, 1 + strength, 3).astype(np.float32)
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    pictures = np.clip(frames.astype(np.float32) * brightness, 0, 255)
    middle = (pictures @ weights).mean(dtype=np.float64).astype(np.float32)
    pictures = np.clip(middle + (pictures - middle) * contrast, 0, 255)
    grey = (pictures @ weights)[..., None]
    return np.asarray(np.clip(grey + (pictures - grey) * saturation + 0.5, 0, 255), np.uint8)


def _check(size: tuple[int, int], crop: int) -> None:
    if crop > min(size):
        raise ValueError(f"a crop of {crop} does not fit into {size[0]}x{size[1]}; DataConfig.resize must be larger")
