"""SIGINT and SIGTERM while runs train."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived; ``number`` is the signal."""

    def __init__(self, number: int) -> None:
        """Keep the signal."""
        super().__init__(number)
        self.number = number


class SignalWatch:
    """Turns SIGINT and SIGTERM into :class:`Interrupted`, or into a flag while ``raising`` is False."""

    def __init__(self) -> None:
        """Start with no signal received."""
        self._owner = os.getpid()
        self.received: int | None = None
        self.count = 0
        self.raising = True

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if os.getpid() != self._owner:  # a forked helper process, such as a data loading worker
            os._exit(128 + number)
        self.received = number
        self.count += 1
        if self.raising:
            raise Interrupted(number)


@contextlib.contextmanager
def watching_signals() -> Iterator[SignalWatch]:
    """Handle SIGINT and SIGTERM within the block and restore the former handlers after it."""
    watch = SignalWatch()
    former = {number: signal.signal(number, watch.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield watch
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
