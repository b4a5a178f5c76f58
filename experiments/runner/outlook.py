"""How long the runs of a study will still take: by the plan at first, then by what is measured.

A run is a start (processes, imports), training at a steady rate, and an end (scores of all views and splits). The plan
knows the arithmetic of each run, and so how the runs compare; measured are the rate, the starts and the ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gta.cli import duration

START = 10.0
"""Seconds until the first step of a run, as long as none is measured."""
END = 5.0
"""Seconds from the last step of a run to its result, as long as none is measured."""
ENOUGH = 3.0
"""Seconds of training from which a rate is believed."""
OWN = 20.0
"""Seconds of training from which a run's own rate goes before that of all runs."""


@dataclass
class _Run:
    planned: float
    """Seconds of its training by the plan."""
    started: float | None = None
    first: tuple[float, float] | None = None
    """Time of the first step that was seen, and the share of the training that was done then."""
    last: tuple[float, float] | None = None
    ended: bool = False

    @property
    def share(self) -> float:
        return 0.0 if self.last is None else self.last[1]

    @property
    def measured(self) -> tuple[float, float]:
        """Seconds that were watched, and what the plan has for the same steps."""
        if self.first is None or self.last is None:
            return 0.0, 0.0
        return self.last[0] - self.first[0], (self.last[1] - self.first[1]) * self.planned


class Outlook:
    """The runs that are to be trained, how far they are, and the time that is left."""

    def __init__(self, planned: Mapping[str, float], slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            planned: seconds of training by run id, as the plan has them.
            slots: runs at a time.
            clock: returns seconds.
        """
        self._runs = {run_id: _Run(max(seconds, 1e-9)) for run_id, seconds in planned.items()}
        self._slots, self._clock = max(1, slots), clock
        self._starts: list[float] = []
        self._ends: list[float] = []
        self.total = len(self._runs)

    @property
    def done(self) -> int:
        """Number of runs that have ended."""
        return sum(run.ended for run in self._runs.values())

    def started(self, run_id: str) -> None:
        """A run begins, perhaps again."""
        run = self._runs[run_id]
        run.started, run.first, run.last, run.ended = self._clock(), None, None, False

    def step(self, run_id: str, done: int, total: int) -> None:
        """``done`` of ``total`` steps are made."""
        run, now = self._runs[run_id], self._clock()
        run.last = now, min(1.0, done / max(1, total))
        if run.first is None:
            run.first = run.last
            if run.started is not None:
                self._starts.append(now - run.started)

    def finished(self, run_id: str, well: bool = True) -> None:
        """A run has ended; only one that ended ``well`` says how long an end takes."""
        run = self._runs[run_id]
        if well and run.last is not None and not run.ended:
            rest = (1 - run.share) * run.planned * self._rate(run)  # steps since the last that was seen
            self._ends.append(max(0.0, self._clock() - run.last[0] - rest))
        run.ended = True

    def left(self) -> float:
        """Return the seconds until all runs have ended."""
        rest = [self._rest(run) for run in self._runs.values() if not run.ended]
        return max(sum(rest) / min(self._slots, len(rest)), max(rest)) if rest else 0.0

    def __str__(self) -> str:
        """Return such as ``2/6, 7 min left``; with ``~`` as long as nothing is measured."""
        if self.done == self.total:
            return f"{self.done}/{self.total}"
        about = "" if self._watched()[0] > ENOUGH else "~"
        return f"{self.done}/{self.total}, {about}{duration(self.left())} left"

    def _rest(self, run: _Run) -> float:
        start = 0.0
        if run.first is None:
            start = _mean(self._starts, START)
            if run.started is not None:
                start = max(0.0, start - (self._clock() - run.started))
        training = (1 - run.share) * run.planned * self._rate(run)
        if run.last is not None:
            training = max(0.0, training - (self._clock() - run.last[0]))
        return start + training + _mean(self._ends, END)

    def _rate(self, run: _Run) -> float:
        """Return by how much training takes longer than planned."""
        own = run.measured
        seconds, planned = own if own[0] > OWN and own[1] > 0 else self._watched()
        return seconds / planned if seconds > ENOUGH and planned > 0 else 1.0

    def _watched(self) -> tuple[float, float]:
        pairs = [run.measured for run in self._runs.values()]
        return sum(seconds for seconds, _ in pairs), sum(planned for _, planned in pairs)


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default
