"""A profile's tables, claims and pictures in one object, for notebooks and the interactive prompt."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.reporting.evidence.agreement import pairs
from experiments.reporting.evidence.collect import TableData
from experiments.reporting.files import read_table
from experiments.reporting.pages.agreement_page import summary_frame
from experiments.reporting.pages.claims_page import claims_frame, summary
from experiments.reporting.pages.frames import formatted_frame, numeric_frame
from experiments.reporting.pictures.gallery import table_pictures, whole_pictures
from experiments.reporting.pictures.marks import lines_of
from experiments.reporting.pictures.style import Picture
from experiments.store.frozen import FrozenStore
from experiments.store.result import Problem, Result
from experiments.study.profiles import TINY, choose_profile
from experiments.study.rows import Table
from experiments.tables import TABLES
from gta.config import RunConfig
from gta.errors import UserError, nearest


class Study:
    """What the store holds of a profile; nothing is trained.

    Tables are read when they are first asked for. Names are those of ``python -m experiments.run --list``.
    """

    def __init__(
        self, profile: str = TINY.name, results: Path | None = None, tables: Iterable[Table] | None = None
    ) -> None:
        """Open the runs of ``profile`` under ``results`` (by default those of this clone)."""
        self.profile = choose_profile(profile)
        self.store = FrozenStore(Path(__file__).parents[2] / "results" if results is None else results)
        self._known = {table.name: table for table in (TABLES.values() if tables is None else tables)}
        self._read: dict[str, TableData] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables."""
        return tuple(self._known)

    def data(self, table: str) -> TableData:
        """Return a table with its rows, runs and verdicts.

        Raises:
            UserError: there is no such table.
        """
        if table not in self._known:
            raise UserError(f"there is no table {table!r}; {nearest(table, self._known)}")
        if table not in self._read:
            self._read[table] = read_table(self._known[table], self.profile, self.store)
        return self._read[table]

    def title(self, table: str) -> str:
        """Return a table's title."""
        return self._known[table].title

    def table(self, table: str) -> pd.DataFrame:
        """Return a table as its page shows it: every cell is text."""
        return formatted_frame(self.data(table))

    def best(self, table: str) -> int | None:
        """Return the place of the row with the highest mean top-1; None below two measured rows."""
        means = [row.measure("top1") for row in self.data(table).rows]
        measured = [(mean.mean, place) for place, mean in enumerate(means) if mean is not None]
        return max(measured)[1] if len(measured) > 1 else None

    def numbers(self, table: str) -> pd.DataFrame:
        """Return a table's figures as numbers, a line a row; what is not measured is NaN."""
        return numeric_frame(self.data(table))

    def claims(self, table: str) -> pd.DataFrame:
        """Return the verdicts on a table's claims, every cell is text; empty without tested claims."""
        data = self.data(table)
        return claims_frame(data) if any(verdict.tested for verdict in data.verdicts) else pd.DataFrame()

    @property
    def summary(self) -> str:
        """How the claims of all tables came out, in a few sentences."""
        return summary([verdict for name in self.names for verdict in self.data(name).verdicts])

    @property
    def agreement(self) -> pd.DataFrame:
        """How near measured and printed differences are; every cell is text."""
        return summary_frame(pairs([self.data(name) for name in self.names], self.store))

    @cached_property
    def pictures(self) -> dict[str, Picture]:
        """Every picture of the report by its file's name: those over all tables, then those of each."""
        every = [self.data(name) for name in self.names]
        found = whole_pictures(every, self.store)
        found += [picture for data in every for picture in table_pictures(data)]
        return {picture.name: picture for picture in found}

    def run(self, table: str, row: str, seed: int = 0) -> RunConfig:
        """Return the complete configuration of a row's run; its ``id`` names the run's folder.

        Raises:
            UserError: there is no such row, or it is quoted or computed from others.
        """
        rows = {own.name: own for data in self._known[table].rows for own in data.trained}
        if row not in rows or not self.profile.runs(rows[row]):
            raise UserError(f"{table} trains no row {row!r} at {self.profile.name!r}; {nearest(row, rows)}")
        return self.profile.resolve(rows[row], seed)

    def run_names(self, table: str, seeds: Iterable[int] = range(10)) -> dict[str, str]:
        """Return the table's own name of every run that it can use, by run id."""
        own = [row for listed in self._known[table].rows for row in listed.trained if self.profile.runs(row)]
        return {self.profile.resolve(row, seed).id: row.name for row in own for seed in seeds}

    def lines(self, table: str) -> dict[str, dict[str, Any]]:
        """Return matplotlib's options for a line of every trained row: colour, dashes and marker of all pictures."""
        rows = {row.name: row for listed in self._known[table].rows for row in listed.trained}
        return dict(zip(rows, lines_of(rows.values()), strict=True))

    def paper(self, table: str) -> dict[str, float | None]:
        """Return the paper's top-1 of every row."""
        return {row.name: row.paper.get("top1") for row in self._known[table].rows}

    def reference(self, table: str) -> str:
        """Return the row from which differences are counted."""
        return self._known[table].reference

    def result(self, run: RunConfig) -> Result:
        """Return what a finished run left.

        Raises:
            UserError: it is not finished, or its files are damaged.
        """
        found = self.store.read(run.id)
        if isinstance(found, Result):
            return found
        reason = found.reason if isinstance(found, Problem) else "it is not finished"
        raise UserError(f"run {run.id}: {reason}")
