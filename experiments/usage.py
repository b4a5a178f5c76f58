"""The values that the study's command lines share; a wrong one names the nearest valid choices."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.profiles import PROFILES
from experiments.study import Profile, Row, Table
from experiments.tables import TABLES
from gta.errors import UserError, nearest


def choose_tables(names: Sequence[str]) -> list[Table]:
    """Return the tables of these names, each once.

    Raises:
        UserError: a name is unknown.
    """
    for name in names:
        if name not in TABLES:
            raise UserError(f"there is no table {name!r}; {nearest(name, TABLES)}")
    return [TABLES[name] for name in dict.fromkeys(names)]


def choose_profile(name: str) -> Profile:
    """Return the profile of this name.

    Raises:
        UserError: it is unknown.
    """
    if name not in PROFILES:
        raise UserError(f"there is no profile {name!r}; {nearest(name, PROFILES)}")
    return PROFILES[name]


def with_runs(rows: Sequence[tuple[Table, Row]], profile: Profile) -> tuple[list[tuple[Table, Row]], str | None]:
    """Leave out the tables of which ``profile`` can train no row.

    Returns:
        The rows of the other tables, and a line that names what is left out.

    Raises:
        UserError: nothing remains; the message names the profiles that can.
    """
    able = {table.name for table, row in rows if profile.trains(row)}
    without = list(dict.fromkeys(table.name for table, _ in rows if table.name not in able))
    if not without:
        return list(rows), None
    if not able:
        fits = [name for name, other in PROFILES.items() if any(other.trains(row) for _, row in rows)]
        hint = f"profiles that have some: {', '.join(fits)}" if fits else "none has; all are quoted from other work"
        raise UserError(f"the profile {profile.name!r} has no rows of {', '.join(without)}; {hint}")
    kept = [(table, row) for table, row in rows if table.name in able]
    return kept, f"left out, without rows for the profile {profile.name!r}: {', '.join(without)}"


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of ``0,1,2`` or ``0-4``, each once.

    Raises:
        UserError: the text is anything else.
    """
    seeds: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.partition("-")
            numbers = range(int(first), int(last) + 1) if dash else range(int(first), int(first) + 1)
            seeds += numbers[:1001]
    except ValueError:
        seeds = []
    if not seeds or len(seeds) > 1000 or max(seeds) >= 2**32:
        raise UserError(f"--seeds {text!r} is not a list of whole numbers from 0 to 4294967295 such as 0,1,2 or 0-4")
    return list(dict.fromkeys(seeds))
