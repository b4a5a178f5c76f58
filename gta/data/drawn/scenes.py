"""The generators: what happens in each template, laid out on a 48 x 48 stage over times in (0, 1).

A generator makes the sprites that take part, back to front. Order generators tell their story forwards; the second
template of a pair is the same story with its frames reversed. Nothing else in a clip knows the direction of time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gta.data.drawn.appearance import Look, Pool, sample_hand, sample_look
from gta.data.drawn.render import Sprite
from gta.data.drawn.shapes import Plane


class Stage:
    """The random source, the clock and the wardrobe that generators draw on."""

    def __init__(self, rng: np.random.Generator, frames: int, pool: Pool, dark: bool, shown: float = 1.0) -> None:
        """Set up a stage for ``frames`` frames in front of a dark or light background.

        Args:
            rng: decides everything on it.
            frames: T.
            pool: what may appear.
            dark: whether the background is.
            shown: the smallest part of a movement that is seen.
        """
        self.rng, self.pool, self.dark, self.shown = rng, pool, dark, shown
        self.time = ((np.arange(frames) + 0.5) / frames).astype(np.float32)

    def uniform(self, low: float, high: float) -> float:
        """One number."""
        return float(self.rng.uniform(low, high))

    def sign(self) -> int:
        """Plus or minus one."""
        return int(self.rng.choice([-1, 1]))

    def look(self) -> Look:
        """One object of the pool."""
        return sample_look(self.rng, self.pool, self.dark)

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
        look: Look,
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

        return Sprite(look, path(x), path(y), path(radius), path(angle), path(alpha))

    def tilt(self) -> float:
        """A multiple of a quarter turn, give or take 15 degrees."""
        return self.rng.integers(4) * np.pi / 2 + self.uniform(-0.26, 0.26)

    def hand(self, x: Plane | float, y: Plane | float, angle: float) -> Sprite:
        """A hand whose finger tips are at (x, y); at angle 0 the arm points straight up."""
        look = sample_hand(self.rng, self.pool, self.dark)
        return self.sprite(look, x, y, self.uniform(0.9, 1.1), angle=angle)


def _across(stage: Stage) -> list[Sprite]:
    p = stage.part()
    y = stage.uniform(14, 34) + stage.uniform(-3, 3) * (p - 0.5)
    x = stage.uniform(10, 14) * (1 - p) + stage.uniform(34, 38) * p
    return [stage.sprite(stage.look(), x, y, stage.uniform(5, 7))]


def _up(stage: Stage) -> list[Sprite]:
    p = stage.part()
    x = stage.uniform(14, 34) + stage.uniform(-3, 3) * (p - 0.5)
    y = stage.uniform(34, 38) * (1 - p) + stage.uniform(10, 14) * p
    return [stage.sprite(stage.look(), x, y, stage.uniform(5, 7))]


def _closer(stage: Stage) -> list[Sprite]:
    p = stage.part()
    radius = stage.uniform(3.6, 4.4) * (1 - p) + stage.uniform(10, 12) * p
    x, y = stage.uniform(19, 29), stage.uniform(19, 29)
    return [stage.sprite(stage.look(), x, y, radius)]


def _together(stage: Stage) -> list[Sprite]:
    p = stage.part()
    radii = stage.uniform(4.8, 6), stage.uniform(4.8, 6)
    half = stage.uniform(13, 15) * (1 - p) + (sum(radii) / 2 + stage.uniform(0.5, 1.5)) * p
    direction = stage.uniform(0, 2 * np.pi)
    x, y = stage.uniform(22, 26), stage.uniform(22, 26)
    dx, dy = half * np.cos(direction), half * np.sin(direction)
    return [
        stage.sprite(stage.look(), x - dx, y - dy, radii[0]),
        stage.sprite(stage.look(), x + dx, y + dy, radii[1]),
    ]


def _cover(stage: Stage) -> list[Sprite]:
    p = stage.progress(*stage.window())
    x, y = stage.uniform(16, 32), stage.uniform(16, 32)
    radius = stage.uniform(5, 6)
    direction = stage.uniform(0, 2 * np.pi)
    away = (1 - p) * stage.uniform(34, 38)
    cloth = replace(stage.look(), shape="cloth")
    return [
        stage.sprite(stage.look(), x, y, radius),
        stage.sprite(
            cloth,
            x + away * np.cos(direction),
            y + away * np.sin(direction),
            radius + stage.uniform(3, 4),
            angle=stage.uniform(-0.2, 0.2),
        ),
    ]


def _appear(stage: Stage) -> list[Sprite]:
    start, end = stage.window()
    middle = stage.uniform(0.3, 0.7)
    length = stage.uniform(0.25, 0.5)
    p = stage.progress(max(start, middle - length / 2), min(end, middle + length / 2))
    return [stage.sprite(stage.look(), stage.uniform(15, 33), stage.uniform(15, 33), stage.uniform(6, 8), alpha=p)]


class _Reach:
    """A thing on the lower half of the stage and an arm that slants down to it from above."""

    def __init__(self, stage: Stage, lift: float = 0.0) -> None:
        self.radius = stage.uniform(5.5, 6.5)
        self.x, self.y = stage.uniform(16, 32), stage.uniform(27, 35) - lift
        self.lean = stage.uniform(-0.35, 0.35)
        self.arm = float(np.sin(self.lean)), -float(np.cos(self.lean))  # the arm's direction in the picture
        self.out = self.y / -self.arm[1] + stage.uniform(1, 4)  # from the thing to beyond the upper edge

    def thing(self, stage: Stage, away: Plane | float) -> Sprite:
        return stage.sprite(stage.look(), self.x + away * self.arm[0], self.y + away * self.arm[1], self.radius)

    def hand(self, stage: Stage, away: Plane | float) -> Sprite:
        tips = away + 0.55 * self.radius
        return stage.hand(self.x + tips * self.arm[0], self.y + tips * self.arm[1], self.lean)


def _pick(stage: Stage) -> list[Sprite]:
    start, end = stage.window()
    grasp = start + (end - start) * stage.uniform(0.4, 0.55)
    reach = _Reach(stage)
    lifted = stage.progress(grasp + 0.04, end) * (reach.out + reach.radius)
    coming = (1 - stage.progress(start, grasp)) * reach.out
    return [reach.thing(stage, lifted), reach.hand(stage, coming + lifted)]


def _tear(stage: Stage) -> list[Sprite]:
    p = stage.part()
    x, y, radius, look = stage.uniform(20, 28), stage.uniform(20, 28), stage.uniform(7.5, 9), stage.look()
    tilt, cut = stage.tilt(), stage.uniform(0, 2 * np.pi)
    apart, turn = p * stage.uniform(7, 9), p * stage.uniform(0.1, 0.5)
    halves = []
    for side in (-1, 1):
        dx, dy = side * apart * np.cos(cut + tilt), side * apart * np.sin(cut + tilt)
        half = stage.sprite(look, x + dx, y + dy, radius, angle=tilt + side * turn)
        halves.append(replace(half, cut=cut if side > 0 else cut + np.pi))
    return halves


def _shake(stage: Stage) -> list[Sprite]:
    start, end = stage.window()
    swing = np.sin(2 * np.pi * (stage.uniform(3, 5) * stage.time + stage.uniform(0, 1)))
    edge = np.clip((stage.time - start) / 0.1, 0, 1) * np.clip((end - stage.time) / 0.1, 0, 1)
    swing = swing * edge * stage.uniform(3.5, 5.5)
    direction = stage.uniform(0, 2 * np.pi)
    x, y = stage.uniform(15, 33), stage.uniform(15, 33)
    wobble = swing * stage.uniform(-0.06, 0.06)
    return [
        stage.sprite(
            stage.look(),
            x + swing * np.cos(direction),
            y + swing * np.sin(direction),
            stage.uniform(5.5, 7.5),
            angle=stage.tilt() + wobble,
        )
    ]


def _there_and_back(stage: Stage) -> Plane:
    start, end = stage.window()
    middle = start + (end - start) * stage.uniform(0.35, 0.65)
    rest = stage.uniform(0.03, 0.12)
    return np.minimum(stage.progress(start, middle - rest), 1 - stage.progress(middle + rest, end))


def _sideways(stage: Stage) -> list[Sprite]:
    p = _there_and_back(stage)
    side = stage.sign()
    x = 24 - side * stage.uniform(10, 13) + side * stage.uniform(19, 23) * p
    return [stage.sprite(stage.look(), x, stage.uniform(14, 34), stage.uniform(5, 7))]


def _pretend_pick(stage: Stage) -> list[Sprite]:
    reach = _Reach(stage)
    away = (1 - _there_and_back(stage)) * reach.out
    return [reach.thing(stage, 0.0), reach.hand(stage, away)]


def _spin(stage: Stage) -> list[Sprite]:
    turns = stage.sign() * stage.uniform(0.75, 1.6)
    angle = stage.tilt() + 2 * np.pi * turns * stage.progress(*stage.window())
    return [
        stage.sprite(stage.look(), stage.uniform(15, 33), stage.uniform(15, 33), stage.uniform(6.5, 8.5), angle=angle)
    ]


def _hold(stage: Stage) -> list[Sprite]:
    reach = _Reach(stage, lift=stage.uniform(0, 8))
    return [reach.thing(stage, 0.0), reach.hand(stage, 0.0)]


def _next_to(stage: Stage) -> list[Sprite]:
    radii = stage.uniform(5, 6.5), stage.uniform(5, 6.5)
    gap = (sum(radii) + stage.uniform(0.5, 2)) / 2
    x, y, slope = stage.uniform(20, 28), stage.uniform(15, 33), stage.uniform(-1.5, 1.5)
    return [
        stage.sprite(stage.look(), x - gap, y - slope, radii[0]),
        stage.sprite(stage.look(), x + gap, y + slope, radii[1]),
    ]


def _on_top(stage: Stage) -> list[Sprite]:
    radii = stage.uniform(5, 6.5), stage.uniform(5, 6.5)
    gap = (sum(radii) - 0.5) / 2
    x, y, slope = stage.uniform(15, 33), stage.uniform(20, 28), stage.uniform(-1.5, 1.5)
    return [
        stage.sprite(stage.look(), x - slope, y - gap, radii[0]),
        stage.sprite(stage.look(), x + slope, y + gap, radii[1]),
    ]


def _behind(stage: Stage) -> list[Sprite]:
    x, y = stage.uniform(18, 30), stage.uniform(18, 30)
    direction = stage.uniform(0, 2 * np.pi)
    off = stage.uniform(5, 6.5)
    return [
        stage.sprite(stage.look(), x + off * np.cos(direction), y + off * np.sin(direction), stage.uniform(6, 7.5)),
        stage.sprite(stage.look(), x, y, stage.uniform(6, 7.5)),
    ]


GENERATORS: dict[str, Callable[[Stage], list[Sprite]]] = {
    "across": _across,
    "up": _up,
    "closer": _closer,
    "together": _together,
    "cover": _cover,
    "appear": _appear,
    "pick": _pick,
    "tear": _tear,
    "shake": _shake,
    "sideways": _sideways,
    "pretend_pick": _pretend_pick,
    "spin": _spin,
    "hold": _hold,
    "next_to": _next_to,
    "on_top": _on_top,
    "behind": _behind,
}
