"""Checkpoints: written whole or not at all, and read without running pickled code."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch import nn

from gta.errors import UserError
from gta.files import replacing
from gta.weights.load import check_weights, named_tensors
from gta.weights.tensor_files import open_tensors

LABELS = "labels"
"""Key of a checkpoint: names of the classes in the order of the scores."""
FINGERPRINT = "label_fingerprint"
"""Key of a checkpoint: :func:`gta.data.sets.splits.label_fingerprint` of them."""
_ANEW = "delete it to start anew"
_PARTS: dict[str, tuple[type, bool]] = {
    "state_dict": (dict, True),
    "optimizer_states": (list, True),
    "loops": (dict, True),
    "lr_schedulers": (list, False),
    "callbacks": (dict, False),
    "hyper_parameters": (dict, False),
    "epoch": (int, False),
    "global_step": (int, False),
    "pytorch-lightning_version": (str, False),
    LABELS: (list, False),
    FINGERPRINT: (str, False),
}
"""Parts of a checkpoint: their type, and whether a run cannot do without."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write beside the target, sync, rename: Lightning's own way left a corrupt file in 4 of 20 kills."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ANN401
        """Write ``checkpoint`` to ``path`` atomically.

        Raises:
            UserError: the folder cannot be written or the disk is full.
        """
        buffer = io.BytesIO()  # torch.save hides the error of a full disk from its caller
        torch.save(checkpoint, buffer)
        with replacing(Path(path)) as stream:
            stream.write(buffer.getbuffer())

    def load_checkpoint(self, path: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return what a checkpoint holds; whatever the caller asks for, no code is executed.

        Raises:
            UserError: the file is not a checkpoint.
        """
        return read_checkpoint(Path(path))


def newest(folder: Path) -> Path | None:
    """Return the checkpoint to resume from, or None when there is none.

    Raises:
        UserError: the file is not a checkpoint.
    """
    path = folder / "last.ckpt"
    if not path.exists() and not path.is_symlink():
        return None
    read_checkpoint(path, mmap=True)
    return path


def read_checkpoint(path: Path, mmap: bool = False) -> dict[str, Any]:
    """Return what a checkpoint holds, each part of the type that it must have.

    Args:
        path: of the checkpoint.
        mmap: leave the tensors on the disk until they are read.

    Raises:
        UserError: the file is not a checkpoint of a run, or a part has another type; the message names it.
    """
    try:
        content = open_tensors(path, mmap)
        _check_parts(path, content)
        named_tensors(path, content["state_dict"], "state_dict.")
    except UserError as error:
        raise UserError(f"{path} is not a checkpoint of a run ({_without(path, error)}); {_ANEW}") from error
    return cast(dict[str, Any], content)


def check_network(path: Path, module: nn.Module) -> None:
    """Compare the weights in a checkpoint to those of a module with the same names.

    Raises:
        UserError: names, shapes or types differ, or values are not finite; the first are named.
    """
    weights = named_tensors(path, read_checkpoint(path, mmap=True)["state_dict"], "state_dict.")
    try:
        check_weights(path, module.state_dict(), weights, "state_dict.")
    except UserError as error:
        raise UserError(f"{path} does not fit the model of its run ({_without(path, error)}); {_ANEW}") from error


def _check_parts(path: Path, content: Any) -> None:  # noqa: ANN401 - any saved value
    if not isinstance(content, dict):
        raise UserError(f"it holds a {type(content).__name__}")
    for name, (kind, needed) in _PARTS.items():
        if name not in content and needed:
            raise UserError(f"it has no {name}")
        value = content.get(name)
        if name in content and (not isinstance(value, kind) or isinstance(value, bool)):
            raise UserError(f"{name} is a {type(value).__name__}, not a {kind.__name__}")
    names = content.get(LABELS, [])
    if not all(isinstance(name, str) and name.isprintable() for name in names):
        raise UserError(f"{LABELS} holds other things than names of classes")


def _without(path: Path, error: UserError) -> str:
    """Return a message without the path that it begins with."""
    return str(error).removeprefix(str(path)).lstrip(": ").removeprefix("is not a file of weights: ")


def replace_weights(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Replace weights or statistics in a checkpoint, atomically; everything else in it stays.

    Raises:
        UserError: the folder cannot be written.
    """
    content = read_checkpoint(path)
    content["state_dict"] = {name: value.detach().cpu() for name, value in weights.items()}
    AtomicCheckpointIO().save_checkpoint(content, path)


def check_labels(name: str, stored: str | None, own: str) -> None:
    """Compare the label order that weights were trained with to the one they are used with.

    Args:
        name: of the weights, for the message.
        stored: their fingerprint; None in older checkpoints, which do not hold one.
        own: fingerprint of the data set.

    Raises:
        UserError: they differ.
    """
    if stored is not None and stored != own:
        raise UserError(
            f"{name} was trained with the labels {stored}, the data set has the labels {own} (fingerprint of names and "
            f"order); use the data set that it was trained on"
        )
