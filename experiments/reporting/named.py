"""Runs by the name of their row, such as ``table_main/R2D + GTA``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from experiments.store.result import Result
from experiments.store.store import Store
from experiments.study.rows import Profile
from experiments.tables import choose_tables
from gta.errors import UserError, nearest
from gta.predict import find_run


def find_named_run(store: Store, name: str, profiles: Iterable[Profile]) -> Path:
    """Return the folder of a run.

    Args:
        store: the runs.
        name: a run's id, its first characters, or the table and the row; then it is the row's finished run of the
            lowest seed, in the first of ``profiles`` that has one.
        profiles: where rows are looked for.

    Raises:
        UserError: there is no such run.
    """
    table, slash, row_name = name.partition("/")
    if not slash:
        return find_run(store.results, name)
    [found] = choose_tables([table])
    rows = {trained.name: trained for row in found.rows for trained in row.trained}
    if row_name not in rows:
        raise UserError(f"{table} has no row {row_name!r} that is trained; {nearest(row_name, rows)}")
    row = rows[row_name]
    for profile in profiles:
        for seed in store.seeds(profile.name) if profile.runs(row) else ():
            run_id = profile.resolve(row, seed).id
            if isinstance(store.read(run_id), Result):
                return store.folder(run_id)
    raise UserError(f"{store.runs} holds no finished run of {name!r}; python -m experiments.run {table} trains it")
