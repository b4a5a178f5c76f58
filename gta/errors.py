"""The one exception for mistakes that a user can mend.

Command lines print its message as a single line and exit with code 2 (or mark the row as failed);
every other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake outside the code: bad option, missing folder, corrupt file, full disk.

    The message is one line; it names the file and the field, says what was expected and what to do.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ``did you mean 'tiny'? known: smoke, tiny`` for a misspelt name."""
    choices = sorted(known)
    close = difflib.get_close_matches(name, choices, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(c) for c in close)}? " if close else ""
    return f"{hint}known: {', '.join(choices)}"
