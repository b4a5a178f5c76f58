"""Children as processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from experiments.launch import Handle


def cores() -> int:
    """Return the number of CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def call(arguments: list[str], log: Path, threads: int) -> subprocess.Popen[bytes]:
    """Start a child in its own session, with its output appended to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    with log.open("ab") as stream:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **limits, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then asks the children to save
        )


class LocalExecutor:
    """Child processes of this machine."""

    def __init__(self, slots: int, threads: int) -> None:
        """Allow ``slots`` children at a time with ``threads`` computing threads each."""
        self.slots = slots
        self.threads = threads

    def start(self, jobs: Sequence[tuple[list[str], Path]]) -> list[Handle]:
        """Start one child for each pair of command line and log file."""
        return [_LocalHandle(call(arguments, log, self.threads)) for arguments, log in jobs]


class _LocalHandle:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def poll(self) -> int | None:
        return self._process.poll()

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # data loading workers too
        self._process.wait()
