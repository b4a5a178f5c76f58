"""Where children run: local processes, or an array of jobs on Slurm through submitit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.launch import Handle
from gta.errors import UserError


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


class SlurmExecutor:
    """One array of jobs; ``--jobs`` limits how many run at a time.

    Partition, account and time limit come from Slurm's own variables (``SBATCH_PARTITION``, ``SBATCH_ACCOUNT``,
    ``SBATCH_TIMELIMIT``). A job that is preempted or reaches its limit is queued again and resumes.
    """

    def __init__(self, folder: Path, jobs: int, devices: int, nodes: int, threads: int, gpu: bool) -> None:
        """Describe the jobs.

        Raises:
            UserError: submitit is not installed or there is no Slurm here.
        """
        try:
            import submitit
        except ImportError as error:
            raise UserError("--executor slurm needs submitit: pip install 'gta-video[slurm]'") from error
        try:
            self._executor = submitit.SlurmExecutor(folder=folder, python=sys.executable)
        except RuntimeError as error:
            raise UserError("--executor slurm needs Slurm's sbatch, which is not on the PATH") from error
        self.slots = sys.maxsize
        self._threads = threads
        resources: dict[str, Any] = {"gpus_per_node": devices} if gpu else {}
        self._executor.update_parameters(
            job_name="gta",
            array_parallelism=jobs,
            nodes=nodes,
            ntasks_per_node=devices,
            cpus_per_task=threads,
            time=24 * 60,
            **resources,
        )

    def start(self, jobs: Sequence[tuple[list[str], Path]]) -> list[Handle]:
        """Submit one array job."""
        with self._executor.batch():
            submitted = [self._executor.submit(SlurmCall(arguments, log, self._threads)) for arguments, log in jobs]
        return [_SlurmHandle(job) for job in submitted]


class SlurmCall:
    """What a job does: run the child and pass on its exit code; queued again, it does the same and so resumes."""

    def __init__(self, arguments: list[str], log: Path, threads: int) -> None:
        """Keep the command."""
        self.arguments, self.log, self.threads = arguments, log, threads
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """Run the child on the node."""
        self.process = call(self.arguments, self.log, self.threads)
        return self.process.wait()

    def checkpoint(self) -> object:
        """Stop the child and ask submitit for the same call again."""
        from submitit.helpers import DelayedSubmission

        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=60)
        return DelayedSubmission(SlurmCall(self.arguments, self.log, self.threads))


class _SlurmHandle:
    def __init__(self, job: Any) -> None:  # noqa: ANN401 - submitit has no type information
        self._job = job

    def poll(self) -> int | None:
        if not self._job.done():
            return None
        try:
            return int(self._job.result())
        except Exception:  # whatever ended the job, the run has no result
            return 1

    def terminate(self) -> None:
        self._job.cancel()

    def kill(self) -> None:
        self._job.cancel()
