"""Resume training from a checkpoint; one that cannot be taken up is an error of one line."""

from __future__ import annotations

from pathlib import Path

import pytorch_lightning as pl

from experiments.child.callbacks import RunLog
from experiments.runner.memory import is_shortage
from gta.data.module import VideoDataModule
from gta.errors import UserError
from gta.training.recognizer import VideoRecognizer
from gta.weights.tensor_files import shown


def fit_from(
    path: Path | None, trainer: pl.Trainer, recognizer: VideoRecognizer, data: VideoDataModule, log: RunLog
) -> None:
    """Train to the last epoch, from a checkpoint if there is one.

    Raises:
        UserError: an error came after a resume and before the end of the first step; the message names the checkpoint.
        RuntimeError: training ended early.
    """
    epochs = recognizer.run.train.epochs
    try:
        trainer.fit(recognizer, data, ckpt_path=path, weights_only=True)
        if trainer.current_epoch < epochs:
            raise RuntimeError(f"training ended by itself after {trainer.current_epoch} of {epochs} epochs")
    except UserError:
        raise
    except Exception as error:  # each part of a checkpoint fails in its own way
        if path is None or log.began or is_shortage(error):
            raise
        reason = f"{type(error).__name__}: {shown(error)}"
        raise UserError(f"{path} cannot be resumed from ({reason}); delete it to start anew") from error
