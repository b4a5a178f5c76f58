"""The 24 templates of the embedded data set, named in the manner of Something-Something.

Eight order pairs (each template is the time reversal of its partner), four motions whose reversal is the same
motion, four static arrangements. Only the pair that says "left" and "right" changes its meaning in a mirror.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["order", "motion", "static"]
KINDS: tuple[Kind, ...] = ("order", "motion", "static")


@dataclass(frozen=True)
class Template:
    """One class of the embedded data set."""

    name: str
    kind: Kind
    scene: str
    """Which generator of :mod:`gta.data.drawn.scenes` draws it; both templates of an order pair share one."""
    reverse: str | None = None
    """The partner of an order pair."""
    backward: bool = False
    """The second of a pair: the generator's frames in reversed order."""

    @property
    def bracketed(self) -> str:
        """The name as Something-Something's json files spell it, ``Covering [something] with [something]``."""
        return re.sub(r"\b[Ss]omething\b", lambda word: f"[{word.group()}]", self.name)


def _pair(scene: str, first: str, second: str) -> tuple[Template, Template]:
    return Template(first, "order", scene, second), Template(second, "order", scene, first, backward=True)


TEMPLATES: tuple[Template, ...] = (
    *_pair("across", "Moving something from left to right", "Moving something from right to left"),
    *_pair("up", "Moving something up", "Moving something down"),
    *_pair("closer", "Moving something closer to the camera", "Moving something away from the camera"),
    *_pair(
        "together",
        "Moving something and something closer to each other",
        "Moving something and something away from each other",
    ),
    *_pair("cover", "Covering something with something", "Uncovering something"),
    *_pair("appear", "Something appearing", "Something vanishing"),
    *_pair("pick", "Picking something up", "Putting something down"),
    *_pair("tear", "Tearing something into two pieces", "Joining two pieces of something"),
    Template("Shaking something", "motion", "shake"),
    Template("Pretending to move something sideways", "motion", "sideways"),
    Template("Pretending to pick something up", "motion", "pretend_pick"),
    Template("Spinning something", "motion", "spin"),
    Template("Holding something", "static", "hold"),
    Template("Showing something next to something", "static", "next_to"),
    Template("Showing something on top of something", "static", "on_top"),
    Template("Showing something behind something", "static", "behind"),
)

_BY_NAME = {template.name: template for template in TEMPLATES}


def kinds_and_partners(labels: Sequence[str]) -> tuple[tuple[str, ...], dict[int, int]]:
    """Return the kind of each class and the class of each reversed template; both empty for other data sets.

    Args:
        labels: names of the classes, in their order.
    """
    if set(labels) != set(_BY_NAME):
        return (), {}
    place = {label: index for index, label in enumerate(labels)}
    partner = {place[t.name]: place[t.reverse] for t in TEMPLATES if t.reverse is not None}
    return tuple(_BY_NAME[label].kind for label in labels), partner
