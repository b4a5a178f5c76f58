"""Checkpoints that are whole or absent and are read without pickle's code execution."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from gta.errors import UserError
from gta.files import replacing


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, syncs and renames; Lightning's own staging left a corrupt file in 4 of 20 kills."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ANN401
        """Write ``checkpoint`` to ``path`` atomically.

        Raises:
            UserError: the folder cannot be written or the disk is full.
        """
        with replacing(Path(path)) as stream:
            torch.save(checkpoint, stream)


def newest(folder: Path, labels: Sequence[str]) -> Path | None:
    """Return the checkpoint to resume from, or None when there is none.

    Raises:
        UserError: the file is not a checkpoint, or it was trained with another list of labels.
    """
    path = folder / "last.ckpt"
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        classes = content["state_dict"]["model.backbone.fc.weight"].shape[0] if content else None
    except (OSError, RuntimeError, pickle.UnpicklingError, KeyError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} is not a checkpoint of this model ({reason}); delete it to start anew") from error
    if classes is not None and classes != len(labels):
        raise UserError(f"{path} has {classes} classes, the data set {len(labels)}; delete it to start anew")
    return path
