"""Run the child processes: one a run, so that a crash or an exhausted memory in one row leaves the others alone.

A child writes to its run's folder only; its output goes to ``log.txt`` there, from which progress is read. So
the same loop watches local processes and Slurm jobs, and a child outlives its parent without harm.
"""

from __future__ import annotations

import dataclasses
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from experiments.runner.child_options import ChildOptions
from experiments.runner.memory import ended_by_shortage, what_helps
from experiments.runner.progress import Progress
from experiments.runner.signals import SignalWatch
from experiments.runner.watch import Watch
from experiments.store.result import Result
from experiments.store.run_files import LOG
from experiments.store.store import State, Store, is_locked
from experiments.study.plan import PlannedRun, count
from gta.errors import UserError

COMMAND = (sys.executable, "-m", "experiments.train")
LOCKED = 75
"""Exit code of a child that found its run locked by another process (EX_TEMPFAIL)."""
GRACE = 10.0
"""Seconds between asking the children to stop and killing them."""
POLL = 0.1


class Handle(Protocol):
    """A child process or job."""

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs."""

    def terminate(self) -> None:
        """Ask it to save and stop."""

    def kill(self) -> None:
        """Stop it and its own children at once."""


class Executor(Protocol):
    """Starts children; ``slots`` of them at a time."""

    slots: int

    def start(self, jobs: Sequence[tuple[list[str], Path]]) -> list[Handle]:
        """Start one child for each pair of command line and log file."""


@dataclass
class Ended:
    """How the runs ended."""

    done: list[PlannedRun] = field(default_factory=list)
    failed: list[tuple[PlannedRun, str]] = field(default_factory=list)
    interrupted: int | None = None
    """The signal that stopped the study."""

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: 0, 1, or 128 + signal."""
        if self.interrupted is not None:
            return 128 + self.interrupted
        return 1 if self.failed else 0


def launch(
    runs: Sequence[PlannedRun],
    store: Store,
    executor: Executor,
    options: ChildOptions,
    weights: Mapping[str, Path],
    progress: Progress,
    signals: SignalWatch,
    command: Sequence[str] = COMMAND,
    grace: float = GRACE,
) -> Ended:
    """Train ``runs``, ``executor.slots`` at a time, and return how each ended.

    Args:
        runs: what is not done yet.
        store: the folders of the runs.
        executor: starts the children.
        options: where and how they work; folder, tables, rows and weights are put in for each run.
        weights: the file that a run starts from, by its id.
        progress: is told of every step.
        signals: of this process.
        command: of a child.
        grace: seconds.

    A run that another process is training is waited for, and taken over if that process gives up. On SIGINT or
    SIGTERM the children are asked to stop, killed after ``grace`` seconds or at a second signal.
    """
    return _Launch(store, executor, options, weights, progress, signals, list(command), grace).run(runs)


