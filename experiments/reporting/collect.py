"""Gather what the store holds for the rows of a table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from experiments.result import Problem, Result
from experiments.store import Store
from experiments.study import Profile, Row, Table

METRICS: dict[str, Callable[[Result], float | None]] = {
    "top1": lambda result: result.top1,
    "top5": lambda result: result.top5,
    "order": lambda result: result.kinds.get("order"),
    "pair_accuracy": lambda result: result.pair_accuracy,
    "motion": lambda result: result.kinds.get("motion"),
    "static": lambda result: result.kinds.get("static"),
    "mparams": lambda result: result.params / 1e6,
    "gmacs": lambda result: result.macs / 1e9,
}
"""Every measured column, in the units of the report: percent, millions of parameters, 10^9 MACs a clip."""


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
    """A row and its runs by seed."""

    row: Row
    results: dict[int, Result] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    """The one-line errors of failed runs."""

    def measure(self, metric: str) -> Measure | None:
        """Return a metric over the seeds; None when the runs do not have it."""
        values = [METRICS[metric](self.results[seed]) for seed in sorted(self.results)]
        return Measure.of([value for value in values if value is not None])

    def delta(self, reference: RowData, metric: str = "top1") -> Measure | None:
        """Return the difference to ``reference``, paired over the seeds that both have."""
        differences = []
        for seed in sorted(self.results.keys() & reference.results.keys()):
            own, other = METRICS[metric](self.results[seed]), METRICS[metric](reference.results[seed])
            if own is not None and other is not None:
                differences.append(own - other)
        return Measure.of(differences)


@dataclass
class TableData:
    """A table at a profile's scale, with everything that the store knows of it."""

    table: Table
    profile: Profile
    rows: list[RowData]
    problems: list[str] = field(default_factory=list)
    """Files that were left out, and why."""

    @property
    def reference(self) -> RowData:
        """The row from which deltas are counted."""
        return next(data for data in self.rows if data.row.name == self.table.reference)

    @property
    def seeds(self) -> list[int]:
        """All seeds with a result, in any row."""
        return sorted({seed for data in self.rows for seed in data.results})

    @property
    def results(self) -> list[tuple[str, Result]]:
        """Row name and result of every run, by row and seed."""
        return [(data.row.name, data.results[seed]) for data in self.rows for seed in sorted(data.results)]

    def paper_delta(self, row: Row) -> float | None:
        """Return the paper's own difference in top-1 to its reference row."""
        reference = self.reference.row
        if row is reference or "top1" not in row.paper or "top1" not in reference.paper:
            return None
        return row.paper["top1"] - reference.paper["top1"]


def collect(table: Table, profile: Profile, store: Store) -> TableData:
    """Read the runs of a table's rows, for every seed that the store holds."""
    seeds = store.seeds(profile.name)
    data = TableData(table, profile, [])
    for row in table.rows:
        found = RowData(row)
        for seed in seeds if row.trained == (row,) and profile.runs(row) else ():
            run_id = profile.resolve(row, seed).id
            result = store.read(run_id)
            if isinstance(result, Result):
                found.results[seed] = result
                continue
            if isinstance(result, Problem):
                path = result.path.relative_to(store.results).as_posix()
                data.problems.append(f"`{path}` ({row.name}, seed {seed}): {result.reason}")
            error = store.error(run_id)
            if error is not None:
                found.failed[seed] = error
        data.rows.append(found)
    _refuse_mixed_data(data)
    return data


def _refuse_mixed_data(data: TableData) -> None:
    """Keep the runs on the data that most of them were measured on; name and leave out the others."""
    prints = Counter(result.data_fingerprint for _, result in data.results)
    if len(prints) < 2:
        return
    kept, _ = prints.most_common(1)[0]  # of equals, that of the earliest row
    for row in data.rows:
        for seed, result in list(row.results.items()):
            if result.data_fingerprint != kept:
                del row.results[seed]
                data.problems.append(
                    f"run {result.run_id} ({row.row.name}, seed {seed}) was measured on other data "
                    f"({result.data_fingerprint}, the others on {kept}); not used"
                )


def environment(data: TableData) -> Mapping[str, Mapping[str, int]]:
    """Count the values of everything in the runs' environments that should be the same for all of them."""
    counts: dict[str, Counter[str]] = {}
    for _, result in data.results:
        versions = result.env.get("versions")
        machine = result.env.get("machine")
        entries = {
            "data fingerprint": result.data_fingerprint,
            "clips evaluated": str(result.n_val),
            "versions": _pairs(versions),
            "machine": _pairs(machine),
            "precision": str(result.env.get("precision", "n/a")),
            "pre-trained weights": str(result.env.get("pretrained_sha256") or "none")[:12],
        }
        for name, value in entries.items():
            counts.setdefault(name, Counter())[value] += 1
    return counts


def _pairs(content: object) -> str:
    if not isinstance(content, Mapping) or not content:
        return "n/a"
    return ", ".join(f"{name} {content[name]}" for name in sorted(content))
