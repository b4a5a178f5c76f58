"""Draw a clip of the embedded data set from nothing but its name: seed, split, template and index.

The arrow of time is in the action alone. Camera, distractors and noise are alike in both directions of time in
distribution; the second template of an order pair is the generator's clip reversed; every motion and static clip
is reversed by the toss of a coin. So the set of a clip's frames tells nothing about the order within a pair.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from gta.config import DrawingConfig
from gta.data.drawn.appearance import palette_of, sample_background
from gta.data.drawn.render import UNITS, Scene, Sprite, render
from gta.data.drawn.scenes import GENERATORS
from gta.data.drawn.shapes import Plane
from gta.data.drawn.stage import Stage
from gta.data.drawn.templates import Template


def draw_clip(drawing: DrawingConfig, split: str, template: Template, index: int) -> NDArray[np.uint8]:
    """Draw one clip, (T, H, W, 3); it depends on no other clip.

    Args:
        drawing: seed, length, size and nuisances of the set.
        split: ``train``, ``validation``, ``tune`` or ``test``; the second and third share a palette of objects, not
            their seeds.
        template: one of :data:`gta.data.drawn.templates.TEMPLATES`.
        index: number of the clip within its split and template.
    """
    rng = clip_rng(drawing, split, template, index)
    frames = draw_forward(drawing, split, template, rng)
    coin = bool(rng.integers(2))
    backward = template.backward if template.kind == "order" else coin
    return np.ascontiguousarray(frames[::-1]) if backward else frames


def describe_clip(drawing: DrawingConfig, split: str, template: Template, index: int) -> tuple[str, ...]:
    """Return the things of a clip in words, one for each ``[something]``; nothing is painted."""
    return compose(drawing, split, template, clip_rng(drawing, split, template, index)).words


def clip_rng(drawing: DrawingConfig, split: str, template: Template, index: int) -> np.random.Generator:
    """Return the clip's own generator."""
    draw = f"@{drawing.training_draw}" if split == "train" and drawing.training_draw else ""
    name = f"{drawing.seed}/{drawing.version}/{split}{draw}/{template.name}/{index}"
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


def draw_forward(drawing: DrawingConfig, split: str, template: Template, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw the template's generator in its own direction of time, (T, H, W, 3)."""
    return render(compose(drawing, split, template, rng), drawing.side, drawing.noise, rng)


def compose(drawing: DrawingConfig, split: str, template: Template, rng: np.random.Generator) -> Scene:
    """Lay out a clip without painting it."""
    palette = palette_of(split)
    background = sample_background(rng, palette)
    stage = Stage(rng, drawing.source_frames, palette, background.dark, drawing.shown)
    actors = GENERATORS[template.scene](stage)
    places = int(template.bracketed.count("["))
    things = [sprite.appearance.words for sprite in actors if sprite.appearance.shape != "hand"]
    words = tuple((things * places)[:places])
    extras = [_distractor(stage, actors) for _ in range(int(rng.integers(drawing.distractors + 1)))]
    unit = UNITS / drawing.side
    camera = [_camera(stage, drawing.pan * unit, drawing.shake * unit) for _ in range(2)]
    return Scene(background, camera[0], camera[1], (*extras, *actors), float(rng.uniform(0.88, 1.1)), words)


def _camera(stage: Stage, pan: float, shake: float) -> Plane:
    """One axis of the camera's path: a steady pan through zero in mid-clip, and independent jitter."""
    path = stage.uniform(-pan, pan) * (stage.time - 0.5) * 2
    return (path + stage.rng.normal(0, shake, path.shape)).astype(np.float32)


def _distractor(stage: Stage, actors: list[Sprite]) -> Sprite:
    """A small thing beside the action that rests, drifts at a steady speed or sways."""
    paths = np.concatenate([np.stack([a.x, a.y], -1) for a in actors if a.appearance.shape != "hand"])  # (n, 2)
    spots = stage.rng.uniform(6, 42, (12, 2))
    clearance = np.sqrt(((spots[:, None] - paths) ** 2).sum(-1)).min(1)
    free = np.flatnonzero(clearance > 13)
    x, y = spots[free[0] if len(free) else clearance.argmax()]
    direction = stage.uniform(0, 2 * np.pi)
    match int(stage.rng.integers(3)):
        case 0:
            shift = np.zeros_like(stage.time)
        case 1:
            shift = (stage.time - 0.5) * stage.uniform(2, 12)
        case _:
            cycles, phase = stage.uniform(0.5, 1.5), stage.uniform(0, 1)
            shift = stage.uniform(0.5, 3) * np.sin(2 * np.pi * (cycles * stage.time + phase))
    appearance, radius = stage.appearance(), stage.uniform(2.4, 4.2)
    return stage.sprite(appearance, x + shift * np.cos(direction), y + shift * np.sin(direction), radius)
