"""Command lines: one line for a mistake, an exit code for every ending, and text that every terminal can show."""

from __future__ import annotations

import argparse
import codecs
import difflib
import errno
import functools
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import IO, NoReturn, ParamSpec

from gta.errors import UserError

P = ParamSpec("P")
_LITERAL = "\0"
"""Set before an argument after ``--`` that begins with ``-``, so that it is not taken for an option."""
_OUTPUT = (errno.ENOSPC, errno.EIO, errno.EBADF)
"""A full disk, a terminal that is gone, a descriptor that cannot be written: what printing fails with."""
_PLAIN = {"±": "+-", "Δ": "delta", "✓": "x", "–": "-", "−": "-", "·": "-", "×": "x", "†": "*", "…": "..."}
"""What stands for the marks of tables on a terminal that lacks them."""


class Parser(argparse.ArgumentParser):
    """Raises :class:`UserError` in place of printing the usage and leaving."""

    def __init__(self, prog: str, description: str, example: str = "", more: str = "") -> None:
        """Make a parser without abbreviated options.

        Args:
            prog: how the command is called.
            description: one sentence; marks of docstrings are taken out.
            example: arguments of a call, shown below the options.
            more: lines below the example, such as other commands.
        """
        plain = textwrap.fill(description.replace("``", ""), 79)
        below = "\n".join(filter(None, (f"example: {prog} {example}" if example else "", more)))
        shape = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, description=plain, epilog=below, formatter_class=shape, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise the message as a user's mistake."""
        message = message.replace(_LITERAL, "")
        if message.endswith("expected one argument"):
            message += "; a value that begins with - is written --option=-value"
        raise UserError(f"{message} (see --help)")


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse ``argv``; what follows ``--`` is never an option.

    Raises:
        UserError: an option is unknown or its value does not fit.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    if "--" in given:  # intermixed parsing forgets what it means
        at = given.index("--")
        given[at:] = [_LITERAL + text if text.startswith("-") else text for text in given[at + 1 :]]
    options, rest = parser.parse_known_intermixed_args(given)
    if rest and not rest[0].startswith("-"):
        raise UserError(f"unexpected argument {rest[0].removeprefix(_LITERAL)!r} (see --help)")
    if rest:
        known = [name for action in parser._actions for name in action.option_strings if name.startswith("--")]
        close = difflib.get_close_matches(rest[0].split("=")[0], known, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else f"options: {' '.join(known)}"
        if not rest[0].startswith("--"):
            hint += "; a name that begins with - stands after --"
        raise UserError(f"unknown option {rest[0]}; {hint}")
    for name, value in vars(options).items():
        setattr(options, name, _without_mark(value))
    return options


def _without_mark(value: object) -> object:
    if isinstance(value, list):
        return [_without_mark(item) for item in value]
    text = str(value)
    return type(value)(text.removeprefix(_LITERAL)) if text.startswith(_LITERAL) else value  # type: ignore[call-arg]


def positive(text: str) -> int:
    """Return a whole number from 1; the ``type`` of counts such as ``--jobs``."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def duration(seconds: float) -> str:
    """Return a length of time in one or two units, such as ``40 s``, ``7 min`` or ``3 h 20 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s" if seconds < 20 else f"{5 * round(seconds / 5)} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def command(main: Callable[P, int]) -> Callable[P, int]:
    """Give a ``main`` the endings that all commands share.

    A mistake of the user is one line and exit code 2, Ctrl-C 130. When nobody reads the output any more (``| head``)
    the command ends without a word with 141, as other programs do.
    """

    @functools.wraps(main)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        _open_streams()
        try:
            try:
                return main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except UserError as error:
            return _say(f"error: {' '.join(str(error).split())}", 2)
        except KeyboardInterrupt:
            return _say("interrupted", 128 + signal.SIGINT)
        except BrokenPipeError:
            _forget(sys.stdout)
            return 141
        except OSError as error:
            if error.filename is not None or error.errno not in _OUTPUT:
                raise
            _forget(sys.stdout)
            return _say(f"error: the output cannot be written: {error.strerror}", 2)

    return run


def _say(line: str, code: int) -> int:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # nobody reads it, or its disk is full; the exit code still tells
        _forget(sys.stderr)
    return code


def _forget(stream: IO[str]) -> None:
    """Let what is still buffered go nowhere, so that the interpreter does not fail on it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_streams() -> None:
    """Open the standard streams that the caller has closed, and let all of them show any text in some way.

    A closed one would be None, and its number would go to the next file that is opened.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115 - for the whole run
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    shown = (_PLAIN.get(mark) or mark.encode("ascii", "backslashreplace").decode() for mark in text)
    return "".join(shown), error.end


codecs.register_error("plain", _plain)
