"""What a person sees while runs train: live bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import IO, Any, Protocol

from experiments.runner.outlook import Outlook
from experiments.store.result import Result
from experiments.study.plan import PlannedRun
from gta.cli import duration

SILENCE = 20.0
"""Seconds after which a log gets a line though nothing has happened."""


class Progress(Protocol):
    """Events of a study."""

    def started(self, run: PlannedRun) -> None:
        """A child was started."""

    def waiting(self, run: PlannedRun) -> None:
        """Another process trains the run."""

    def step(self, run: PlannedRun, done: int, total: int) -> None:
        """``done`` of ``total`` optimiser steps are made."""

    def epoch(self, run: PlannedRun, metrics: Mapping[str, Any]) -> None:
        """An epoch ended."""

    def finished(self, run: PlannedRun, result: Result) -> None:
        """A run has its result."""

    def failed(self, run: PlannedRun, message: str) -> None:
        """A run ended without a result."""

    def tick(self) -> None:
        """Time goes by."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Lines:
    """One line an event, for logs, and one now and then while nothing happens."""

    def __init__(self, outlook: Outlook, stream: IO[str] | None = None) -> None:
        """Say how far the runs of ``outlook`` are."""
        self._outlook = outlook
        self._stream = stream or sys.stdout
        self._running: dict[str, str] = {}
        """What to say of each running run."""
        self._said = time.monotonic()

    def started(self, run: PlannedRun) -> None:
        """Say which run starts."""
        self._outlook.started(run.id)
        self._running[run.id] = f"{run.label} starts"
        self._say(f"start  {run.id}  {run.label}")

    def waiting(self, run: PlannedRun) -> None:
        """Say that another process trains the run."""
        self._outlook.started(run.id)
        self._running[run.id] = f"{run.label} elsewhere"
        self._say(f"wait   {run.label}: another process is training it")

    def step(self, run: PlannedRun, done: int, total: int) -> None:
        """Keep it for the next line."""
        self._outlook.step(run.id, done, total)
        self._running[run.id] = f"{run.label} {_place(run, done, total)}"

    def epoch(self, run: PlannedRun, metrics: Mapping[str, Any]) -> None:
        """Give a whole epoch's accuracy and speed."""
        if _whole(metrics):
            self._say(f"{_epoch(run, metrics)}  {run.label}{_top1(metrics)}{_speed(metrics)}")

    def finished(self, run: PlannedRun, result: Result) -> None:
        """Give the run's top-1."""
        self._end(
            run,
            True,
            f"done   {run.id}  {run.label}: top-1 {result.accuracies.top1:.1f}, {duration(result.train_seconds)}",
        )

    def failed(self, run: PlannedRun, message: str) -> None:
        """Give the run's error."""
        self._end(run, False, f"FAILED {run.id}  {run.label}: {message}")

    def tick(self) -> None:
        """Say how far the running runs are when nothing was said for a while."""
        if time.monotonic() - self._said > SILENCE and self._running:
            first, *others = self._running.values()
            self._say(f"{len(self._running)} running: {first}{f'; {len(others)} more' if others else ''}")

    def close(self) -> None:
        """Nothing to restore."""

    def _end(self, run: PlannedRun, well: bool, line: str) -> None:
        self._outlook.finished(run.id, well)
        self._running.pop(run.id, None)
        self._say(line)

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        print(f"{stamp()} {line}  [{self._outlook}]", file=self._stream, flush=True)


class Bars:
    """An overall bar and a line for each running run, by rich."""

    def __init__(self, outlook: Outlook) -> None:
        """Open the live display of the runs of ``outlook``."""
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._escape = escape
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[note]}"),
            console=Console(),
        )
        self._outlook = outlook
        self._overall = self._bars.add_task("[bold]all runs", total=outlook.total, note=str(outlook))
        self._tasks: dict[str, Any] = {}
        self._top1: dict[str, str] = {}
        self._bars.start()

    def started(self, run: PlannedRun) -> None:
        """Add the run's line."""
        self._outlook.started(run.id)
        self._remove(run)
        self._tasks[run.id] = self._bars.add_task(self._escape(run.label), total=None, note="starting")

    def waiting(self, run: PlannedRun) -> None:
        """Add the run's line with a remark."""
        self._outlook.started(run.id)
        self._remove(run)
        self._tasks[run.id] = self._bars.add_task(self._escape(run.label), total=None, note="trained elsewhere")

    def step(self, run: PlannedRun, done: int, total: int) -> None:
        """Move the run's bar."""
        self._outlook.step(run.id, done, total)
        note = f"{_place(run, done, total)}{self._top1.get(run.id, '')}"
        self._bars.update(self._tasks[run.id], completed=done, total=total, note=note)

    def epoch(self, run: PlannedRun, metrics: Mapping[str, Any]) -> None:
        """Show the accuracy of the last look beside the bar."""
        self._top1[run.id] = _top1(metrics).replace(":", ",", 1)

    def finished(self, run: PlannedRun, result: Result) -> None:
        """Print the run's top-1 above the bars."""
        self._end(run, True, f"[green]done[/]    {self._escape(run.label)}  top-1 {result.accuracies.top1:.1f}")

    def failed(self, run: PlannedRun, message: str) -> None:
        """Print the run's error above the bars."""
        self._end(run, False, f"[red]FAILED[/]  {self._escape(run.label)}  {self._escape(message)}")

    def tick(self) -> None:
        """Show the time that is left."""
        self._bars.update(self._overall, note=str(self._outlook))

    def close(self) -> None:
        """Stop the live display."""
        self._bars.stop()

    def _end(self, run: PlannedRun, well: bool, line: str) -> None:
        self._outlook.finished(run.id, well)
        self._bars.console.print(line, highlight=False)
        self._remove(run)
        self._bars.advance(self._overall)

    def _remove(self, run: PlannedRun) -> None:
        if run.id in self._tasks:
            self._bars.remove_task(self._tasks.pop(run.id))


def make_progress(outlook: Outlook) -> Progress:
    """Return bars on a terminal and lines elsewhere."""
    return Bars(outlook) if sys.stdout.isatty() else Lines(outlook)


def stamp() -> str:
    """Return the time of day at which a line is written."""
    return time.strftime("%H:%M:%S")


def _place(run: PlannedRun, done: int, total: int) -> str:
    """Return the epoch that a run is in, such as ``epoch 2/4, 35 %``, the percentage being that of the whole run."""
    epochs, share = run.config.train.epochs, done / max(1, total)
    return f"epoch {min(epochs, int(share * epochs) + 1)}/{epochs}, {100 * min(1.0, share):.0f} %"


def _epochs(metrics: Mapping[str, Any]) -> float:
    return float(metrics.get("epochs", metrics["epoch"] + 1))


def _whole(metrics: Mapping[str, Any]) -> bool:
    return abs(_epochs(metrics) - round(_epochs(metrics))) < 0.01


def _epoch(run: PlannedRun, metrics: Mapping[str, Any]) -> str:
    return f"epoch {_epochs(metrics):.0f}/{run.config.train.epochs}"


def _top1(metrics: Mapping[str, Any]) -> str:
    value = metrics.get("val_top1")
    return f": top-1 {value:.1f}" if isinstance(value, int | float) else ""


def _speed(metrics: Mapping[str, Any]) -> str:
    value = metrics.get("clips_per_second")
    return f", {value:.0f} clips/s" if isinstance(value, int | float) else ""
