"""What the report is made of: every table read once with its verdicts, and the files that follow from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from experiments.reporting.evidence.agreement import pairs as size_pairs
from experiments.reporting.evidence.claim_tests import judge_claims
from experiments.reporting.evidence.collect import TableData, collect
from experiments.reporting.evidence.ranking import rank
from experiments.reporting.html import render_html
from experiments.reporting.pages import agreement_page, runs_page
from experiments.reporting.pages.claims_page import claims_csv, render_claims
from experiments.reporting.pages.frames import numeric_frame
from experiments.reporting.pages.latex import latex_table
from experiments.reporting.pages.table_page import Shown, render
from experiments.reporting.pictures.gallery import table_pictures, whole_pictures
from experiments.reporting.pictures.style import Picture
from experiments.store.frozen import FrozenStore
from experiments.store.store import Store
from experiments.study.rows import Profile, Table
from gta import files


def read_table(table: Table, profile: Profile, store: Store) -> TableData:
    """Read a table's runs, test its claims and rank its rows, if it is a ranked one."""
    frozen = FrozenStore.of(store)
    data = collect(table, profile, frozen)
    ranking = rank(data, frozen) if table.ranked else None
    return dataclasses.replace(data, verdicts=judge_claims(data, frozen), ranking=ranking)


def read_study(tables: Sequence[Table], profile: Profile, store: Store) -> list[TableData]:
    """Read all tables of a profile."""
    frozen = FrozenStore.of(store)
    return [read_table(table, profile, frozen) for table in tables]


def table_files(data: TableData) -> dict[str, str]:
    """Return the text of a table's files by name."""
    name = data.table.name
    return {
        f"{name}.md": render(data, [Shown(shown.name, shown.title, shown.alt) for shown in table_pictures(data)]),
        f"{name}.csv": str(numeric_frame(data).to_csv(index=False, lineterminator="\n")),
        f"{name}.tex": latex_table(data),
    }


def whole_files(study: Sequence[TableData], store: Store) -> dict[str, str]:
    """Return the text of the files over all tables by name; the HTML report holds the pictures that are on disk."""
    folder = store.results / study[0].profile.name
    pictures = {data.table.name: table_pictures(data) for data in study}
    html = render_html(study, pictures, whole_pictures(study, store), folder)
    sizes = size_pairs(study, store)
    return {
        "claims.md": render_claims(study),
        "claims.csv": claims_csv(study),
        "agreement.md": agreement_page.render(sizes),
        "agreement.csv": str(agreement_page.frame(sizes).to_csv(index=False, lineterminator="\n")),
        "runs.md": runs_page.render(study),
        "report.html": html,
    }


def all_pictures(study: Sequence[TableData], store: Store, whole: bool) -> list[Picture]:
    """Return every picture of these tables, and with ``whole`` those over all of them."""
    found = [picture for data in study for picture in table_pictures(data)]
    return found + (whole_pictures(study, store) if whole else [])


def write_one(data: TableData, store: Store, pictures: bool = True) -> list[Path]:
    """Write a table's files and return their paths."""
    folder = store.results / data.profile.name
    written = _write(folder, table_files(data))
    for picture in table_pictures(data) if pictures else ():
        written += picture.write(folder)
    return written


def write_whole(study: Sequence[TableData], store: Store, pictures: bool = True) -> list[Path]:
    """Write the files over all tables and return their paths."""
    folder, written = store.results / study[0].profile.name, []
    for picture in whole_pictures(study, store) if pictures else ():
        written += picture.write(folder)
    return written + _write(folder, whole_files(study, store))


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    for name, text in texts.items():
        files.write_text(folder / name, text)
    return [folder / name for name in texts]
