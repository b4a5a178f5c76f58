"""Agreement in size: every difference of rows that the paper prints, measured here, beside the paper's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.contrasts import Difference, Differences
from experiments.store.store import Store
from experiments.study.claims import Contrast
from gta.errors import UserError

SMALL = 3.0
"""Points; differences that the paper prints as smaller are looked at by themselves."""


@dataclass(frozen=True)
class Pair:
    """A difference that is printed in the paper and measured here, in points of top-1."""

    table: str
    measured: Difference
    paper: float
    paper_2: float | None
    """The paper's difference on its second data set."""
    sanity: bool
    """Whether only one side knows the order of frames, so that it is large by construction."""

    @property
    def apart(self) -> float:
        """Measured minus printed."""
        return self.measured.value - self.paper

    @property
    def inside(self) -> bool:
        """Whether the paper's difference lies in the interval."""
        return self.measured.low <= self.paper <= self.measured.high


def pairs(tables: Sequence[TableData], store: Store) -> list[Pair]:
    """Return the differences of all claims and of all rows to their reference, each pair of runs once."""
    found: dict[object, Pair] = {}
    for data in tables:
        if data.table.ranked:
            continue  # the figures beside its rows are those of many papers
        differences = Differences(data, store)
        for contrast in _contrasts(data):
            printed = [_printed(data, contrast, metric) for metric in ("top1", "v2_top1")]
            if printed[0] is None:
                continue
            try:
                measured = differences.of(contrast)
            except UserError:
                continue  # not run yet; the table says so
            pair = Pair(data.table.name, measured, printed[0], printed[1], not _same_knowledge(data, contrast))
            found.setdefault(_key(data, measured), pair)
    return list(found.values())


def _contrasts(data: TableData) -> Iterator[Contrast]:
    for claim in data.table.claims:
        yield from claim.contrasts
    for row in data.rows:
        if row is not data.reference and not row.row.quoted:
            yield (row.row.name, 1.0), (data.table.reference, -1.0)


def _printed(data: TableData, contrast: Contrast, metric: str) -> float | None:
    figures = [data.row(name).row.paper.get(metric) for name, _ in contrast]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return None
    return sum(weight * figure for (_, weight), figure in zip(contrast, known, strict=True))


def _same_knowledge(data: TableData, contrast: Contrast) -> bool:
    """Return whether both sides of a contrast know the order of frames, or neither does."""
    return abs(sum(weight for name, weight in contrast if data.row(name).row.knows_order)) < 1e-9


def _key(data: TableData, measured: Difference) -> object:
    """Return what two differences of the same runs have in common, whichever way round they are written."""
    seed = measured.seeds[0]
    terms = [(data.row(name).results[seed].run_id, round(weight, 6)) for name, weight in measured.contrast]
    return frozenset({frozenset(terms), frozenset((run, -weight) for run, weight in terms)})
