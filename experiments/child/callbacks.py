"""What a run tells while it trains: one json line a point of the curve, one progress line a second."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from experiments.store.records import read_points
from experiments.store.run_files import METRICS
from gta.data.dataset import Batch
from gta.errors import UserError
from gta.files import write_text

NEEDED = {"step", "seconds", "clips_per_second"}
"""What a point must have to be counted in the time and the speed of its run."""


class RunLog(pl.Callback):
    """Appends a point to ``metrics.jsonl`` after each look at the validation split and prints ``progress DONE TOTAL``.

    On resume, the points after the checkpoint are taken out of the file: they are trained again.
    """

    def __init__(self, folder: Path, tell: Callable[[Sequence[dict[str, Any]]], object]) -> None:
        """Write below ``folder``; ``tell`` is called with all points when they are read and after each new one."""
        self._tell = tell
        self.path = folder / METRICS
        points = read_points(self.path)[0] if self.path.exists() else []
        self.points: list[dict[str, Any]] = [point for point in points if point.keys() >= NEEDED]
        self.began = False
        """Whether this process has made a step: what a checkpoint holds has been taken up."""
        self._losses: list[float] = []
        self._clips = 0
        self._started = self._seconds = self._said = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the points of the epochs that the checkpoint holds, and start the clock."""
        self.points = [point for point in self.points if point["step"] <= trainer.global_step]
        if trainer.is_global_zero:
            write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in self.points))
            self._tell(self.points)
        self._restart()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Count clips and say how far the run is."""
        self.began = True
        self._clips += len(batch["label"]) * trainer.world_size
        loss = float(outputs["loss"]) if isinstance(outputs, dict) else float("nan")
        self._losses.append(loss * trainer.accumulate_grad_batches)  # the trainer has divided it by that number
        self._seconds = time.perf_counter() - self._started
        if trainer.is_global_zero and time.monotonic() - self._said > 1:
            self._said = time.monotonic()
            with contextlib.suppress(OSError):  # the log's disk may be full; the run goes on
                print(f"progress {trainer.global_step} {int(trainer.estimated_stepping_batches)}", flush=True)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Append a point of the curve."""
        if not trainer.is_global_zero:
            return
        steps = int(trainer.estimated_stepping_batches) / max(trainer.max_epochs or 1, 1)
        entry = {
            "epoch": trainer.current_epoch,
            "epochs": round(trainer.global_step / steps, 4),
            "step": trainer.global_step,
            "train_loss": round(sum(self._losses) / len(self._losses), 5),
            "val_top1": round(float(trainer.callback_metrics["val/top1"]), 3),
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "seconds": round(self._seconds, 2),
            "clips_per_second": round(self._clips / max(self._seconds, 1e-9), 1),
            "time": round(time.time(), 1),
        }
        self.points.append(entry)
        self._append(json.dumps(entry) + "\n")
        self._tell(self.points)
        self._restart()

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tell the points of a run that was resumed behind its last epoch: nothing else of the training is called."""
        if trainer.is_global_zero:
            self._tell(self.points)

    def _restart(self) -> None:
        self._losses, self._clips = [], 0
        self._started = time.perf_counter()

    def _append(self, line: str) -> None:
        try:
            with self.path.open("a") as stream:
                stream.write(line)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {error.strerror}; free space and start again") from error
