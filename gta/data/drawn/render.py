"""Paint sprites over a panning background: vectorised over frames, each sprite only in a window around it.

Lengths are in 48ths of the picture's side until they reach the pixel grid. T is the number of frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from gta.data.drawn.appearance import Appearance, Background, pattern
from gta.data.drawn.shapes import FILLS, SHAPES, Plane, hand, rectangle

UNITS = 48
"""Side of the picture in the units in which scenes are laid out."""

_BELL = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)], np.float32)
"""Quantiles of the normal distribution: a byte of noise through this table costs a tenth of a normal deviate."""


@dataclass(frozen=True)
class Sprite:
    """One thing on the scene; every array has shape (T,)."""

    appearance: Appearance
    x: Plane
    y: Plane
    radius: Plane
    angle: Plane
    alpha: Plane
    cut: float | None = None
    """Only the half towards this direction (radians, in the object's frame) is there."""

    def moved(self, dx: Plane, dy: Plane) -> Sprite:
        """Return the sprite displaced by (T,) arrays."""
        return replace(self, x=(self.x + dx).astype(np.float32), y=(self.y + dy).astype(np.float32))

    @property
    def extent(self) -> float:
        """Distance from the centre beyond which nothing is painted, in units."""
        return float("inf") if self.appearance.shape == "hand" else 1.45 * float(self.radius.max()) + 1


@dataclass(frozen=True)
class Scene:
    """A background, a camera path and sprites from back to front."""

    background: Background
    camera_x: Plane
    camera_y: Plane
    sprites: tuple[Sprite, ...]
    brightness: float
    words: tuple[str, ...] = ()
    """The things that take part, for the json's placeholders."""


def render(scene: Scene, side: int, noise: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the frames of a scene, (T, side, side, 3), with sensor noise of this standard deviation (of 255)."""
    planes = _background(scene, side)  # (3, T, H, W): long inner loops, unlike three channels innermost
    scale = side / UNITS
    for sprite in scene.sprites:
        _paint_sprite(planes, sprite.moved(-scene.camera_x, -scene.camera_y), scale)
    planes *= np.float32(scene.brightness)
    if noise > 0:
        grain = np.frombuffer(rng.bytes(planes.size), np.uint8).reshape(planes.shape)
        planes += (_BELL * np.float32(noise))[grain]
    planes += np.float32(0.5)
    np.clip(planes, 0, 255, out=planes)
    return np.ascontiguousarray(planes.astype(np.uint8).transpose(1, 2, 3, 0))


def _background(scene: Scene, side: int) -> Plane:
    """Paint the wall once, larger than the picture, and shift it for each frame by bilinear interpolation."""
    scale = side / UNITS
    dx, dy = scene.camera_x * scale, scene.camera_y * scale
    low_x, low_y = int(np.floor(dx.min())), int(np.floor(dy.min()))
    width = side + int(np.floor(dx.max())) - low_x + 1
    height = side + int(np.floor(dy.max())) - low_y + 1
    columns = ((np.arange(width) + low_x + 0.5) / scale - UNITS / 2).astype(np.float32)
    rows = ((np.arange(height) + low_y + 0.5) / scale - UNITS / 2).astype(np.float32)
    weight = pattern(scene.background, *np.broadcast_arrays(columns[None, :], rows[:, None]))
    shifted = np.empty((len(dx), side, side), np.float32)
    for frame, x, y in zip(shifted, dx - low_x, dy - low_y, strict=True):
        i, j = int(y), int(x)
        fy, fx = np.float32(y - i), np.float32(x - j)
        band = weight[i : i + side] * (1 - fy) + weight[i + 1 : i + 1 + side] * fy
        np.multiply(band[:, j : j + side], 1 - fx, out=frame)
        frame += band[:, j + 1 : j + 1 + side] * fx
    first, second = scene.background.first, scene.background.second
    return shifted * (second - first)[:, None, None, None] + first[:, None, None, None]


def _paint_sprite(planes: Plane, sprite: Sprite, scale: float) -> None:
    """Composite one sprite into (3, T, H, W) planes, in place."""
    frames, side = planes.shape[1:3]
    x, y = sprite.x * np.float32(scale), sprite.y * np.float32(scale)
    window = int(min(side, np.ceil(min(2 * sprite.extent * scale, 4 * side)) + 2))
    left = np.clip(np.round(x - window / 2), 0, side - window).astype(np.int64)
    top = np.clip(np.round(y - window / 2), 0, side - window).astype(np.int64)
    steps = np.arange(window)
    columns, rows = left[:, None] + steps, top[:, None] + steps  # (T, w)
    pixel = np.float32(scale) * sprite.radius
    du = ((columns + 0.5 - x[:, None]) / pixel[:, None]).astype(np.float32)[:, None, :]
    dv = ((rows + 0.5 - y[:, None]) / pixel[:, None]).astype(np.float32)[:, :, None]
    c = np.cos(sprite.angle).astype(np.float32)[:, None, None]
    s = np.sin(sprite.angle).astype(np.float32)[:, None, None]
    u, v = du * c + dv * s, dv * c - du * s  # (T, w, w)

    distance, mix = _fields(sprite.appearance, u, v)
    distance *= pixel[:, None, None]
    rim = np.clip(distance + np.float32(1.3 * scale), 0, 1)
    if sprite.cut is not None:
        half = u * np.float32(np.cos(sprite.cut)) + v * np.float32(np.sin(sprite.cut))
        distance = np.maximum(distance, -half * pixel[:, None, None])
    cover = np.clip(np.float32(0.5) - distance, 0, 1)
    cover *= sprite.alpha.astype(np.float32)[:, None, None]

    appearance = sprite.appearance
    at = (np.arange(frames)[:, None, None] * side + rows[:, :, None]) * side + columns[:, None, :]
    for plane, first, second, outline in zip(
        planes, appearance.first, appearance.second, appearance.outline, strict=True
    ):
        paint = mix * (second - first)
        paint += first
        paint += rim * (outline - paint)
        if window == side:
            plane += cover * (paint - plane)
        else:
            below = plane.reshape(-1)[at]
            below += cover * (paint - below)
            plane.reshape(-1)[at] = below


def cover_of(sprite: Sprite, side: int) -> tuple[Plane, Plane, Plane]:
    """Return how far a sprite covers each pixel, from 0 to 1, and the pixels in its own coordinates; (T, H, W) each."""
    scale = np.float32(side / UNITS)
    pixel, centres = scale * sprite.radius, np.arange(side, dtype=np.float32) + np.float32(0.5)
    du = ((centres - (sprite.x * scale)[:, None]) / pixel[:, None])[:, None, :]
    dv = ((centres - (sprite.y * scale)[:, None]) / pixel[:, None])[:, :, None]
    c, s = (f(sprite.angle).astype(np.float32)[:, None, None] for f in (np.cos, np.sin))
    u, v = du * c + dv * s, dv * c - du * s
    distance = _fields(sprite.appearance, u, v)[0] * pixel[:, None, None]
    if sprite.cut is not None:
        half = u * np.float32(np.cos(sprite.cut)) + v * np.float32(np.sin(sprite.cut))
        distance = np.maximum(distance, -half * pixel[:, None, None])
    return np.clip(np.float32(0.5) - distance, 0, 1) * sprite.alpha.astype(np.float32)[:, None, None], u, v


def _fields(appearance: Appearance, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    if appearance.shape == "hand":
        return hand(u, v), np.clip(-v - np.float32(14), 0, 1)
    shape = rectangle if appearance.shape == "cloth" else SHAPES[appearance.shape]
    return shape(u, v), FILLS[appearance.fill](u, v)
