"""Runs of a changed recipe, beside the rows of record: a page of their own, for no table reads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.reporting.evidence.collect import TableData, collect
from experiments.reporting.evidence.measure import RowData
from experiments.reporting.pages import cells
from experiments.store.frozen import FrozenStore
from experiments.study.overrides import parse_changes
from experiments.study.rows import Profile, Row, Table
from gta import files
from gta.errors import UserError

NAME = "changed.md"
HEAD = """# Runs of a changed recipe

Profile `{profile}`. No table of record reads these runs: each has the changes that its line names (`--set`, `--limit`).
Δ is the difference in top-1 to the row of record beside it, paired over the seeds that both have.
"""


@dataclass(frozen=True)
class ChangedRow:
    """A row with one set of changes, and the same row of record."""

    table: str
    changes: tuple[str, ...]
    data: RowData
    record: RowData

    @property
    def delta(self) -> str:
        """Difference in top-1 to the row of record; empty where that was not measured."""
        measure = self.data.delta(self.record)
        return "" if measure is None else cells.spread(measure, sign=True, seeds=measure.n != len(self.data.results))

    @property
    def runs(self) -> str:
        """Ids of the trained runs, by seed."""
        members = [member for seed in sorted(self.data.members) for member in self.data.members[seed]]
        return ", ".join(dict.fromkeys(member.run_id for member in members))


def changed_rows(tables: Sequence[Table], profile: Profile, store: FrozenStore) -> tuple[list[ChangedRow], list[str]]:
    """Return the rows of the tables that were measured with changes, and what had to be left out of them.

    A row of several tables is that of the first one.

    Args:
        tables: whose rows are looked for.
        profile: without changes.
        store: the runs.
    """
    found, problems = dict[tuple[tuple[str, ...], str], ChangedRow](), list[str]()
    sets = _sets(profile, store)
    for table in tables if sets else ():
        record: TableData | None = None
        for changes in sets:
            own = dataclasses.replace(profile, changes=_pairs(changes))
            rows = tuple(row for row in table.rows if own.trains(row) and _stored(own, row, store, changes))
            if not rows:
                continue
            record = record or collect(table, profile, store)
            part = dataclasses.replace(table, rows=rows, reference=rows[0].name, claims=())
            data = collect(part, own, store)  # of the other rows some cannot even be made with these changes
            problems += data.problems
            for row in data.rows:
                if row.results:
                    fresh = ChangedRow(table.name, changes, row, record.row(row.row.name))
                    found.setdefault((changes, fresh.runs), fresh)
    return list(found.values()), list(dict.fromkeys(problems))


def _sets(profile: Profile, store: FrozenStore) -> list[tuple[str, ...]]:
    """Return every set of changes that a run of the profile in the store has."""
    sets = [content.get("changes") for content in store.configs(profile.name)]
    return sorted({tuple(texts) for texts in sets if texts and all(isinstance(text, str) for text in texts)})


def _pairs(changes: Sequence[str]) -> tuple[tuple[str, str], ...]:
    try:
        return parse_changes(changes)
    except UserError:  # a config of another version; no row resolves to it
        return ()


def _stored(profile: Profile, row: Row, store: FrozenStore, changes: tuple[str, ...]) -> bool:
    """Return whether the store has a run of a row with just these changes: on some rows only a part takes effect."""
    try:
        runs = [profile.resolve(trained, seed) for trained in row.trained for seed in store.seeds(profile.name)]
    except UserError:
        return False
    return any(run.changes == changes and store.folder(run.id).is_dir() for run in runs)


def render(rows: Sequence[ChangedRow], profile: Profile) -> str:
    """Return the page."""
    lines = [HEAD.format(profile=profile.name)]
    for table in dict.fromkeys(row.table for row in rows):
        lines += [f"## {table}", "", "| row | changes | top-1 | Δ | runs |", "|:--|:--|--:|--:|:--|"]
        before = None
        for row in sorted(
            (row for row in rows if row.table == table), key=lambda row: (row.data.row.name, row.changes)
        ):
            if row.data.row.name != before:
                before = row.data.row.name
                lines.append(f"| {before} | (of record) | {cells.measured(row.record, 'top1', seeds=True)} | | |")
            top1 = cells.measured(row.data, "top1", seeds=True)
            lines.append(f"| {before} | `{', '.join(row.changes)}` | {top1} | {row.delta} | {row.runs} |")
        lines.append("")
    return "\n".join(lines)


def write_changed(
    tables: Sequence[Table], profile: Profile, store: FrozenStore
) -> tuple[list[ChangedRow], Path | None]:
    """Write the page over ``tables`` and return its rows and its path; without such runs nothing is written.

    Raises:
        UserError: the file cannot be written.
    """
    rows, _ = changed_rows(tables, profile, store)
    if not rows:
        return [], None
    path = store.results / profile.name / NAME
    files.write_text(path, render(rows, profile))
    return rows, path
