"""Out of memory: how it shows in an error, in a log or in an exit code, and what helps."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

from experiments.runner import batches, loading
from experiments.runner.child_options import ChildOptions
from gta.config import RunConfig
from gta.errors import UserError

_WORDS = re.compile(
    r"can't allocate memory|cannot allocate memory|unable to allocate|not enough memory|out of (shared )?memory"
    r"|bad_alloc|ALLOC_FAILED|insufficient shared memory|killed by signal: (Killed|Bus error)|oom[-_ ]kill",
    re.IGNORECASE,
)
"""What torch, CUDA's libraries, glibc, the loader's workers and Slurm say."""
_TAIL = 4096
"""Bytes at the end of a log that are looked at."""
_KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)


def is_shortage(error: BaseException) -> bool:
    """Return whether an error, or one that it came from, says that memory was exhausted."""
    return any(_says_so(each) for each in _chain(error))


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and _WORDS.search(str(error)) is not None  # CUDA's is a RuntimeError too


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def ended_by_shortage(code: int, log: Path) -> bool:
    """Return whether a process that gave no reason was most likely ended for want of memory.

    Args:
        code: its exit code, negative for a signal; the system kills what takes too much memory by SIGKILL.
        log: its output.
    """
    if code in _KILLED:
        return True
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            return _WORDS.search(stream.read().decode(errors="replace")) is not None
    except OSError:
        return False


def what_helps(config: RunConfig, child: ChildOptions) -> str:
    """Return what a person can do about it: more parts of a batch, fewer loader processes, fewer runs at a time."""
    ways = []
    try:
        clips = batches.share(config, child.processes)
        parts = batches.parts(config, child.processes, child.accumulate)
    except UserError:
        clips, parts = config.train.batch_size, 1
    more = next((number for number in batches.divisors(clips) if number > parts), None)
    if more is not None:
        name = "GTA_ACCUMULATE=" if child.accumulate is None else "--accumulate "
        ways.append(f"{name}{more} ({clips // more} clips at once in place of {clips // parts})")
    if _has_workers(config, child):
        ways.append(f"fewer loader processes ({'GTA_WORKERS' if child.workers is None else '--workers'}, 0 for none)")
    ways.append("fewer runs at a time (--jobs 1)")
    return f"out of memory; what helps: {', or '.join(ways)}"


def _has_workers(config: RunConfig, child: ChildOptions) -> bool:
    try:
        return loading.workers(config, child) > 0
    except UserError:
        return True