@dataclass
class _Launch:
    store: Store
    executor: Executor
    options: ChildOptions
    weights: Mapping[str, Path]
    progress: Progress
    signals: SignalWatch
    command: list[str]
    grace: float
    ended: Ended = field(default_factory=Ended)
    active: dict[str, tuple[PlannedRun, Handle, Watch]] = field(default_factory=dict)
    elsewhere: dict[str, tuple[PlannedRun, Watch]] = field(default_factory=dict)

    def run(self, runs: Sequence[PlannedRun]) -> Ended:
        pending = list(runs)
        self.signals.raising = False
        try:
            while (pending or self.active or self.elsewhere) and self.signals.received is None:
                pending = self._start(pending)
                for run, handle, watch in list(self.active.values()):
                    watch.report(self.progress)
                    code = handle.poll()
                    if code is not None:
                        del self.active[run.id]
                        watch.report(self.progress)
                        self._ended(run, code)
                pending += self._released()
                self.progress.tick()
                time.sleep(POLL)
        finally:
            self._stop()
            self.signals.raising = True
        self.ended.interrupted = self.signals.received
        return self.ended

    def _start(self, pending: list[PlannedRun]) -> list[PlannedRun]:
        batch: list[PlannedRun] = []
        rest: list[PlannedRun] = []
        for run in pending:
            if len(self.active) + len(batch) >= self.executor.slots:
                rest.append(run)
            elif is_locked(self.store.folder(run.id)):
                self._wait(run)
            elif isinstance(self.store.read(run.id), Result):  # another process finished it since the plan
                self._ended(run, 0)
            else:
                batch.append(run)
        jobs = []
        for run in list(batch):
            try:
                folder = self.store.prepare(run.config)
                (folder / LOG).touch()
            except (UserError, OSError) as error:  # the other rows go on
                batch.remove(run)
                self._failed(run, str(error))
                continue
            jobs.append((self.command + self._options(run, folder).arguments(), folder / LOG))
        watches = [Watch(run, self.store.folder(run.id)) for run in batch]
        for run, handle, watch in zip(batch, self.executor.start(jobs) if jobs else [], watches, strict=True):
            self.active[run.id] = (run, handle, watch)
            self.progress.started(run)
        return rest

    def _options(self, run: PlannedRun, folder: Path) -> ChildOptions:
        rows = tuple(dict.fromkeys(row for _, row in run.uses))
        weights = self.weights.get(run.id)
        return dataclasses.replace(self.options, folder=folder, tables=tuple(run.tables), rows=rows, pretrained=weights)

    def _ended(self, run: PlannedRun, code: int) -> None:
        result = self.store.read(run.id)
        if isinstance(result, Result):
            self.ended.done.append(run)
            self.progress.finished(run, result)
        elif code == LOCKED:
            self._wait(run)
        else:
            self._failed(run, self.store.error(run.id) or self._record(run, code))

    def _failed(self, run: PlannedRun, message: str) -> None:
        self.ended.failed.append((run, message))
        self.progress.failed(run, message)

    def _record(self, run: PlannedRun, code: int) -> str:
        if code in (128 + signal.SIGTERM, -signal.SIGTERM, 128 + signal.SIGINT):
            return "stopped by a signal; the same command resumes it"
        log = self.store.folder(run.id) / LOG
        message = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code} without a result"
        if ended_by_shortage(code, log):
            message += f", perhaps {what_helps(run.config, self.options)}"
        message += f"; see {log}"
        try:
            self.store.write_error(run.id, message)
        except UserError as error:  # a full disk must not end the other runs, and is the likely cause
            message += f"; {error}"
        return message

    def _wait(self, run: PlannedRun) -> None:
        self.elsewhere[run.id] = (run, Watch(run, self.store.folder(run.id)))
        self.progress.waiting(run)

    def _released(self) -> list[PlannedRun]:
        """Return the runs that another process has left unfinished."""
        again = []
        for run, watch in list(self.elsewhere.values()):
            watch.report(self.progress)
            if is_locked(self.store.folder(run.id)):
                continue
            del self.elsewhere[run.id]
            if self.store.state(run.id) in (State.DONE, State.FAILED):
                self._ended(run, 0)
            else:
                again.append(run)
        return again

    def _stop(self) -> None:
        handles = [handle for _, handle, _ in self.active.values()]
        for handle in handles:
            handle.terminate()
        seen, deadline = self.signals.count, time.monotonic() + self.grace
        while time.monotonic() < deadline and self.signals.count == seen and any(h.poll() is None for h in handles):
            time.sleep(POLL)
        for handle in handles:
            if handle.poll() is None:
                handle.kill()
        for run, _, _ in self.active.values():
            if isinstance(self.store.read(run.id), Result):
                self.ended.done.append(run)


def resume_hint(runs: Sequence[PlannedRun], ended: Ended, resume: str) -> str:
    """Return what to say after an interruption."""
    left = len(runs) - len(ended.done) - len(ended.failed)
    return f"interrupted: {count(len(ended.done), 'run')} done, {left} left; resume with: {resume}"
