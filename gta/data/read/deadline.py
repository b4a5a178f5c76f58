"""A limit on the time that one clip may take, in the main process and in loader workers alike.

Decoders run native code that a signal cannot leave and that an alarm cannot reach outside the main thread; so the
work is done in a thread of its own, which is left behind when it does not return.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gta.errors import UserError

Result = TypeVar("Result")


class ClipError(UserError):
    """A video or frame folder that is missing, corrupt or too short; the message names it."""


class Deadline:
    """Tells the work that nobody waits for it any more."""

    def __init__(self, path: Path) -> None:
        """Make one that has not passed."""
        self.path, self.passed = path, False

    def check(self) -> None:
        """Stop the work.

        Raises:
            ClipError: the time is over.
        """
        if self.passed:
            raise ClipError(f"{self.path} was given up")


def within(seconds: float, path: Path, work: Callable[[Deadline], Result]) -> Result:
    """Return ``work(deadline)``.

    Raises:
        ClipError: it takes longer than ``seconds``; the thread is left to itself and ends at its next check.
    """
    deadline = Deadline(path)
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work(deadline))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=f"reading {path}", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        deadline.passed = True
        raise ClipError(f"{path} is not read after {seconds:g} s; re-download the file, or raise the time-out")
    return results[0]
