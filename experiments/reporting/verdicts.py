"""Claims against the measured runs: supported, contradicted, undecided or not measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from experiments.claims import Claim, Contrast
from experiments.reporting.collect import TableData, judge_row, same_start
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
    seeds: tuple[int, ...]
    """Those that all of its rows have."""


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
    hits = _Hits(data, store)
    found = []
    for claim in data.table.claims:
        missing = [name for name in claim.rows if not data.row(name).results]
        if missing:
            why = f"no run of {', '.join(missing)}"
            found.append(Verdict(data.table.name, claim, Outcome.NOT_MEASURED, why=why))
            continue
        try:
            found.append(_test(data, claim, hits))
        except UserError as error:
            found.append(Verdict(data.table.name, claim, Outcome.NOT_MEASURED, why=_relative(error, store)))
    return found


class _Hits:
    """What rows get right, each read once."""

    def __init__(self, data: TableData, store: Store) -> None:
        self._data, self._store = data, store
        self._found: dict[tuple[str, int], tuple[tuple[str, ...], NDArray[np.bool_]]] = {}

    def of(self, name: str, seed: int) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
        """Return the clip ids of a row's run, and whether each clip is right."""
        if (name, seed) not in self._found:
            judged = judge_row(self._data.row(name).row, seed, self._data.profile, self._store)
            self._found[name, seed] = judged.clip_ids, judged.hits
        return self._found[name, seed]


def _relative(error: UserError, store: Store) -> str:
    return str(error).replace(f"{store.results}/", "")


def _test(data: TableData, claim: Claim, hits: _Hits) -> Verdict:
    import numpy as np

    table, tested, clips, unlike = data.table.name, [], 0, set[int]()
    for contrast in claim.contrasts:
        rows = [data.row(name) for name, _ in contrast]
        common = sorted(set.intersection(*(set(row.results) for row in rows)))
        seeds = tuple(seed for seed in common if same_start(rows, seed, data.profile))
        unlike |= set(common) - set(seeds)
        if not seeds:
            reason = (
                "its rows started from different pre-trained weights" if common else "its rows have no seed in common"
            )
            return Verdict(table, claim, Outcome.NOT_MEASURED, why=reason)
        if len({hits.of(name, seed)[0] for name, _ in contrast for seed in seeds}) > 1:
            return Verdict(table, claim, Outcome.NOT_MEASURED, why="its rows were measured on different clips")
        parts = _parts(contrast)
        whole_SN = np.array([sum(round(w * parts) * hits.of(row, seed)[1] for row, w in contrast) for seed in seeds])
        tested.append(_bootstrap(contrast, claim, whole_SN, parts, seeds))
        clips = max(clips, whole_SN.shape[1])
    why = ""
    if unlike:
        why = f"without seed {', '.join(map(str, sorted(unlike)))}, whose rows started from different weights"
    own = Verdict(table, claim, Outcome.UNDECIDED, tuple(tested), clips, why)
    if len(own.seeds) < MIN_SEEDS:
        return _with(own, Outcome.UNDECIDED, "one seed decides nothing; the interval is over clips alone")
    if own.p_for < ALPHA:
        return _with(own, Outcome.SUPPORTED, why)
    return _with(own, Outcome.CONTRADICTED, why) if own.p_against < ALPHA else own


def _with(verdict: Verdict, outcome: Outcome, why: str) -> Verdict:
    return dataclasses.replace(verdict, outcome=outcome, why=why)


def _parts(contrast: Contrast) -> int:
    """Return the least number by which all weights are whole: sums of whole numbers are exact on every machine."""
    return math.lcm(*(Fraction(weight).limit_denominator(60).denominator for _, weight in contrast))


def _bootstrap(
    contrast: Contrast, claim: Claim, whole_SN: NDArray[np.floating], parts: int, seeds: tuple[int, ...]
) -> Tested:
    import numpy as np

    from experiments.reporting.bootstrap import replicate_means

    means = replicate_means(whole_SN) * (100 / parts)
    low, high = np.quantile(means, [ALPHA / 2, 1 - ALPHA / 2])

    def p(count: int) -> float:
        return min(1.0, 2 * (1 + count) / (1 + len(means)))

    p_for = max(
        p(int((means <= claim.low).sum())) if claim.low > -math.inf else 0.0,
        p(int((means >= claim.high).sum())) if claim.high < math.inf else 0.0,
    )
    p_against = min(  # a difference at the very edge is on neither side of it
        p(int((means >= claim.low).sum())) if claim.low > -math.inf else 1.0,
        p(int((means <= claim.high).sum())) if claim.high < math.inf else 1.0,
    )
    return Tested(contrast, float(whole_SN.mean()) * (100 / parts), float(low), float(high), p_for, p_against, seeds)


def holm(found: Sequence[Verdict], alpha: float = ALPHA) -> set[tuple[str, str]]:
    """Return table and name of the claims whose outcome survives Holm's correction for all tested claims."""
    tested = sorted((v for v in found if v.tested and len(v.seeds) >= MIN_SEEDS), key=lambda v: v.p)
    kept = set()
    for place, verdict in enumerate(tested):
        if verdict.p * (len(tested) - place) >= alpha:
            break
        kept.add((verdict.table, verdict.claim.name))
    return kept
