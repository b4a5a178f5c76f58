"""The generators: what happens in each template, laid out on a :class:`~gta.data.drawn.stage.Stage`.

A generator makes the sprites that take part, back to front. An order generator tells its story forwards; the second
template of a pair is the same story with its frames reversed. Nothing else in a clip knows the direction of time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gta.data.drawn.render import Sprite
from gta.data.drawn.shapes import Plane
from gta.data.drawn.stage import Stage


def _across(stage: Stage) -> list[Sprite]:
    p = stage.part()
    y = stage.uniform(14, 34) + stage.uniform(-3, 3) * (p - 0.5)
    x = stage.uniform(10, 14) * (1 - p) + stage.uniform(34, 38) * p
    return [stage.sprite(stage.appearance(), x, y, stage.uniform(5, 7))]


def _up(stage: Stage) -> list[Sprite]:
    p = stage.part()
    x = stage.uniform(14, 34) + stage.uniform(-3, 3) * (p - 0.5)
    y = stage.uniform(34, 38) * (1 - p) + stage.uniform(10, 14) * p
    return [stage.sprite(stage.appearance(), x, y, stage.uniform(5, 7))]


def _closer(stage: Stage) -> list[Sprite]:
    p = stage.part()
    radius = stage.uniform(3.6, 4.4) * (1 - p) + stage.uniform(10, 12) * p
    x, y = stage.uniform(19, 29), stage.uniform(19, 29)
    return [stage.sprite(stage.appearance(), x, y, radius)]


def _together(stage: Stage) -> list[Sprite]:
    p = stage.part()
    radii = stage.uniform(4.8, 6), stage.uniform(4.8, 6)
    half = stage.uniform(13, 15) * (1 - p) + (sum(radii) / 2 + stage.uniform(0.5, 1.5)) * p
    direction = stage.uniform(0, 2 * np.pi)
    x, y = stage.uniform(22, 26), stage.uniform(22, 26)
    dx, dy = half * np.cos(direction), half * np.sin(direction)
    return [
        stage.sprite(stage.appearance(), x - dx, y - dy, radii[0]),
        stage.sprite(stage.appearance(), x + dx, y + dy, radii[1]),
    ]


def _cover(stage: Stage) -> list[Sprite]:
    p = stage.progress(*stage.window())
    x, y = stage.uniform(16, 32), stage.uniform(16, 32)
    radius = stage.uniform(5, 6)
    direction = stage.uniform(0, 2 * np.pi)
    away = (1 - p) * stage.uniform(34, 38)
    cloth = replace(stage.appearance(), shape="cloth")
    return [
        stage.sprite(stage.appearance(), x, y, radius),
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
    return [
        stage.sprite(stage.appearance(), stage.uniform(15, 33), stage.uniform(15, 33), stage.uniform(6, 8), alpha=p)
    ]


class _Reach:
    """A thing on the lower half of the stage and an arm that slants down to it from above."""

    def __init__(self, stage: Stage, lift: float = 0.0) -> None:
        self.radius = stage.uniform(5.5, 6.5)
        self.x, self.y = stage.uniform(16, 32), stage.uniform(27, 35) - lift
        self.lean = stage.uniform(-0.35, 0.35)
        self.arm = float(np.sin(self.lean)), -float(np.cos(self.lean))  # the arm's direction in the picture
        self.out = self.y / -self.arm[1] + stage.uniform(1, 4)  # from the thing to beyond the upper edge

    def thing(self, stage: Stage, away: Plane | float) -> Sprite:
        return stage.sprite(stage.appearance(), self.x + away * self.arm[0], self.y + away * self.arm[1], self.radius)

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
    x, y, radius, appearance = stage.uniform(20, 28), stage.uniform(20, 28), stage.uniform(7.5, 9), stage.appearance()
    tilt, cut = stage.tilt(), stage.uniform(0, 2 * np.pi)
    apart, turn = p * stage.uniform(7, 9), p * stage.uniform(0.1, 0.5)
    halves = []
    for side in (-1, 1):
        dx, dy = side * apart * np.cos(cut + tilt), side * apart * np.sin(cut + tilt)
        half = stage.sprite(appearance, x + dx, y + dy, radius, angle=tilt + side * turn)
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
            stage.appearance(),
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
    return [stage.sprite(stage.appearance(), x, stage.uniform(14, 34), stage.uniform(5, 7))]


def _pretend_pick(stage: Stage) -> list[Sprite]:
    reach = _Reach(stage)
    away = (1 - _there_and_back(stage)) * reach.out
    return [reach.thing(stage, 0.0), reach.hand(stage, away)]


def _spin(stage: Stage) -> list[Sprite]:
    turns = stage.sign() * stage.uniform(0.75, 1.6)
    angle = stage.tilt() + 2 * np.pi * turns * stage.progress(*stage.window())
    return [
        stage.sprite(
            stage.appearance(), stage.uniform(15, 33), stage.uniform(15, 33), stage.uniform(6.5, 8.5), angle=angle
        )
    ]


def _hold(stage: Stage) -> list[Sprite]:
    reach = _Reach(stage, lift=stage.uniform(0, 8))
    return [reach.thing(stage, 0.0), reach.hand(stage, 0.0)]


def _next_to(stage: Stage) -> list[Sprite]:
    radii = stage.uniform(5, 6.5), stage.uniform(5, 6.5)
    gap = (sum(radii) + stage.uniform(0.5, 2)) / 2
    x, y, slope = stage.uniform(20, 28), stage.uniform(15, 33), stage.uniform(-1.5, 1.5)
    return [
        stage.sprite(stage.appearance(), x - gap, y - slope, radii[0]),
        stage.sprite(stage.appearance(), x + gap, y + slope, radii[1]),
    ]


def _on_top(stage: Stage) -> list[Sprite]:
    radii = stage.uniform(5, 6.5), stage.uniform(5, 6.5)
    gap = (sum(radii) - 0.5) / 2
    x, y, slope = stage.uniform(15, 33), stage.uniform(20, 28), stage.uniform(-1.5, 1.5)
    return [
        stage.sprite(stage.appearance(), x - slope, y - gap, radii[0]),
        stage.sprite(stage.appearance(), x + slope, y + gap, radii[1]),
    ]


def _behind(stage: Stage) -> list[Sprite]:
    x, y = stage.uniform(18, 30), stage.uniform(18, 30)
    direction = stage.uniform(0, 2 * np.pi)
    off = stage.uniform(5, 6.5)
    return [
        stage.sprite(
            stage.appearance(), x + off * np.cos(direction), y + off * np.sin(direction), stage.uniform(6, 7.5)
        ),
        stage.sprite(stage.appearance(), x, y, stage.uniform(6, 7.5)),
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
