"""What a run tells while it trains: one json line an epoch, one progress line a second."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from experiments.store import parse_epoch
from gta.data.dataset import Batch
from gta.errors import UserError
from gta.files import write_text


class RunLog(pl.Callback):
    """Appends each epoch to ``metrics.jsonl`` and prints ``progress DONE TOTAL``.

    On resume, the epochs after the checkpoint are taken out of the file: they are trained again.
    """

    def __init__(self, folder: Path) -> None:
        """Write below ``folder``."""
        self.path = folder / "metrics.jsonl"
        self.epochs: list[dict[str, Any]] = []
        self._seconds = 0.0
        self._started = self._said = 0.0
        self._clips = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the lines of the epochs that the checkpoint holds."""
        if not trainer.is_global_zero:
            return
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        kept = {entry["epoch"]: entry for entry in map(parse_epoch, lines) if entry is not None}
        self.epochs = [kept[epoch] for epoch in sorted(kept) if epoch < trainer.current_epoch]
        write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in self.epochs))

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self._started, self._clips = time.perf_counter(), 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Count clips and say how far the run is."""
        self._clips += len(batch["label"]) * trainer.world_size
        self._seconds = time.perf_counter() - self._started
        if trainer.is_global_zero and time.monotonic() - self._said > 1:
            self._said = time.monotonic()
            print(f"progress {trainer.global_step} {int(trainer.estimated_stepping_batches)}", flush=True)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Append the epoch; validation has run before this hook."""
        if not trainer.is_global_zero:
            return
        metrics = trainer.callback_metrics
        entry = {
            "epoch": trainer.current_epoch,
            "step": trainer.global_step,
            "train_loss": round(float(metrics["train/loss"]), 5),
            "val_top1": round(float(metrics["val/top1"]), 3),
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "seconds": round(self._seconds, 2),
            "clips_per_second": round(self._clips / max(self._seconds, 1e-9), 1),
            "time": round(time.time(), 1),
        }
        self.epochs.append(entry)
        try:
            with self.path.open("a") as stream:
                stream.write(json.dumps(entry) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {error.strerror}; free space and start again") from error
        for logger in trainer.loggers:
            logger.log_metrics({"epoch/" + k: v for k, v in entry.items() if k not in ("epoch", "time")}, entry["step"])
