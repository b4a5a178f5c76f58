"""The stage of a drawn clip: its random source, its clock, and what may appear on it.

A stage is 48 x 48 and its times lie in (0, 1). The clips of record depend on the order of the draws: a method that is
called earlier or more often changes every clip.
"""

from __future__ import annotations

import numpy as np

from gta.data.drawn.appearance import Appearance, Palette, sample_appearance, sample_hand
from gta.data.drawn.render import Sprite
from gta.data.drawn.shapes import Plane


class Stage:
    """The random source, the clock and the wardrobe that generators draw on."""

    def __init__(self, rng: np.random.Generator, frames: int, palette: Palette, dark: bool, shown: float = 1.0) -> None:
        """Set up a stage for ``frames`` frames in front of a dark or light background.

        Args:
            rng: decides everything on it.
            frames: T.
            palette: what may appear.
            dark: whether the background is.
            shown: the smallest part of a movement that is seen.
        """
        self.rng, self.palette, self.dark, self.shown = rng, palette, dark, shown
        self.time = ((np.arange(frames) + 0.5) / frames).astype(np.float32)

    def uniform(self, low: float, high: float) -> float:
        """One number."""
        return float(self.rng.uniform(low, high))

    def sign(self) -> int:
        """Plus or minus one."""
        return int(self.rng.choice([-1, 1]))

    def appearance(self) -> Appearance:
        """One object of the palette."""
        return sample_appearance(self.rng, self.palette, self.dark)

    def window(self) -> tuple[float, float]:
        """Start and end of the action; the waits before and after are alike in distribution."""
        return self.uniform(0.02, 0.24), 1 - self.uniform(0.02, 0.24)

    def progress(self, start: float, end: float) -> Plane:
        """Zero before ``start``, one after ``end``, in between one of many ways to ease; shape (T,)."""
        s = np.clip((self.time - start) / (end - start), 0, 1) ** np.exp(self.uniform(-0.3, 0.3))
        soft = self.uniform(0, 1)
        return np.asarray(s * (1 - soft) + soft * s * s * (3 - 2 * s), np.float32)

    def part(self) -> Plane:
        """Progress through a movement of which the clip shows only a part, from anywhere in it; shape (T,)."""
        length = self.uniform(self.shown, 1)
        first = self.uniform(0, 1 - length)
        return first + length * self.progress(*self.window())

    def sprite(
        self,
        appearance: Appearance,
        x: Plane | float,
        y: Plane | float,
        radius: Plane | float,
        *,
        angle: Plane | float | None = None,
        alpha: Plane | float = 1.0,
    ) -> Sprite:
        """A sprite from constants or (T,) paths; without an angle it stands at about a quarter turn."""
        if angle is None:
            angle = self.tilt()

        def path(value: Plane | float) -> Plane:
            return np.broadcast_to(np.asarray(value, np.float32), self.time.shape)

        return Sprite(appearance, path(x), path(y), path(radius), path(angle), path(alpha))

    def tilt(self) -> float:
        """A multiple of a quarter turn, give or take 15 degrees."""
        return self.rng.integers(4) * np.pi / 2 + self.uniform(-0.26, 0.26)

    def hand(self, x: Plane | float, y: Plane | float, angle: float) -> Sprite:
        """A hand whose finger tips are at (x, y); at angle 0 the arm points straight up."""
        appearance = sample_hand(self.rng, self.palette, self.dark)
        return self.sprite(appearance, x, y, self.uniform(0.9, 1.1), angle=angle)
