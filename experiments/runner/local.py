"""Children as processes of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.runner.launch import Handle

_ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(256 << 20)}
"""glibc keeps the memory of a training step for the next one: page faults had cost up to a quarter of the time."""


def gpus() -> list[str]:
    """Return the ids of the GPUs this process may use, without loading torch."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name for name in chosen.split(",") if name]
    if shutil.which("nvidia-smi") is None:
        return []
    answer = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=False)
    return [str(index) for index, line in enumerate(answer.stdout.splitlines()) if line.startswith("GPU ")]


def call(
    arguments: list[str], log: Path, threads: int, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a child in its own session, with its output appended to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    with log.open("ab") as stream:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**_ALLOCATOR, **os.environ, **limits, "PYTHONUNBUFFERED": "1", **(environment or {})},
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then asks the children to save
        )


class LocalExecutor:
    """Child processes of this machine; with GPUs, each slot has its own ``devices`` of them."""

    def __init__(self, slots: int, threads: int, devices: int = 1) -> None:
        """Allow ``slots`` children at a time with ``threads`` computing threads each."""
        self.slots = slots
        self.threads = threads
        self.devices = devices
        self._gpus = gpus()
        self._used: dict[int, _LocalHandle] = {}

    def start(self, jobs: Sequence[tuple[list[str], Path]]) -> list[Handle]:
        """Start one child for each pair of command line and log file."""
        started: list[Handle] = []
        for arguments, log in jobs:
            busy = {slot for slot, handle in self._used.items() if handle.poll() is None}
            slot = next(number for number in range(len(busy) + 1) if number not in busy)
            handle = _LocalHandle(call(arguments, log, self.threads, self.environment(slot)))
            self._used[slot] = handle
            started.append(handle)
        return started

    def environment(self, slot: int) -> dict[str, str]:
        """Return the variables that give a slot its GPUs; slots share when there are more of them than GPUs."""
        if not self._gpus:
            return {}
        numbers = range(slot * self.devices, (slot + 1) * self.devices)
        chosen = dict.fromkeys(self._gpus[number % len(self._gpus)] for number in numbers)
        return {"CUDA_VISIBLE_DEVICES": ",".join(chosen)}


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
