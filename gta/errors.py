"""The one exception for mistakes that a user can mend.

Command lines print its message as a single line and exit with code 2 (or mark the row as failed);
every other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

FEW = 8
"""So many names are always listed."""


class UserError(Exception):
    """A mistake outside the code: bad option, missing folder, corrupt file, full disk.

    The message is one line; it names the file and the field, says what was expected and what to do.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ``did you mean 'tiny'? known: smoke, tiny`` for a misspelt name.

    Where more than :data:`FEW` are known, near ones are named alone.
    """
    choices = sorted(known)
    near = {choice: difflib.SequenceMatcher(None, choice, name).ratio() for choice in choices}
    least = max(0.5, 0.85 * max(near.values(), default=0.0))
    close = sorted((choice for choice in choices if near[choice] >= least), key=near.__getitem__, reverse=True)[:3]
    hint = f"did you mean {' or '.join(repr(c) for c in close)}? " if close else ""
    if close and len(choices) > FEW:
        return hint.rstrip()
    return f"{hint}known: {', '.join(choices)}"
