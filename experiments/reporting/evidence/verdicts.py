"""What the runs say of a claim: supported, contradicted, equivalent, undecided or not measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from experiments.study.claims import Claim, Contrast

ALPHA = 0.05
"""Two-sided; intervals hold 95 % of the replicates."""
MIN_SEEDS = 2
"""One seed cannot tell a difference of models from one of seeds."""
SAME = 1.0
"""Points; rows that are surely nearer to one another are the same for all that matters here."""


class Outcome(StrEnum):
    """What the runs say of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured"


DECIDED = (Outcome.SUPPORTED, Outcome.CONTRADICTED, Outcome.EQUIVALENT)


@dataclass(frozen=True)
class Tested:
    """One contrast of a claim: its difference in percent, the 95 % interval and two p values."""

    contrast: Contrast
    difference: float
    low: float
    high: float
    p_for: float
    """Two-sided p value against the claimed range being left."""
    p_against: float
    """Two-sided p value against the claimed range being kept."""
    seeds: tuple[int, ...]
    """Those that all of its rows have."""
    p_same: float = 1.0
    """One-sided p value against a difference of ``SAME`` points or more; 1 where no plain difference is claimed."""
    detectable: float = math.nan
    """See :attr:`Difference.detectable`."""


@dataclass(frozen=True)
class Verdict:
    """A claim, the outcome and what it rests on."""

    table: str
    claim: Claim
    outcome: Outcome
    tested: tuple[Tested, ...] = ()
    clips: int = 0
    why: str = ""
    """Why it is not measured or, in spite of figures, undecided."""
    test: Verdict | None = None
    """The same claim on the test draw, where there is one."""
    frozen: bool = True
    """Whether the claim is older than every run it reads."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the contrast that has the fewest."""
        return min((tested.seeds for tested in self.tested), key=len, default=())

    @property
    def closest(self) -> Tested:
        """The contrast to show: the least sure inside the range; of a contradicted claim the surest outside."""
        room = {t: min(t.difference - self.claim.low, self.claim.high - t.difference) for t in self.tested}
        if self.outcome is Outcome.CONTRADICTED:
            return min(self.tested, key=lambda t: (t.p_against, room[t]))
        return max(self.tested, key=lambda t: (t.p_for, -room[t]))

    @property
    def p(self) -> float:
        """P value of the outcome: of all contrasts for it, of one against it, or of no difference; else the least."""
        own = {
            Outcome.SUPPORTED: self.p_for,
            Outcome.CONTRADICTED: self.p_against,
            Outcome.EQUIVALENT: self.p_same,
        }
        return own.get(self.outcome, min(own.values()))

    @property
    def p_same(self) -> float:
        """P value of all its rows being the same."""
        return max((tested.p_same for tested in self.tested), default=1.0)

    @property
    def p_for(self) -> float:
        """P value of the claim: every contrast must hold."""
        return max((tested.p_for for tested in self.tested), default=1.0)

    @property
    def p_against(self) -> float:
        """P value of its contrary: one contrast that fails is enough, so each pays for all."""
        return min(1.0, len(self.tested) * min((tested.p_against for tested in self.tested), default=1.0))


def holm(found: Sequence[Verdict], alpha: float = ALPHA) -> set[tuple[str, str]]:
    """Return table and name of the claims whose outcome survives Holm's correction for the tests of its table."""
    kept = set()
    for _, own in groupby(tests(found), key=lambda verdict: verdict.table):
        ordered = sorted(own, key=lambda verdict: verdict.p)
        for place, verdict in enumerate(ordered):
            if verdict.p * (len(ordered) - place) >= alpha:
                break
            kept.add((verdict.table, verdict.claim.name))
    return kept


def tests(found: Sequence[Verdict]) -> list[Verdict]:
    """Return what is a test of the paper: measured on enough seeds, and no sanity check."""
    return [v for v in found if v.tested and len(v.seeds) >= MIN_SEEDS and not v.claim.sanity]
