"""Run one function over many small items on all cores, in order, with progress."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from gta.cli import duration

Progress = Callable[[int, int], None]
"""Called with (items done, items in all)."""
Common = TypeVar("Common")
Item = TypeVar("Item")
Result = TypeVar("Result")
_BATCH = 24
_INTERVAL = 15.0
_FEW = 200
"""So many items are done before a pool of processes has started."""

INTERVAL = 20.0
"""Seconds between two lines."""


QUOTAS = (
    (Path("/sys/fs/cgroup/cpu.max"),),
    (Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")),
)
"""Files that hold a container's quota and period in microseconds: of control groups version 2, and of version 1."""


def cores() -> int:
    """Return the number of cores this process may use: of those it may run on, what a container's quota is worth."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, *map(_quota, QUOTAS)))


def _quota(files: Sequence[Path]) -> int:
    try:
        quota, period = " ".join(path.read_text() for path in files).split()
        return int(quota) // int(period) if int(quota) > 0 else sys.maxsize
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max"
        return sys.maxsize


def run_batches(
    function: Callable[[Common, Item], Result],
    common: Common,
    items: Sequence[Item],
    jobs: int | None = None,
    progress: Progress | None = None,
    batch: int | None = None,
    few: int | None = None,
) -> list[Result]:
    """Return ``[function(common, item) for item in items]``, computed by ``jobs`` processes (all cores by default).

    ``batch`` items are handed over at a time, and up to ``few`` are done without other processes. The first error
    stops the rest and is raised here. ``function`` must be importable (processes are spawned).
    """
    jobs = jobs or cores()
    step = batch or _BATCH
    batches = [items[i : i + step] for i in range(0, len(items), step)]
    results: list[Result] = []

    def collect(found: list[Result]) -> None:
        results.extend(found)
        if progress is not None:
            progress(len(results), len(items))

    if jobs == 1 or len(items) <= (_FEW if few is None else few):
        for part in batches:
            collect(_run_batch(function, common, part))
        return results

    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_ignore_interrupts) as pool:
        try:
            for future in [pool.submit(_run_batch, function, common, part) for part in batches]:
                collect(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def _ignore_interrupts() -> None:
    """Ctrl-C reaches the parent, which stops the pool; the workers would only print their tracebacks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_batch(function: Callable[[Common, Item], Result], common: Common, batch: Sequence[Item]) -> list[Result]:
    return [function(common, item) for item in batch]


@contextmanager
def showing(title: str) -> Iterator[Progress]:
    """Give a progress callback: a bar on a terminal, otherwise a line at once and every 15 seconds, both on stderr."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress as Bar

        with Bar(console=Console(stderr=True)) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    started = time.monotonic()
    last = -math.inf

    def line(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last > _INTERVAL:
            last = time.monotonic()
            left = (last - started) / max(1, done) * (total - done)
            rest = f", {duration(left)} left" if 0 < done < total else ""
            print(f"{title}: {done}/{total}{rest}", file=sys.stderr, flush=True)

    yield line


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
