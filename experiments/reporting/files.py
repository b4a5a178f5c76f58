"""What the report is made of: every table read once with its verdicts, and the files that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.reporting.evidence.agreement import pairs as size_pairs
from experiments.reporting.evidence.collect import TableData, collect
from experiments.reporting.evidence.snapshot import Snapshot
from experiments.reporting.evidence.verdicts import Verdict, verdicts
from experiments.reporting.html import Section, render_html
from experiments.reporting.pages import agreement_page
from experiments.reporting.pages.claims_page import claims_csv, render_claims
from experiments.reporting.pages.frames import numeric_frame
from experiments.reporting.pages.latex import latex_table
from experiments.reporting.pages.table_page import render
from experiments.reporting.pictures.gallery import table_pictures, whole_pictures
from experiments.reporting.pictures.style import Picture
from experiments.store.store import Store
from experiments.study.rows import Profile, Table
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
        f"{name}.tex": latex_table(read.data),
    }


def whole_files(study: Sequence[ReadTable], store: Store) -> dict[str, str]:
    """Return the text of the files over all tables by name; the HTML report holds the pictures that are on disk."""
    pairs, folder = _pairs(study), store.results / study[0].data.profile.name
    sections = [Section(read.data, read.verdicts, table_pictures(read.data, store)) for read in study]
    html = render_html(sections, whole_pictures(pairs, store), folder)
    sizes = size_pairs(pairs, store)
    return {
        "claims.md": render_claims(pairs),
        "claims.csv": claims_csv(pairs),
        "agreement.md": agreement_page.render(sizes),
        "agreement.csv": str(agreement_page.frame(sizes).to_csv(index=False, lineterminator="\n")),
        "report.html": html,
    }


def all_pictures(study: Sequence[ReadTable], store: Store, whole: bool) -> list[Picture]:
    """Return every picture of these tables, and with ``whole`` those over all of them."""
    found = [picture for read in study for picture in table_pictures(read.data, store)]
    return found + (whole_pictures(_pairs(study), store) if whole else [])


def write_one(read: ReadTable, store: Store, pictures: bool = True) -> list[Path]:
    """Write a table's files and return their paths."""
    folder = store.results / read.data.profile.name
    written = _write(folder, table_files(read))
    for picture in table_pictures(read.data, store) if pictures else ():
        written += picture.write(folder)
    return written


def write_whole(study: Sequence[ReadTable], store: Store, pictures: bool = True) -> list[Path]:
    """Write the files over all tables and return their paths."""
    folder, written = store.results / study[0].data.profile.name, []
    for picture in whole_pictures(_pairs(study), store) if pictures else ():
        written += picture.write(folder)
    return written + _write(folder, whole_files(study, store))


def _pairs(study: Sequence[ReadTable]) -> list[tuple[TableData, Sequence[Verdict]]]:
    return [(read.data, read.verdicts) for read in study]


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    for name, text in texts.items():
        files.write_text(folder / name, text)
    return [folder / name for name in texts]
