"""What the paper says of a table, as data: differences of rows and the range in which each of them should lie.

A claim is a set of contrasts (weighted sums of rows' top-1 accuracies, in percent) and an open range; it holds if each
contrast lies in the range. The kinds of statements are ways to write one down:

    greater("GTA", "DNL")                      GTA - DNL > 0
    greater("G = 8", ("G = 1", "G = 2"))       G8 - G1 > 0 and G8 - G2 > 0
    above_mean("G = 8", ("G = 1", "G = 32"))   G8 - (G1 + G32) / 2 > 0
    mean_above(("G = 2", "G = 4"), "G = 1")    (G2 + G4) / 2 - G1 > 0
    within("SlowFast", "R2D + GTA", 2.5)       -2.5 < SlowFast - GTA < 2.5
    helps_more(("A'", "A"), ("B'", "B"))       (A' - A) - (B' - B) > 0

A claim that holds by construction on the embedded data set is a sanity check, and says why.
``results/protocol.csv`` says when each claim was frozen; the report names those that are younger than a run they read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KNOWS_ORDER = "one row knows the order of frames, the other cannot; two thirds of the classes differ in order alone"
"""The one reason for a sanity check."""
Contrast = tuple[tuple[str, float], ...]
"""Row names and weights that add up to zero."""


@dataclass(frozen=True)
class Claim:
    """A statement of the paper about the rows of one table."""

    name: str
    """Short and unique within the table, such as ``DNL > NL``."""
    quote: str
    """The paper's own words, or what stands for them when the text is lost."""
    contrasts: tuple[Contrast, ...]
    low: float = 0.0
    high: float = math.inf
    note: str = ""
    """Where a margin comes from, or how a loose statement is read."""
    sanity: str = ""
    """Why it can hardly fail on the embedded data set: then it checks the study and is no test of the paper."""

    def __post_init__(self) -> None:
        for contrast in self.contrasts:
            if abs(sum(weight for _, weight in contrast)) > 1e-9:
                raise ValueError(f"claim {self.name!r}: the weights of {contrast} do not add up to zero")
        if not self.contrasts or self.low >= self.high:
            raise ValueError(f"claim {self.name!r}: needs a contrast and a range")

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of all rows that it speaks of."""
        return tuple(dict.fromkeys(row for contrast in self.contrasts for row, _ in contrast))

    @property
    def range(self) -> str:
        """The range for people: ``> 0`` or ``within ± 2.5``."""
        if self.high == math.inf:
            return f"> {self.low:g}"
        if self.low == -math.inf:
            return f"< {self.high:g}"
        return f"within ± {self.high:g}" if self.low == -self.high else f"from {self.low:g} to {self.high:g}"

    @property
    def equivalence(self) -> bool:
        """Whether it says that rows are about the same."""
        return -math.inf < self.low and self.high < math.inf

    def in_paper(self, figures: Mapping[str, float]) -> tuple[float, ...] | None:
        """Return the paper's own contrasts from its figures by row; None when one of them is lost."""
        if not set(self.rows) <= figures.keys():
            return None
        return tuple(sum(weight * figures[row] for row, weight in contrast) for contrast in self.contrasts)


def greater(name: str, row: str, than: str | Sequence[str], quote: str, note: str = "", sanity: str = "") -> Claim:
    """Claim that a row beats another one, or each of several."""
    others = (than,) if isinstance(than, str) else tuple(than)
    return Claim(name, quote, tuple(((row, 1.0), (other, -1.0)) for other in others), note=note, sanity=sanity)


def above_mean(name: str, row: str, others: Sequence[str], quote: str, note: str = "") -> Claim:
    """Claim that a row beats the mean of others: a peak against its two ends."""
    return Claim(name, quote, (((row, 1.0), *((other, -1 / len(others)) for other in others)),), note=note)


def mean_above(name: str, rows: Sequence[str], other: str, quote: str, note: str = "") -> Claim:
    """Claim that the mean of rows beats another one."""
    return Claim(name, quote, ((*((row, 1 / len(rows)) for row in rows), (other, -1.0)),), note=note)


def each_greater(name: str, pairs: Sequence[tuple[str, str]], quote: str, note: str = "") -> Claim:
    """Claim that the first row of every pair beats the second."""
    return Claim(name, quote, tuple(((row, 1.0), (other, -1.0)) for row, other in pairs), note=note)


def within(name: str, row: str | Sequence[str], of: str, margin: float, quote: str, note: str) -> Claim:
    """Claim that a row, or each of several, lies within ``margin`` points of another one."""
    rows = (row,) if isinstance(row, str) else tuple(row)
    return Claim(name, quote, tuple(((one, 1.0), (of, -1.0)) for one in rows), -margin, margin, note)


def helps_more(name: str, first: tuple[str, str], second: tuple[str, str], quote: str, note: str = "") -> Claim:
    """Claim that the difference of the first pair (with, without) exceeds that of the second."""
    contrast = ((first[0], 1.0), (first[1], -1.0), (second[0], -1.0), (second[1], 1.0))
    weights: dict[str, float] = {}
    for row, weight in contrast:  # a row that stands on both sides counts once
        weights[row] = weights.get(row, 0.0) + weight
    return Claim(name, quote, (tuple((row, weight) for row, weight in weights.items() if weight),), note=note)
