"""Children as an array of Slurm jobs, through submitit."""

from __future__ import annotations

import logging
import math
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.runner.launch import Handle
from experiments.runner.local import call
from gta.errors import UserError

QUERY = 5.0
"""Seconds between questions to Slurm."""
PATIENCE = 60.0
"""Seconds for which a job that was told to stop waits: for its child, or to be queued again."""
STOPPED = (128 + signal.SIGTERM, -signal.SIGTERM, 128 + signal.SIGINT, -signal.SIGINT)
"""Exit codes of a child that was told to stop; its job may be queued again."""
_ENDED = ("CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "TIMEOUT")
"""States from which no job comes back; all others may, also NODE_FAIL, BOOT_FAIL and PREEMPTED."""
_STOPPED_BY_SLURM = ("BOOT_FAIL", "CANCELLED", "DEADLINE", "NODE_FAIL", "PREEMPTED", "REVOKED", "TIMEOUT")
_CODES = {"OUT_OF_MEMORY": -int(signal.SIGKILL)} | dict.fromkeys(_STOPPED_BY_SLURM, 128 + int(signal.SIGTERM))


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
        code = self._ended(math.inf)
        assert code is not None
        if code in STOPPED:  # all of a preempted job is told to stop; what ends by itself is not queued again
            time.sleep(PATIENCE)
        return code

    def checkpoint(self) -> object:
        """Stop the child and ask submitit for the same call again."""
        from submitit.helpers import DelayedSubmission

        if self.process is not None:
            self.process.terminate()
            self._ended(PATIENCE)
        return DelayedSubmission(SlurmCall(self.arguments, self.log, self.threads))

    def _ended(self, seconds: float) -> int | None:
        """Wait for the child. ``Popen.wait`` would hold its lock while a signal's handler waits in the same thread."""
        assert self.process is not None
        end = time.monotonic() + seconds
        while (code := self.process.poll()) is None and time.monotonic() < end:
            time.sleep(0.1)
        return code


class _Queue:
    """The states of this user's jobs, asked for now and then; needs no accounting database."""

    def __init__(self) -> None:
        self._asked = time.monotonic()
        self._alive: deque[set[str]] = deque(maxlen=2)
        self._states: dict[str, str] = {}
        self.answers = 0

    def lost(self, job_id: str, since: int) -> bool:
        """Return whether a job that was submitted after ``since`` answers has ended and is not queued again.

        A job that lost its node or was preempted goes on being watched until Slurm forgets it, a few minutes later.
        Two answers in a row must agree; while Slurm does not answer, no job is lost.
        """
        if time.monotonic() - self._asked > QUERY:
            self._ask()
            self._asked = time.monotonic()
        return self.answers >= since + 2 and not any(job_id in alive for alive in self._alive)

    def code(self, job_id: str) -> int:
        """Return an exit code that stands for how Slurm last said a lost job had ended."""
        return _CODES.get(self._states.get(job_id, ""), 1)

    def _ask(self) -> None:
        command = ["squeue", "--noheader", "--array", "--states=all", "--format=%i %T", "--me"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            jobs = [line.split()[:2] for line in answer.stdout.splitlines() if len(line.split()) > 1]
            self.answers += 1
            self._alive.append({job_id for job_id, state in jobs if state not in _ENDED})
            self._states |= dict(jobs)


class _SlurmHandle:
    def __init__(self, job: Any, queue: _Queue) -> None:  # noqa: ANN401 - submitit has no type information
        self._job = job
        self._queue = queue
        self._since = queue.answers
        self._cancelled = False

    def poll(self) -> int | None:
        code = self._result()
        if code is not None and (code not in STOPPED or self._cancelled):
            return code
        if not self._queue.lost(self._job.job_id, self._since):  # running, or to be run again by Slurm
            return None
        return self._queue.code(self._job.job_id) if code is None else code

    def _result(self) -> int | None:
        """Return the exit code that the job left last, if it left one."""
        if not self._job.paths.result_pickle.exists():
            return None
        try:
            return int(self._job.task(0).result())
        except Exception:  # whatever ended the job, the run has no result
            return 1

    def terminate(self) -> None:
        self._cancelled = True
        self._job.cancel(check=False)  # it may have ended meanwhile

    def kill(self) -> None:
        self.terminate()
