"""Still pictures of the drawn objects, to pre-train the narrow backbone as ImageNet trains the paper's.

The questions are those of a picture: which shape, where, how large, how many things, is there a hand. Only objects
and backgrounds of the training palette appear, and nothing here has seen a clip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gta.config import DrawingConfig
from gta.data.drawn.appearance import SHAPE_NAMES, sample_background
from gta.data.drawn.render import UNITS, Scene, Sprite, render
from gta.data.drawn.stage import Stage

STILL_TASKS: dict[str, int] = {"shape": len(SHAPE_NAMES), "x": 8, "y": 8, "size": 4, "count": 4, "hand": 2}
"""Classes of each task: shape, place (8 x 8 grid) and size of the largest thing; things (0..3); a hand or none."""

NONE = -100
"""Target of shape, x, y and size where there is no thing: cross-entropy's ``ignore_index``."""

Stills = tuple[NDArray[np.uint8], dict[str, NDArray[np.int64]]]
_RADII = (4.0, 10.0)
_VIEW = 32 / 36
"""Part of the picture that is kept, as for clips: scaled to 36 and cropped to 32."""


def draw_stills(drawing: DrawingConfig, seed: int, count: int, size: int = 32, a_scene: int = 16) -> Stills:
    """Draw stills as the network sees the clips: scaled to 9/8 of ``size`` and cropped to ``size`` in the middle.

    Args:
        drawing: the picture's side and noise; its own seed plays no part.
        seed: of the stills.
        count: how many, N.
        size: side of the stills in pixels.
        a_scene: stills that share background and objects (not places, sizes or turns); the frames of one scene.

    Returns:
        uint8 (N, size, size, 3) and, for each of :data:`STILL_TASKS`, int64 (N,).
    """
    pictures = np.empty((count, size, size, 3), np.uint8)
    targets = {task: np.empty(count, np.int64) for task in STILL_TASKS}
    weights = _area_weights(drawing.side, size)
    for start in range(0, count, a_scene):
        rng = np.random.default_rng((seed, start // a_scene))
        here = slice(start, min(start + a_scene, count))
        scene, truth = _scene(rng, a_scene)
        frames = render(scene, drawing.side, drawing.noise, rng)
        n = here.stop - here.start
        pictures[here] = _scale(frames[:n], weights)
        for task, values in truth.items():
            targets[task][here] = values[:n]
    return pictures, targets


def _scene(rng: np.random.Generator, n: int) -> tuple[Scene, dict[str, NDArray[np.int64]]]:
    background = sample_background(rng, "train")
    stage = Stage(rng, n, "train", background.dark)
    count = rng.choice(4, n, p=[0.04, 0.36, 0.3, 0.3])
    margin = UNITS * (1 - _VIEW) / 2
    # Where the largest thing is, as a part of the view: sometimes half out of it, as in clips.
    place = rng.uniform(0.02, 0.98, (2, n))
    x, y = margin + place * (UNITS - 2 * margin)
    large = rng.uniform(0, 1, n)
    radius = _RADII[0] * (_RADII[1] / _RADII[0]) ** large
    wander = rng.uniform(-12, 12, (2, n)).astype(np.float32)

    others = []
    for i in (2, 3):
        spots = rng.uniform(6, UNITS - 6, (6, 2, n))
        clearance = np.hypot(spots[:, 0] - x, spots[:, 1] - y)
        spot = spots[clearance.argmax(0), :, np.arange(n)].T
        small = np.minimum(rng.uniform(2.4, 4.5, n), 0.8 * radius)
        others.append(_free(stage, spot[0], spot[1], small, count >= i))
    sprites = [*others, _free(stage, x, y, radius, count >= 1)]

    hand = np.zeros(n, np.int64)
    if rng.random() < 0.4:
        hand = (rng.random(n) < 0.6).astype(np.int64)
        near = rng.random(n) < 0.6
        tip_x = np.where(near, x, rng.uniform(12, 36, n)).astype(np.float32)
        tip_y = np.where(near, y - 0.3 * radius, rng.uniform(10, 40, n)).astype(np.float32)
        lean = rng.uniform(-0.35, 0.35, n).astype(np.float32)
        arm = stage.hand(tip_x, np.maximum(tip_y, 8), 0.0)
        sprites.append(
            stage.sprite(arm.appearance, arm.x, arm.y, arm.radius, angle=lean, alpha=hand.astype(np.float32))
        )

    sprites = [sprite.moved(wander[0], wander[1]) for sprite in sprites]
    there = count >= 1
    truth = {
        "shape": np.where(there, SHAPE_NAMES.index(sprites[2].appearance.shape), NONE),
        "x": np.where(there, (place[0] * STILL_TASKS["x"]).astype(np.int64), NONE),
        "y": np.where(there, (place[1] * STILL_TASKS["y"]).astype(np.int64), NONE),
        "size": np.where(there, (large * STILL_TASKS["size"]).astype(np.int64), NONE),
        "count": count.astype(np.int64),
        "hand": hand,
    }
    return Scene(background, wander[0], wander[1], tuple(sprites), float(rng.uniform(0.88, 1.1))), truth


def _free(
    stage: Stage,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: NDArray[np.float64],
    there: NDArray[np.bool_],
) -> Sprite:
    """A thing that stands differently in every still; it is absent where ``there`` is false."""
    n = len(x)
    angle = stage.rng.integers(4, size=n) * np.pi / 2 + stage.rng.uniform(-0.26, 0.26, n)
    path = (a.astype(np.float32) for a in (x, y, radius))
    return stage.sprite(stage.appearance(), *path, angle=angle.astype(np.float32), alpha=there.astype(np.float32))


def _area_weights(side: int, size: int) -> NDArray[np.float32]:
    """Return (size, side) weights that average the middle ``_VIEW`` of ``side`` pixels down (or up) to ``size``."""
    step = side * _VIEW / size
    low = side * (1 - _VIEW) / 2 + np.arange(size)[:, None] * step
    cells = np.arange(side)[None, :]
    overlap = np.minimum(low + step, cells + 1) - np.maximum(low, cells)
    weights: NDArray[np.float32] = (np.clip(overlap, 0, None) / step).astype(np.float32)
    return weights


def _scale(frames: NDArray[np.uint8], weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Apply the weights to rows and columns of (N, H, W, 3)."""
    n, height, width, _ = frames.shape
    size = len(weights)
    rows = weights @ frames.reshape(n, height, width * 3).astype(np.float32)  # (N, size, W*3)
    columns = weights @ rows.reshape(n * size, width, 3)  # (N*size, size, 3)
    scaled: NDArray[np.uint8] = np.clip(columns + 0.5, 0, 255).astype(np.uint8)
    return scaled.reshape(n, size, size, 3)
