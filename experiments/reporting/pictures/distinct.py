"""The measured rows of all tables, each once: a run that stands in eight tables is one point of a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.measure import RowData


@dataclass(frozen=True)
class Distinct:
    """A measured row, named after the first table that has it."""

    table: TableData
    row: RowData

    @property
    def name(self) -> str:
        """The row's name."""
        return self.row.row.name

    @property
    def full_name(self) -> str:
        """The row's name behind the short one of its table, such as ``groups: G = 4``."""
        return f"{self.table.table.name.removeprefix('table_').removeprefix('ablation_')}: {self.name}"


def distinct_rows(tables: Sequence[TableData]) -> Iterator[Distinct]:
    """Yield every measured row once, in the order of the tables."""
    seen: set[tuple[str, ...]] = set()
    for table in tables:
        for row in table.rows:
            key = tuple(row.results[seed].run_id for seed in sorted(row.results))
            if key and (key := (row.row.split, *key)) not in seen:
                seen.add(key)
                yield Distinct(table, row)
