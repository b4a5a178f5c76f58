"""A trained network from its checkpoint alone: the file holds its whole configuration and the names of its classes."""

from __future__ import annotations

from pathlib import Path

from gta.config import run_from_dict
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
    labels = tuple(content.get(LABELS) or ())
    if len(labels) != config.model.classes:
        raise UserError(f"{path} names {len(labels)} classes, its network has {config.model.classes}")
    check_labels(str(path), content.get(FINGERPRINT), label_fingerprint(labels))
    recognizer = VideoRecognizer(config, labels)
    check_network(path, recognizer)
    recognizer.load_state_dict(content["state_dict"])
    return recognizer.eval()
