"""Command lines that answer a mistake with one line, not with their usage."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn

from gta.errors import UserError


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


def positive(text: str) -> int:
    """Return a whole number from 1; the ``type`` of counts such as ``--jobs``."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)
