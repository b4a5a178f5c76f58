"""What a run leaves when it is asked to: checkpoints beside the last one, and curves in other programs' formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import LearningRateMonitor
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger

from experiments.runner.child_options import ChildOptions
from experiments.store.run_files import CHECKPOINTS
from gta.errors import UserError


class KeptCheckpoints(pl.Callback):
    """Keeps ``best.ckpt``, of the highest top-1 that a look at the evaluation split saw, and every Nth epoch.

    They are whole or absent, as every checkpoint is, and a run never resumes from them. Earlier ones of equal top-1
    stay the best.
    """

    def __init__(self, folder: Path, best: bool, every: int | None) -> None:
        """Write into ``folder``: ``best.ckpt`` if wanted, ``epoch-0005.ckpt`` after every ``every`` epochs."""
        self.folder, self.best, self.every = folder, best, every
        self.highest = float("-inf")

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {"highest": self.highest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up :meth:`state_dict`."""
        self.highest = float(state_dict["highest"])

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the weights if no earlier ones were better; of several processes the first one knows."""
        if not self.best:
            return
        top1 = trainer.callback_metrics.get("val/top1")
        seen = float("-inf") if top1 is None else float(top1)
        seen = float(trainer.strategy.broadcast(seen))
        if seen > self.highest:
            self.highest = seen
            trainer.save_checkpoint(self.folder / "best.ckpt")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the weights of every Nth epoch."""
        epoch = trainer.current_epoch + 1
        if self.every is not None and epoch % self.every == 0:
            trainer.save_checkpoint(self.folder / f"epoch-{epoch:04d}.ckpt")


def kept(child: ChildOptions) -> list[pl.Callback]:
    """Return the callbacks that a run is asked for."""
    found: list[pl.Callback] = []
    if child.keep_best or child.keep_every:
        found.append(KeptCheckpoints(child.folder / CHECKPOINTS, child.keep_best, child.keep_every))
    return found + [LearningRateMonitor("epoch")] * bool(child.loggers)


def loggers(child: ChildOptions) -> list[Logger]:
    """Return Lightning's loggers that a run is asked for; each start of the run has a folder of its own in theirs.

    Raises:
        UserError: TensorBoard is not installed.
    """
    found: list[Logger] = []
    for name in child.loggers:
        if name == "csv":
            found.append(CSVLogger(child.folder, "csv", flush_logs_every_n_steps=1))
        if name == "tensorboard":
            try:
                found.append(TensorBoardLogger(child.folder, "tensorboard"))
            except ModuleNotFoundError as error:
                raise UserError("--logger tensorboard needs TensorBoard: pip install tensorboard") from error
    return found
