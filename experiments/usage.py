"""What the command lines share: parsing with one-line errors that name the nearest valid choice."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn

from experiments.profiles import PROFILES
from experiments.study import Profile, Table
from experiments.tables import TABLES
from gta.errors import UserError, nearest

PROFILE_NAMES = ("smoke", "tiny", "ssv1", "ssv2", "k400")


class Parser(argparse.ArgumentParser):
    """Raises :class:`UserError` in place of printing the usage and leaving."""

    def __init__(self, prog: str, description: str) -> None:
        """Make a parser without abbreviated options."""
        super().__init__(prog=prog, description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise the message as a user's mistake."""
        raise UserError(f"{message} (see --help)")


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse ``argv``.

    Raises:
        UserError: an option is unknown or its value does not fit.
    """
    options, rest = parser.parse_known_intermixed_args(argv)
    if rest and not rest[0].startswith("-"):
        raise UserError(f"unexpected argument {rest[0]!r} (see --help)")
    if rest:
        known = [name for action in parser._actions for name in action.option_strings if name.startswith("--")]
        close = difflib.get_close_matches(rest[0].split("=")[0], known, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"options: {' '.join(known)}"
        raise UserError(f"unknown option {rest[0]}; {hint}")
    return options


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
        UserError: it is unknown or not part of this version.
    """
    if name not in PROFILE_NAMES:
        raise UserError(f"there is no profile {name!r}; {nearest(name, PROFILE_NAMES)}")
    if name not in PROFILES:
        raise UserError(f"profile {name!r} is not available in this version; available: {', '.join(PROFILES)}")
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
    if not seeds or len(seeds) > 1000:
        raise UserError(f"--seeds {text!r} is not a list of whole numbers from 0 such as 0,1,2 or 0-4")
    return list(dict.fromkeys(seeds))
