"""Claims tested on the measured runs, each difference by its replicates."""

from __future__ import annotations

import dataclasses
import math

from experiments.reporting.evidence import protocol
from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.contrasts import Difference, Differences
from experiments.reporting.evidence.verdicts import ALPHA, MIN_SEEDS, SAME, Outcome, Tested, Verdict
from experiments.store.store import Store
from experiments.study.claims import Claim
from gta.errors import UserError


def judge_claims(data: TableData, store: Store) -> tuple[Verdict, ...]:
    """Test every claim of a table on its measured rows; where all of them were scored on the test draw, there again."""
    frozen = protocol.read()
    own = Differences(data, store)
    again = Differences(data, store, "test") if data.profile.confirms else None
    verdicts = []
    for claim in data.table.claims:
        verdict = _test(data.table.name, claim, own)
        if again is not None and verdict.tested and all(data.row(name).row.split != "test" for name in claim.rows):
            verdict = dataclasses.replace(verdict, test=_test(data.table.name, claim, again))
        finished = [
            result.finished for name in claim.rows for members in data.row(name).members.values() for result in members
        ]
        was_first = protocol.frozen_before(frozen, data.table.name, claim, finished)
        verdicts.append(dataclasses.replace(verdict, frozen=was_first))
    return tuple(verdicts)


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
        return dataclasses.replace(own, why=_too_few(own))
    return dataclasses.replace(own, outcome=_outcome(own))


def _too_few(verdict: Verdict) -> str:
    fewest = min(verdict.tested, key=lambda tested: len(tested.seeds))
    rows = " and ".join(row for row, _ in fewest.contrast)
    which = "" if len(verdict.tested) == 1 else f", all that the difference of {rows} has,"
    alone = "; its interval is over clips alone" if len(verdict.closest.seeds) < MIN_SEEDS else ""
    return f"one seed{which} decides nothing{alone}"


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
