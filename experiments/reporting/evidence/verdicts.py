"""Claims against the measured runs: supported, contradicted, equivalent, undecided or not measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from experiments.reporting.evidence import protocol
from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.contrasts import ALPHA, Difference, Differences
from experiments.store.store import Store
from experiments.study.claims import Claim, Contrast
from gta.errors import UserError

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
        """P value of the outcome: of all contrasts for it, of one against it (Bonferroni), or of no difference."""
        return min(self.p_for, self.p_against, self.p_same)

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


def verdicts(data: TableData, store: Store) -> list[Verdict]:
    """Test every claim of a table on its measured rows; where all of them were scored on the test draw, there again."""
    frozen = protocol.read()
    own = Differences(data, store)
    again = Differences(data, store, "test") if data.profile.confirms else None
    found = []
    for claim in data.table.claims:
        verdict = _test(data.table.name, claim, own)
        if again is not None and verdict.tested:
            verdict = dataclasses.replace(verdict, test=_test(data.table.name, claim, again))
        finished = [
            result.finished for name in claim.rows for members in data.row(name).members.values() for result in members
        ]
        was_first = protocol.frozen_before(frozen, data.table.name, claim, finished)
        found.append(dataclasses.replace(verdict, frozen=was_first))
    return found


def _test(table: str, claim: Claim, differences: Differences) -> Verdict:
    try:
        measured = [differences.of(contrast) for contrast in claim.contrasts]
    except UserError as error:
        return Verdict(table, claim, Outcome.NOT_MEASURED, why=str(error))
    unlike = sorted({seed for one in measured for seed in one.unlike})
    why = f"without seed {', '.join(map(str, unlike))}, whose rows started from different weights" if unlike else ""
    tested = tuple(_judge(one, claim) for one in measured)
    own = Verdict(table, claim, Outcome.UNDECIDED, tested, max(one.clips for one in measured), why)
    if len(own.seeds) < MIN_SEEDS:
        return dataclasses.replace(own, why="one seed decides nothing; the interval is over clips alone")
    return dataclasses.replace(own, outcome=_outcome(own))


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.p_for < ALPHA:
        return Outcome.SUPPORTED
    if verdict.p_against < ALPHA:
        return Outcome.CONTRADICTED
    return Outcome.EQUIVALENT if verdict.p_same < ALPHA else Outcome.UNDECIDED


def _judge(measured: Difference, claim: Claim) -> Tested:
    """Return the p values of a difference.

    A claim that rows are about the same is tested by two one-sided tests (Schuirmann, 1987), and so is whether rows
    whose difference is claimed lie within ``SAME`` points; everything else is two-sided.
    """
    means = measured.replicates
    sides = 1 if claim.equivalence else 2

    def p(count: int, sides: int = 2) -> float:
        return min(1.0, sides * (1 + count) / (1 + len(means)))

    p_for = max(
        p(int((means <= claim.low).sum()), sides) if claim.low > -math.inf else 0.0,
        p(int((means >= claim.high).sum()), sides) if claim.high < math.inf else 0.0,
    )
    p_against = min(  # a difference at the very edge is on neither side of it
        p(int((means >= claim.low).sum())) if claim.low > -math.inf else 1.0,
        p(int((means <= claim.high).sum())) if claim.high < math.inf else 1.0,
    )
    p_same = max(p(int((means <= -SAME).sum()), 1), p(int((means >= SAME).sum()), 1))
    return Tested(
        measured.contrast,
        measured.value,
        measured.low,
        measured.high,
        p_for,
        p_against,
        measured.seeds,
        1.0 if claim.equivalence or claim.low or claim.high < math.inf else p_same,
        measured.detectable,
    )


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
