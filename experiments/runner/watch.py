"""Follow a run through the files its process appends to."""

from __future__ import annotations

import os
import re
from pathlib import Path

from experiments.runner.progress import Progress
from experiments.store.records import parse_epoch
from experiments.store.run_files import LOG, METRICS
from experiments.study.plan import PlannedRun

_STEP = re.compile(rb"^progress (\d+) (\d+)\s*$")


class Watch:
    """Reads what was appended to a run's log and metrics since the last look."""

    def __init__(self, run: PlannedRun, folder: Path) -> None:
        """Start at the present ends of the files."""
        self._run = run
        self._log = _Tail(folder / LOG)
        self._metrics = _Tail(folder / METRICS)

    def report(self, progress: Progress) -> None:
        """Tell ``progress`` what is new."""
        for line in self._metrics.lines():
            epoch = parse_epoch(line)
            if epoch is not None:
                progress.epoch(self._run, epoch)
        matches = [match for line in self._log.lines() if (match := _STEP.match(line))]
        if matches:
            progress.step(self._run, int(matches[-1][1]), int(matches[-1][2]))


class _Tail:
    """The whole lines appended to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as stream:
                if stream.seek(0, os.SEEK_END) < self._offset:  # a resumed run has taken back its last points
                    self._offset, self._rest = 0, b""
                stream.seek(self._offset)
                new = stream.read()
        except OSError:
            return []
        self._offset += len(new)
        *whole, self._rest = (self._rest + new).split(b"\n")
        return whole
