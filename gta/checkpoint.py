"""Checkpoints that are whole or absent and are read without pickle's code execution."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from gta.errors import UserError
from gta.files import replacing

LABELS = "labels"
"""Key of a checkpoint: names of the classes in the order of the scores."""
FINGERPRINT = "label_fingerprint"
"""Key of a checkpoint: :func:`gta.data.splits.label_fingerprint` of them."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, syncs and renames; Lightning's own staging left a corrupt file in 4 of 20 kills."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ANN401
        """Write ``checkpoint`` to ``path`` atomically.

        Raises:
            UserError: the folder cannot be written or the disk is full.
        """
        buffer = io.BytesIO()  # torch.save hides the error of a full disk from its caller
        torch.save(checkpoint, buffer)
        with replacing(Path(path)) as stream:
            stream.write(buffer.getbuffer())


def newest(folder: Path) -> Path | None:
    """Return the checkpoint to resume from, or None when there is none.

    Raises:
        UserError: the file is not a checkpoint.
    """
    path = folder / "last.ckpt"
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        found = {"state_dict", "optimizer_states", "loops"} <= content.keys()
    except (OSError, RuntimeError, pickle.UnpicklingError, AttributeError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} is not a checkpoint of a run ({reason}); delete it to start anew") from error
    if not found:
        raise UserError(f"{path} is not a checkpoint of a run; delete it to start anew")
    return path


def replace_weights(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Put other weights or statistics into a checkpoint, atomically; all else in it stays.

    Raises:
        UserError: the folder cannot be written.
    """
    content = torch.load(path, map_location="cpu", weights_only=True)
    content["state_dict"] = {name: value.detach().cpu() for name, value in weights.items()}
    AtomicCheckpointIO().save_checkpoint(content, path)


def check_labels(name: str, stored: str | None, own: str) -> None:
    """Compare the label order that weights were trained with to the one they are used with.

    Args:
        name: of the weights, for the message.
        stored: their fingerprint; None in checkpoints that were written before it was kept.
        own: fingerprint of the data set.

    Raises:
        UserError: they differ.
    """
    if stored is not None and stored != own:
        raise UserError(
            f"{name} was trained with the labels {stored}, the data set has the labels {own} (fingerprint of names and "
            f"order); use the data set that it was trained on"
        )
