"""What the report measures of a row: metrics of its runs, summarised and compared over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from experiments.store.result import Result
from experiments.study.rows import Row

METRICS = ("top1", "top5", "order", "pair_accuracy", "motion", "static", "mparams", "gmacs")
"""Every measured column, in the units of the report: percent, millions of parameters, 10^9 MACs a clip."""


def figure_of(result: Result, metric: str) -> float | None:
    """Return one of :data:`METRICS` of a result, or None where it has no such figure."""
    if metric == "mparams":
        return result.params / 1e6
    if metric == "gmacs":
        return result.macs / 1e9
    return result.accuracies.by_metric().get(metric)


@dataclass(frozen=True)
class Measure:
    """Mean and sample standard deviation over ``n`` seeds."""

    mean: float
    std: float | None
    n: int

    @classmethod
    def of(cls, values: list[float]) -> Measure | None:
        """Summarise values; None when there are none."""
        if not values:
            return None
        return cls(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None, len(values))


@dataclass
class RowData:
    """A row and what the store holds of it, by seed."""

    row: Row
    runs: bool = True
    """Whether the profile can run the row; a quoted row is never run."""
    results: dict[int, Result] = field(default_factory=dict)
    """The row's own figures; those of a derived row are counted from the scores of its members."""
    members: dict[int, tuple[Result, ...]] = field(default_factory=dict)
    """The trained runs behind the figures; of a row that is trained itself, the run."""
    failed: dict[int, str] = field(default_factory=dict)
    """The one-line errors of failed runs."""

    def measure(self, metric: str, seeds: Collection[int] | None = None) -> Measure | None:
        """Return a metric over all seeds, or some of them; None when the runs do not have it."""
        chosen = self.results.keys() if seeds is None else self.results.keys() & set(seeds)
        values = [figure_of(self.results[seed], metric) for seed in sorted(chosen)]
        return Measure.of([value for value in values if value is not None])

    def delta(self, reference: RowData, metric: str = "top1") -> Measure | None:
        """Return the difference to ``reference``, paired over the seeds that both have."""
        differences = []
        for seed in sorted(self.results.keys() & reference.results.keys()):
            own, other = figure_of(self.results[seed], metric), figure_of(reference.results[seed], metric)
            if own is not None and other is not None:
                differences.append(own - other)
        return Measure.of(differences)


@dataclass(frozen=True)
class Ranked:
    """A row's place among the measured ones."""

    row: str
    top1: Measure
    best: int
    """The place that it has at least: one more than the rows that are surely better. Counted from 1."""
    worst: int
    """The place that it has at most: the number of rows less those that are surely worse."""
    paper: float | None
    """Its authors' top-1."""
    knows_order: bool = True


@dataclass(frozen=True)
class Ranking:
    """The measured rows, the best first, and how many of the differences between them are decided."""

    rows: tuple[Ranked, ...]
    pairs: int
    decided: int
    """Of the pairs, after Holm's correction for all of them."""
    correlation: float
    """Spearman's, of measured and authors' top-1 over the rows that have both; NaN below three of them."""
    correlation_within: float
    """The same over the rows that know the order of frames: that the others lie below is no news."""
    left_out: tuple[str, ...] = ()
    """Measured rows with too few seeds."""
    speed: Mapping[str, float] = field(default_factory=dict)
    """Training clips a second by row, measured side by side; rows that were not are left out."""
