"""What a person sees while runs train: live bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import IO, Any, Protocol

from experiments.plan import PlannedRun
from experiments.result import Result


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

    def close(self) -> None:
        """Leave the terminal as it was."""


class Lines:
    """One line an event, for logs."""

    def __init__(self, total: int, stream: IO[str] | None = None) -> None:
        """Count up to ``total`` runs."""
        self._total = total
        self._ended = 0
        self._stream = stream or sys.stdout

    def started(self, run: PlannedRun) -> None:
        """Say which run starts."""
        self._say(f"start  {run.id}  {run.label}")

    def waiting(self, run: PlannedRun) -> None:
        """Say that another process trains the run."""
        self._say(f"wait   {run.id}  {run.label}: another process is training it")

    def step(self, run: PlannedRun, done: int, total: int) -> None:
        """Say nothing; epochs are enough for a log."""

    def epoch(self, run: PlannedRun, metrics: Mapping[str, Any]) -> None:
        """Give the epoch's accuracy and speed."""
        epochs = run.config.train.epochs
        self._say(f"epoch  {run.id}  {run.label}: {_epoch(metrics)}/{epochs}{_top1(metrics)}{_speed(metrics)}")

    def finished(self, run: PlannedRun, result: Result) -> None:
        """Give the run's top-1."""
        self._end(f"done   {run.id}  {run.label}: top-1 {result.top1:.1f} in {result.train_seconds:.0f} s")

    def failed(self, run: PlannedRun, message: str) -> None:
        """Give the run's error."""
        self._end(f"FAILED {run.id}  {run.label}: {message}")

    def close(self) -> None:
        """Nothing to restore."""

    def _end(self, line: str) -> None:
        self._ended += 1
        self._say(f"{line}  [{self._ended}/{self._total}]")

    def _say(self, line: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {line}", file=self._stream, flush=True)


class Bars:
    """An overall bar and a line for each running run, by rich."""

    def __init__(self, total: int) -> None:
        """Open the live display."""
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._escape = escape
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=Console(),
        )
        self._overall = self._bars.add_task("[bold]runs", total=total, note="")
        self._tasks: dict[str, Any] = {}
        self._bars.start()

    def started(self, run: PlannedRun) -> None:
        """Add the run's line."""
        self._remove(run)
        self._tasks[run.id] = self._bars.add_task(self._escape(run.label), total=None, note="starting")

    def waiting(self, run: PlannedRun) -> None:
        """Add the run's line with a remark."""
        self._remove(run)
        self._tasks[run.id] = self._bars.add_task(self._escape(run.label), total=None, note="trained elsewhere")

    def step(self, run: PlannedRun, done: int, total: int) -> None:
        """Move the run's bar."""
        self._bars.update(self._tasks[run.id], completed=done, total=total)

    def epoch(self, run: PlannedRun, metrics: Mapping[str, Any]) -> None:
        """Show the epoch's accuracy and speed beside the bar."""
        note = f"epoch {_epoch(metrics)}/{run.config.train.epochs}{_top1(metrics)}{_speed(metrics)}"
        self._bars.update(self._tasks[run.id], note=note)

    def finished(self, run: PlannedRun, result: Result) -> None:
        """Print the run's top-1 above the bars."""
        self._end(run, f"[green]done[/]    {self._escape(run.label)}  top-1 {result.top1:.1f}")

    def failed(self, run: PlannedRun, message: str) -> None:
        """Print the run's error above the bars."""
        self._end(run, f"[red]FAILED[/]  {self._escape(run.label)}  {self._escape(message)}")

    def close(self) -> None:
        """Stop the live display."""
        self._bars.stop()

    def _end(self, run: PlannedRun, line: str) -> None:
        self._bars.console.print(line, highlight=False)
        self._remove(run)
        self._bars.advance(self._overall)

    def _remove(self, run: PlannedRun) -> None:
        if run.id in self._tasks:
            self._bars.remove_task(self._tasks.pop(run.id))


def make_progress(total: int) -> Progress:
    """Return bars on a terminal and lines elsewhere."""
    return Bars(total) if sys.stdout.isatty() else Lines(total)


def _epoch(metrics: Mapping[str, Any]) -> str:
    return f"{metrics.get('epochs', metrics['epoch'] + 1):g}"


def _top1(metrics: Mapping[str, Any]) -> str:
    value = metrics.get("val_top1")
    return f", top-1 {value:.1f}" if isinstance(value, int | float) else ""


def _speed(metrics: Mapping[str, Any]) -> str:
    value = metrics.get("clips_per_second")
    return f", {value:.0f} clips/s" if isinstance(value, int | float) else ""
