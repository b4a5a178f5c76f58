"""What things look like, and which of it a split may use.

Objects are combinations shape x fill x hue bin, backgrounds are combinations pattern x hue bin. One third of the
combinations is held out for validation and tuning by a rule modulo 3, so that every shape, fill, pattern and hue
is met in training and no combination of the evaluation is. The test split joined later and has a palette of its own: a
bin's hues fill four fifths of the circle, and the test's hues lie in the gaps between them, by the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gta.data.drawn.shapes import FILLS, SHAPES, Plane

Palette = Literal["train", "held-out", "test"]
Colour = NDArray[np.float32]
HUES = 9
SHAPE_NAMES = tuple(SHAPES)
FILL_NAMES = tuple(FILLS)
PATTERNS = ("gradient", "stripes", "checker", "blobs", "waves", "plaid")
HUE_NAMES = ("red", "orange", "yellow", "lime", "green", "teal", "blue", "violet", "pink")


def palette_of(split: str) -> Palette:
    """Return the palette that ``train``, ``validation``, ``tune`` or ``test`` draws from."""
    return "train" if split == "train" else "test" if split == "test" else "held-out"


def hues_of(number: int, palette: Palette) -> list[int]:
    """Return the hues that go with a combination's number in one palette: six bins in training, three held out.

    The three of the test are numbered ``HUES + h``: the gap between bins h and h + 1.
    """
    shift = HUES if palette == "test" else 0
    return [hue + shift for hue in range(HUES) if ((number + hue) % 3 == 0) == (palette != "train")]


@dataclass(frozen=True)
class Appearance:
    """How one object is painted; colours are RGB, 0..255."""

    shape: str
    fill: str
    hue: int
    first: Colour
    second: Colour
    outline: Colour

    @property
    def combination(self) -> tuple[str, str, int]:
        """What is disjoint between training and evaluation."""
        return self.shape, self.fill, self.hue

    @property
    def words(self) -> str:
        """The object in words, for the json's placeholders."""
        name = HUE_NAMES[self.hue % HUES]
        if self.hue >= HUES:
            name += f"-{HUE_NAMES[(self.hue + 1) % HUES]}"
        return f"{name} {self.shape} with {self.fill}"


@dataclass(frozen=True)
class Background:
    """A patterned wall behind the scene."""

    pattern: str
    hue: int
    dark: bool
    first: Colour
    second: Colour
    angle: float
    period: float
    """Length of the pattern in pixels of a 48-pixel picture."""
    phase: tuple[float, float]
    blobs: Plane
    """Shape (3, n): x, y in periods and sign of each blob."""

    @property
    def combination(self) -> tuple[str, int]:
        """What is disjoint between training and evaluation."""
        return self.pattern, self.hue


def colour(hue: float, luminance: float, chroma: float) -> Colour:
    """Return the RGB colour of a hue (in turns) with exactly this luminance (0..255, BT.601) before clipping."""
    tint = np.cos(2 * np.pi * (hue - np.array([0, 1 / 3, 2 / 3]))) * chroma
    tint -= tint @ np.array([0.299, 0.587, 0.114])
    return np.clip(luminance + tint, 0, 255).astype(np.float32)


def tone(rng: np.random.Generator, hue: int, low: float, high: float, chroma: float, after: int = 0) -> Colour:
    """Draw a colour of a hue, or of the one so many bins ``after`` it."""
    middle, spread = (hue, 0.4) if hue < HUES else (hue - HUES + 0.5, 0.1)
    return colour((middle + after + rng.uniform(-spread, spread)) / HUES, rng.uniform(low, high), chroma)


def sample_background(rng: np.random.Generator, palette: Palette) -> Background:
    """Draw a background of the palette: dark or light, two tones, one pattern."""
    number = int(rng.integers(len(PATTERNS)))
    hue = int(rng.choice(hues_of(number, palette)))
    dark = bool(rng.integers(2))
    middle = rng.uniform(50, 82) if dark else rng.uniform(172, 205)
    step = rng.uniform(8, 18)
    chroma = rng.uniform(8, 30)
    return Background(
        PATTERNS[number],
        hue,
        dark,
        tone(rng, hue, middle - step, middle - step, chroma),
        tone(rng, hue, middle + step, middle + step, chroma),
        rng.uniform(0, 2 * np.pi),
        rng.uniform(7, 16),
        (rng.uniform(0, 1), rng.uniform(0, 1)),
        np.stack([rng.uniform(-4, 4, 16), rng.uniform(-4, 4, 16), rng.choice([-1, 1], 16)]).astype(np.float32),
    )


def sample_appearance(rng: np.random.Generator, palette: Palette, dark: bool) -> Appearance:
    """Draw an object of the palette that stands out, by luminance, from a dark or light background."""
    shape = int(rng.integers(len(SHAPE_NAMES)))
    fill = int(rng.integers(len(FILL_NAMES)))
    hue = int(rng.choice(hues_of(shape + 2 * fill, palette)))
    bounds = ((185, 225), (120, 150), 12.0) if dark else ((25, 60), (90, 120), 245.0)
    first = tone(rng, hue, *bounds[0], chroma=rng.uniform(60, 90))
    second = tone(rng, hue, *bounds[1], chroma=rng.uniform(60, 90), after=1)
    return Appearance(SHAPE_NAMES[shape], FILL_NAMES[fill], hue, first, second, colour(0, bounds[2], 0))


def sample_hand(rng: np.random.Generator, palette: Palette, dark: bool) -> Appearance:
    """Draw a hand: a skin tone, and a sleeve whose hue is one of the palette's."""
    skin = colour(rng.uniform(0.05, 0.09), rng.uniform(170, 205) if dark else rng.uniform(70, 110), 45)
    hue = int(rng.choice(hues_of(0, palette)))
    sleeve = tone(rng, hue, *((120, 150) if dark else (25, 60)), chroma=60)
    return Appearance("hand", "sleeve", hue, skin, sleeve, colour(0, 12.0 if dark else 245.0, 0))


def pattern(background: Background, x: Plane, y: Plane) -> Plane:
    """Return the weight in [0, 1] of the second colour at x, y (one shape), in 48ths of the picture."""
    c, s = np.float32(np.cos(background.angle)), np.float32(np.sin(background.angle))
    p = (x * c + y * s) / np.float32(background.period) + np.float32(background.phase[0])
    q = (y * c - x * s) / np.float32(background.period) + np.float32(background.phase[1])
    turn = np.float32(2 * np.pi)
    match background.pattern:
        case "gradient":
            weight = np.clip(0.5 + (p - np.float32(background.phase[0])) / 5, 0, 1)
        case "stripes":
            weight = np.clip(0.5 + 2 * np.sin(turn * p), 0, 1)
        case "checker":
            weight = np.clip(0.5 + 4 * np.sin(turn * p / 2) * np.sin(turn * q / 2), 0, 1)
        case "blobs":
            bx, by, sign = (row.reshape(-1, *[1] * p.ndim) for row in background.blobs)
            weight = np.clip(0.5 + (sign * np.exp(-2 * ((p - bx) ** 2 + (q - by) ** 2))).sum(0), 0, 1)
        case "waves":
            weight = 0.5 + 0.5 * np.sin(turn * (p + np.float32(0.3) * np.sin(turn * q / 2)))
        case _:
            weight = 0.5 + 0.25 * np.sin(turn * p) + 0.25 * np.sin(turn * q)
    return np.asarray(weight, np.float32)
