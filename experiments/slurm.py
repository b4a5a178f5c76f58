"""Children as an array of Slurm jobs, through submitit."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.executors import call
from experiments.launch import Handle
from gta.errors import UserError

QUERY = 5.0
"""Seconds between questions to Slurm."""


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
            self._executor = submitit.SlurmExecutor(folder=folder)
        except RuntimeError as error:
            raise UserError("--executor slurm needs Slurm's sbatch, which is not on the PATH") from error
        self.slots = sys.maxsize
        self._threads = threads
        self._queue = _Queue()
        logging.getLogger("submitit").setLevel(logging.ERROR)
        resources: dict[str, Any] = {"gpus_per_node": devices} if gpu else {}
        self._executor.update_parameters(
            job_name="gta",
            array_parallelism=jobs,
            nodes=nodes,
            ntasks_per_node=devices,
            cpus_per_task=max(1, threads // devices),  # a task is the process of one device
            time=24 * 60,
            **resources,
        )

    def start(self, jobs: Sequence[tuple[list[str], Path]]) -> list[Handle]:
        """Submit one array job."""
        with self._executor.batch():
            submitted = [self._executor.submit(SlurmCall(arguments, log, self._threads)) for arguments, log in jobs]
        return [_SlurmHandle(job, self._queue) for job in submitted]


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


class _Queue:
    """The ids of the jobs that Slurm still knows, asked for now and then; needs no accounting database."""

    def __init__(self) -> None:
        self._asked = time.monotonic()
        self._ids: set[str] | None = None

    def lost(self, job_id: str) -> bool:
        """Return whether a job is neither running nor pending; False while Slurm does not answer."""
        if time.monotonic() - self._asked > QUERY:
            command = ["squeue", "--noheader", "--array", "--format=%i", "--me"]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            self._ids = set(answer.stdout.split()) if answer.returncode == 0 else None
            self._asked = time.monotonic()
        return self._ids is not None and job_id not in self._ids


class _SlurmHandle:
    def __init__(self, job: Any, queue: _Queue) -> None:  # noqa: ANN401 - submitit has no type information
        self._job = job
        self._queue = queue

    def poll(self) -> int | None:
        if self._job.paths.result_pickle.exists():
            try:
                return int(self._job.result())
            except Exception:  # whatever ended the job, the run has no result
                return 1
        return 1 if self._queue.lost(self._job.job_id) else None

    def terminate(self) -> None:
        self._job.cancel()

    def kill(self) -> None:
        self._job.cancel()
