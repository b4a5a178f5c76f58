"""What the report is made of: every table read once with its verdicts, and the files that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.reporting.claims_page import claims_csv, render_claims
from experiments.reporting.collect import TableData, collect
from experiments.reporting.frames import numeric_frame
from experiments.reporting.page import render
from experiments.reporting.snapshot import Snapshot
from experiments.reporting.verdicts import Verdict, verdicts
from experiments.store import Store
from experiments.study import Profile, Table
from gta import files


@dataclass(frozen=True)
class ReadTable:
    """A table, what the store holds of it, and the verdicts on its claims."""

    data: TableData
    verdicts: list[Verdict]


def read_table(table: Table, profile: Profile, store: Store) -> ReadTable:
    """Read a table's runs and test its claims."""
    snapshot = Snapshot.of(store)
    data = collect(table, profile, snapshot)
    return ReadTable(data, verdicts(data, snapshot))


def read_study(tables: Sequence[Table], profile: Profile, store: Store) -> list[ReadTable]:
    """Read all tables of a profile."""
    snapshot = Snapshot.of(store)
    return [read_table(table, profile, snapshot) for table in tables]


def table_files(read: ReadTable) -> dict[str, str]:
    """Return the text of a table's files by name."""
    name = read.data.table.name
    return {
        f"{name}.md": render(read.data, read.verdicts),
        f"{name}.csv": str(numeric_frame(read.data).to_csv(index=False, lineterminator="\n")),
    }


def whole_files(study: Sequence[ReadTable]) -> dict[str, str]:
    """Return the text of the files over all tables by name."""
    pairs = [(read.data, read.verdicts) for read in study]
    return {"claims.md": render_claims(pairs), "claims.csv": claims_csv(pairs)}


def write_one(read: ReadTable, store: Store, pictures: bool = True) -> list[Path]:
    """Write a table's files and return their paths."""
    folder = store.results / read.data.profile.name
    written = _write(folder, table_files(read))
    if pictures and read.data.results:
        from experiments.reporting.pictures import draw

        written += draw(read.data, store, folder)
    return written


def write_whole(study: Sequence[ReadTable], store: Store) -> list[Path]:
    """Write the files over all tables and return their paths."""
    return _write(store.results / study[0].data.profile.name, whole_files(study))


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    for name, text in texts.items():
        files.write_text(folder / name, text)
    return [folder / name for name in texts]
