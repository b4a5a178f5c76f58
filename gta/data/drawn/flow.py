"""The optical flow of a drawn clip, known exactly: each sprite moves, turns and grows as its path says.

A field says where each pixel of a frame is in the next one; the topmost sprite that covers more than half of the pixel
decides, else the background, which moves against the camera. Levels are those of stored flow: 128 is no motion, and
:data:`LEVELS` are one pixel of a picture as it is drawn.

T is the number of frames.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gta.config import DrawingConfig
from gta.data.drawn.clip import clip_rng, compose
from gta.data.drawn.make import SPLITS
from gta.data.drawn.render import UNITS, Scene, Sprite, cover_of
from gta.data.drawn.shapes import Plane
from gta.data.drawn.templates import TEMPLATES, Template
from gta.data.read.fields import STILL

LEVELS = 16


def draw_flow(drawing: DrawingConfig, split: str, template: Template, index: int) -> NDArray[np.uint8]:
    """Return the fields of :func:`~gta.data.drawn.clip.draw_clip`'s clip, (T - 1, H, W, 3): x, y, and 128."""
    rng = clip_rng(drawing, split, template, index)
    scene = compose(drawing, split, template, rng)
    if drawing.noise > 0:
        rng.bytes(3 * drawing.source_frames * drawing.side**2)  # what render draws before the coin is tossed
    coin = bool(rng.integers(2))
    backward = template.backward if template.kind == "order" else coin
    return levels(motion(reverse(scene) if backward else scene, drawing.side))


def flow_of(drawing: DrawingConfig, clip_id: str) -> NDArray[np.uint8]:
    """Return :func:`draw_flow` of a clip of a prepared set by its id."""
    split, template, index = SPLITS[int(clip_id[0]) - 1], TEMPLATES[int(clip_id[1:3])], int(clip_id[3:])
    return draw_flow(drawing, split, template, index)


def levels(motion_TYX2: Plane) -> NDArray[np.uint8]:
    """Return motion in pixels as pictures (x, y, 128)."""
    parts = np.clip(np.rint(STILL + LEVELS * motion_TYX2), 0, 255).astype(np.uint8)
    return np.concatenate([parts, np.full_like(parts[..., :1], STILL)], axis=-1)


def reverse(scene: Scene) -> Scene:
    """Return a scene whose frames come in the opposite order."""
    names = ("x", "y", "radius", "angle", "alpha")
    sprites = (replace(s, **{name: getattr(s, name)[::-1] for name in names}) for s in scene.sprites)
    return replace(scene, camera_x=scene.camera_x[::-1], camera_y=scene.camera_y[::-1], sprites=tuple(sprites))


def motion(scene: Scene, side: int) -> Plane:
    """Return where each pixel of frames 0 .. T - 2 goes, in pixels, (T - 1, side, side, 2): x and y."""
    scale = np.float32(side / UNITS)
    camera = np.stack([scene.camera_x, scene.camera_y], axis=-1) * scale
    found = np.broadcast_to(-np.diff(camera, axis=0)[:, None, None], (len(camera) - 1, side, side, 2)).copy()
    for sprite in scene.sprites:
        shown = sprite.moved(-scene.camera_x, -scene.camera_y)
        cover, u, v = cover_of(shown, side)
        seen = cover[:-1] > 0.5
        at = _path(shown, scale)[1:]
        moved_x, moved_y = _placed(shown, u[:-1], v[:-1], scale)
        centres = np.arange(side, dtype=np.float32) + np.float32(0.5)
        moved_x += at[:, 0, None, None] - centres[None, None, :]
        moved_y += at[:, 1, None, None] - centres[None, :, None]
        found[seen] = np.stack([moved_x, moved_y], axis=-1)[seen]
    return found


def _path(sprite: Sprite, scale: np.float32) -> Plane:
    return np.stack([sprite.x, sprite.y], axis=-1) * scale


def _placed(sprite: Sprite, u: Plane, v: Plane, scale: np.float32) -> tuple[Plane, Plane]:
    """Return where points (u, v) of a sprite are in the next frame, from its centre, in pixels."""
    pixel = (sprite.radius[1:] * scale)[:, None, None]
    c, s = (f(sprite.angle[1:]).astype(np.float32)[:, None, None] for f in (np.cos, np.sin))
    return (u * c - v * s) * pixel, (u * s + v * c) * pixel
