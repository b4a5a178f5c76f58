"""A trained network from its checkpoint alone: the file holds its whole configuration and the names of its classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gta.config import RunConfig, run_from_dict
from gta.data.sets.splits import label_fingerprint
from gta.errors import UserError
from gta.training.checkpoint import FINGERPRINT, LABELS, check_labels, check_network, read_checkpoint
from gta.training.recognizer import VideoRecognizer


def load_checkpoint(path: Path) -> VideoRecognizer:
    """Return the network of a run's checkpoint with the names of its classes, in evaluation mode, on the CPU.

    Raises:
        UserError: the file is damaged, no checkpoint of a run of this version, or does not name its classes.
    """
    content = read_checkpoint(path, mmap=True)
    try:
        config = run_from_dict((content.get("hyper_parameters") or {}).get("config") or {})
    except ValueError as error:
        raise UserError(f"{path} is not the checkpoint of a run of this version ({error})") from error
    return restored(path, content, config, tuple(content.get(LABELS) or ()))


def restored(path: Path, content: dict[str, Any], config: RunConfig, labels: tuple[str, ...]) -> VideoRecognizer:
    """Return the network of a checkpoint that was read, in evaluation mode, on the CPU.

    Args:
        path: of the checkpoint, for messages.
        content: of the checkpoint.
        config: of its run.
        labels: names of its classes.

    Raises:
        UserError: the classes or the weights are not those of the config.
    """
    if len(labels) != config.model.classes:
        raise UserError(f"{path} names {len(labels)} classes, the model of its run has {config.model.classes}")
    check_labels(str(path), content.get(FINGERPRINT), label_fingerprint(labels))
    recognizer = VideoRecognizer(config, labels)
    check_network(path, recognizer)
    recognizer.load_state_dict(content["state_dict"])
    return recognizer.eval()
