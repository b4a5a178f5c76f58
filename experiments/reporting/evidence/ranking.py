"""The rows of a table in order of accuracy, and which of their differences are decided."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pandas as pd

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.contrasts import Difference, Differences
from experiments.reporting.evidence.measure import Ranked, Ranking
from experiments.reporting.evidence.verdicts import ALPHA, MIN_SEEDS
from experiments.store.store import Store
from gta.files import read_bytes


def rank(data: TableData, store: Store) -> Ranking | None:
    """Rank the rows of a table that have at least two seeds; None below two such rows.

    Every pair is tested two-sided on the differences of top-1, paired over clips and seeds, at 5 % with Holm's
    correction for the number of pairs.
    """
    rows = [row for row in data.rows if len(row.results) >= MIN_SEEDS]
    means = {row.row.name: row.measure("top1") for row in rows}
    measured = {name: mean for name, mean in means.items() if mean is not None}
    if len(measured) < 2:
        return None
    names = sorted(measured, key=lambda name: -measured[name].mean)
    differences = Differences(data, store)
    pairs = list(combinations(names, 2))
    found = differences.several([((high, 1.0), (low, -1.0)) for high, low in pairs if differences.shared(high, low)])
    decided = _decided(found, len(pairs))
    above = {name: sum(low == name for _, low in decided) for name in names}
    below = {name: sum(high == name for high, _ in decided) for name in names}
    own = {row.row.name: row.row for row in rows}
    ranked = tuple(
        Ranked(
            name,
            measured[name],
            1 + above[name],
            len(names) - below[name],
            own[name].paper.get("top1"),
            own[name].knows_order,
        )
        for name in names
    )
    both = [(row.top1.mean, row.paper, row.knows_order) for row in ranked if row.paper is not None]
    return Ranking(
        ranked,
        len(pairs),
        len(decided),
        spearman([(mean, paper) for mean, paper, _ in both]),
        spearman([(mean, paper) for mean, paper, knows_order in both if knows_order]),
        tuple(row.row.name for row in data.rows if 0 < len(row.results) < MIN_SEEDS),
        _speed(store.results / "benchmarks" / "peers.md"),
    )


def _speed(page: Path) -> dict[str, float]:
    """Return training clips a second by row, as `benchmarks.blocks` wrote them; empty without."""
    if not page.is_file():
        return {}
    text = read_bytes(page).decode("utf-8", "replace")
    found = re.findall(r"^\| ([^|]+?) *\| *(\d+(?:\.\d+)?) *\|", text, re.MULTILINE)
    return {row: float(clips) for row, clips in found}


def _decided(found: Sequence[Difference], pairs: int) -> set[tuple[str, str]]:
    """Return the better and the worse row of every difference that survives Holm's correction for so many pairs."""
    ordered = sorted(((_p(one), one) for one in found), key=lambda pair: pair[0])
    kept = set()
    for place, (p, one) in enumerate(ordered):
        if p * (pairs - place) >= ALPHA:
            break
        first, second = (name for name, _ in one.contrast)
        kept.add((first, second) if one.value > 0 else (second, first))
    return kept


def _p(one: Difference) -> float:
    means = one.replicates
    tail = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return min(1.0, 2 * (1 + tail) / (1 + len(means)))


def spearman(values: Sequence[tuple[float, float]]) -> float:
    """Return the rank correlation of pairs; NaN below three of them."""
    if len(values) < 3:
        return math.nan
    return float(pd.DataFrame(values).rank().corr().to_numpy()[0, 1])
