"""Wait for another process that makes the same file, and say so, so that nobody takes the waiting for a fault."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

INTERVAL = 20.0
"""Seconds between two lines."""


@contextlib.contextmanager
def patient_lock(path: Path, what: str, first: float = 1.0) -> Iterator[None]:
    """Hold the lock of a file; while another process holds it, say ``what`` is waited for on stderr.

    Args:
        path: of the lock.
        what: is waited for, for people.
        first: seconds until the first line.

    Raises:
        OSError: the lock's folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock, patience = FileLock(path), first
    while True:
        try:
            lock.acquire(timeout=patience)
            break
        except Timeout:
            patience = INTERVAL
            print(f"waiting for another process: {what}", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        lock.release()
