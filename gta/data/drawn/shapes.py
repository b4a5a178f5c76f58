"""Shapes as signed distances and fills as mixing weights, both in an object's own frame.

Coordinates (u, v) are float32 arrays of one shape, the object's radius is 1, v points down. A shape returns the
(approximate) signed distance to its outline, negative inside. A fill returns the weight in [0, 1] of the second
colour; no fill looks the same after a small turn, so that spinning is visible on every shape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Field = Callable[[Plane, Plane], Plane]


def _disc(u: Plane, v: Plane) -> Plane:
    return np.sqrt(u * u + v * v) - np.float32(0.92)


def _ring(u: Plane, v: Plane) -> Plane:
    middle: Plane = np.abs(np.sqrt(u * u + v * v) - np.float32(0.7))
    return middle - np.float32(0.3)


def _square(u: Plane, v: Plane) -> Plane:
    return np.maximum(np.abs(u), np.abs(v)) - np.float32(0.82)


def _triangle(u: Plane, v: Plane) -> Plane:
    return np.maximum(v, np.float32(0.866) * np.abs(u) - np.float32(0.5) * v) - np.float32(0.56)


def _star(u: Plane, v: Plane) -> Plane:
    spikes = np.float32(0.66) + np.float32(0.38) * np.cos(np.float32(5) * np.arctan2(u, -v))
    distance: Plane = (np.sqrt(u * u + v * v) - spikes) * np.float32(0.6)
    return distance


def _cross(u: Plane, v: Plane) -> Plane:
    a, b = np.abs(u), np.abs(v)
    long, thin = np.float32(0.98), np.float32(0.33)
    return np.minimum(np.maximum(a - long, b - thin), np.maximum(a - thin, b - long))


def _bar(u: Plane, v: Plane) -> Plane:
    return np.maximum(np.abs(u) - np.float32(1.1), np.abs(v) - np.float32(0.42))


def _diamond(u: Plane, v: Plane) -> Plane:
    return (np.abs(u) + np.float32(0.6) * np.abs(v) - np.float32(0.66)) * np.float32(0.86)


def _crescent(u: Plane, v: Plane) -> Plane:
    w = u - np.float32(0.55)
    distance: Plane = np.maximum(np.sqrt(u * u + v * v) - 1, np.float32(0.72) - np.sqrt(w * w + v * v)).astype(
        np.float32
    )
    return distance


def _corner(u: Plane, v: Plane) -> Plane:
    outer = np.maximum(np.abs(u), np.abs(v)) - np.float32(0.88)
    distance: Plane = np.maximum(outer, -np.maximum(np.float32(-0.12) - u, v - np.float32(0.12)))
    return distance


SHAPES: dict[str, Field] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "bar": _bar,
    "diamond": _diamond,
    "crescent": _crescent,
    "corner": _corner,
}


def _soft(x: Plane) -> Plane:
    distance: Plane = np.clip(np.float32(0.5) + np.float32(4) * x, 0, 1)
    return distance


FILLS: dict[str, Field] = {
    "halves": lambda u, v: _soft(v),
    "stripes": lambda u, v: _soft(np.sin(np.float32(6.0) * u + np.float32(0.6))),
    "quarters": lambda u, v: _soft(np.float32(3) * u * v),
    "spot": lambda u, v: _soft(np.float32(0.5) - np.sqrt((u - np.float32(0.3)) ** 2 + (v + np.float32(0.25)) ** 2)),
    "shade": lambda u, v: np.clip(np.float32(0.5) + np.float32(0.6) * (u + v), 0, 1),
}


def rectangle(u: Plane, v: Plane) -> Plane:
    """Signed distance of the cloth that covers things: a full square of half-side 1."""
    return np.maximum(np.abs(u), np.abs(v)) - np.float32(1)


def hand(u: Plane, v: Plane) -> Plane:
    """Signed distance of a hand with an arm, in pixels at scale 1.

    The finger tips lie at v = 0, the arm runs to v = -80.
    """
    a = np.abs(u)
    arm = np.maximum(a - np.float32(3.0), v + np.float32(10))
    palm = np.maximum(a - np.float32(5.0), np.abs(v + np.float32(8.5)) - np.float32(3.0))
    # Three fingers: the mirrored outer pair and the middle one.
    pair = np.maximum(np.abs(a - np.float32(3.9)) - np.float32(1.2), np.abs(v + np.float32(3)) - np.float32(3.5))
    middle = np.maximum(a - np.float32(1.1), np.abs(v + np.float32(4.5)) - np.float32(2.5))
    distance: Plane = np.minimum(np.minimum(arm, palm), np.minimum(pair, middle))
    return distance
