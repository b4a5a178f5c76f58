"""Claims against the measured runs: supported, contradicted, undecided or not measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from experiments.claims import Claim, Contrast
from experiments.reporting.collect import TableData, judge_row
from experiments.store import Store
from gta.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALPHA = 0.05
"""Two-sided; intervals hold 95 % of the replicates."""
MIN_SEEDS = 2
"""One seed cannot tell a difference of models from one of seeds."""


class Outcome(StrEnum):
    """What the runs say of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured"


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


@dataclass(frozen=True)
class Verdict:
    """A claim, the outcome and what it rests on."""

    table: str
    claim: Claim
    outcome: Outcome
    tested: tuple[Tested, ...] = ()
    seeds: tuple[int, ...] = ()
    clips: int = 0
    why: str = ""
    """Why it is not measured or, in spite of figures, undecided."""

    @property
    def closest(self) -> Tested:
        """The contrast to show: nearest to leaving the claimed range; of a contradicted claim the surest outside."""
        room = {t: min(t.difference - self.claim.low, self.claim.high - t.difference) for t in self.tested}
        if self.outcome is Outcome.CONTRADICTED:
            return min(self.tested, key=lambda t: (t.p_against, room[t]))
        return min(self.tested, key=lambda t: room[t])

    @property
    def p(self) -> float:
        """P value of the claim's outcome: of all contrasts for it, or of one (Bonferroni) against it."""
        return min(self.p_for, self.p_against)

    @property
    def p_for(self) -> float:
        """P value of the claim: every contrast must hold."""
        return max((tested.p_for for tested in self.tested), default=1.0)

    @property
    def p_against(self) -> float:
        """P value of its contrary: one contrast that fails is enough, so each pays for all."""
        return min(1.0, len(self.tested) * min((tested.p_against for tested in self.tested), default=1.0))


def verdicts(data: TableData, store: Store) -> list[Verdict]:
    """Test every claim of a table on its measured rows."""
    hits: dict[tuple[str, int], tuple[tuple[str, ...], NDArray[np.bool_]]] = {}
    found = []
    for claim in data.table.claims:
        missing = [name for name in claim.rows if not data.row(name).results]
        seeds = sorted(set.intersection(*(set(data.row(name).results) for name in claim.rows)))
        if missing or not seeds:
            why = f"no run of {', '.join(missing)}" if missing else "its rows have no seed in common"
            found.append(Verdict(data.table.name, claim, Outcome.NOT_MEASURED, why=why))
            continue
        try:
            for name in claim.rows:
                for seed in seeds:
                    if (name, seed) not in hits:
                        judged = judge_row(data.row(name).row, seed, data.profile, store)
                        hits[name, seed] = judged.clip_ids, judged.hits
            found.append(_test(data.table.name, claim, seeds, hits))
        except UserError as error:
            found.append(Verdict(data.table.name, claim, Outcome.NOT_MEASURED, why=_relative(error, store)))
    return found


def _relative(error: UserError, store: Store) -> str:
    return str(error).replace(f"{store.results}/", "")


def _test(
    table: str,
    claim: Claim,
    seeds: Sequence[int],
    hits: dict[tuple[str, int], tuple[tuple[str, ...], NDArray[np.bool_]]],
) -> Verdict:
    import numpy as np

    if len({hits[name, seed][0] for name in claim.rows for seed in seeds}) > 1:
        return Verdict(table, claim, Outcome.NOT_MEASURED, why="its rows were measured on different clips")
    tested = []
    for contrast in claim.contrasts:
        difference_SN = np.array([sum(weight * hits[row, seed][1] for row, weight in contrast) for seed in seeds])
        tested.append(_bootstrap(contrast, claim, difference_SN))
    clips = difference_SN.shape[1]
    own = Verdict(table, claim, Outcome.UNDECIDED, tuple(tested), tuple(seeds), clips)
    if len(seeds) < MIN_SEEDS:
        return _with(own, Outcome.UNDECIDED, "one seed decides nothing; the interval is over clips alone")
    if own.p_for < ALPHA:
        return _with(own, Outcome.SUPPORTED)
    return _with(own, Outcome.CONTRADICTED) if own.p_against < ALPHA else own


def _with(verdict: Verdict, outcome: Outcome, why: str = "") -> Verdict:
    return Verdict(verdict.table, verdict.claim, outcome, verdict.tested, verdict.seeds, verdict.clips, why)


def _bootstrap(contrast: Contrast, claim: Claim, difference_SN: NDArray[np.floating]) -> Tested:
    import numpy as np

    from experiments.reporting.bootstrap import replicate_means

    means = replicate_means(difference_SN) * 100
    low, high = np.quantile(means, [ALPHA / 2, 1 - ALPHA / 2])

    def p(count: int) -> float:
        return min(1.0, 2 * (1 + count) / (1 + len(means)))

    p_for = max(
        p(int((means <= claim.low).sum())) if claim.low > -math.inf else 0.0,
        p(int((means >= claim.high).sum())) if claim.high < math.inf else 0.0,
    )
    p_against = p(int(((means > claim.low) & (means < claim.high)).sum()))
    return Tested(contrast, float(difference_SN.mean()) * 100, float(low), float(high), p_for, p_against)


def holm(found: Sequence[Verdict], alpha: float = ALPHA) -> set[tuple[str, str]]:
    """Return table and name of the claims whose outcome survives Holm's correction for all tested claims."""
    tested = sorted((v for v in found if v.tested and len(v.seeds) >= MIN_SEEDS), key=lambda v: v.p)
    kept = set()
    for place, verdict in enumerate(tested):
        if verdict.p * (len(tested) - place) >= alpha:
            break
        kept.add((verdict.table, verdict.claim.name))
    return kept
