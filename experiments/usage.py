"""The values that the study's command lines share; a wrong one names the nearest valid choices."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.profiles import PROFILES
from experiments.study import Profile, Table
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
