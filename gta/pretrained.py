"""Trained networks as two files, ``config.json`` and ``model.safetensors``, the layout of model hubs.

``gta.load("tiny-r2d-gta")`` returns the one that comes with the package; a folder in the same layout is loaded by path.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gta.backbones.layers import channels_last
from gta.config import RunConfig, run_from_dict, to_dict
from gta.errors import UserError, nearest
from gta.files import read_json, write_bytes, write_json
from gta.model import build_model

__all__ = ["PretrainedRecognizer", "load"]

MODELS = Path(__file__).parent / "models"
"""One folder for each network that comes with the package."""
CONFIG, WEIGHTS = "config.json", "model.safetensors"
SCHEMA = 1
LIMIT = 8 << 20
"""The most bytes that ``config.json`` may have."""


class PretrainedRecognizer(nn.Module):
    """A trained network with the names of its classes; it takes clips as they are read."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, run: RunConfig, labels: Sequence[str], mean: Sequence[float], std: Sequence[float]) -> None:
        """Build the network without its weights.

        Args:
            run: how it was trained; its ``model`` is the network, its ``data`` says how clips are read.
            labels: names of the classes in the order of the scores.
            mean: of each channel (red, green and blue) in 0..1, subtracted from a clip.
            std: of the same, by which it is then divided.

        Raises:
            ValueError: the number of labels or channels does not fit.
        """
        super().__init__()
        channels = run.data.channels
        if len(labels) != run.model.classes or len(mean) != channels or len(std) != channels:
            raise ValueError(
                f"expected {run.model.classes} labels and {channels} channels, got {len(labels)} and {len(mean)}"
            )
        self.run, self.labels = run, tuple(labels)
        self.model = channels_last(build_model(run.model))
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, -1, 1, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(std).view(1, -1, 1, 1, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.mean.device

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        """Return class scores (B, classes) of uint8 clips (B, C, T, H, W)."""
        scores: torch.Tensor = self.model((video.float() - self.mean) / self.std)
        return scores

    def save(self, folder: Path, figures: dict[str, Any] | None = None) -> list[Path]:
        """Write ``config.json`` and ``model.safetensors`` into ``folder`` and return their paths.

        Args:
            folder: is made when it is not there.
            figures: what was measured of the network; kept in ``config.json`` for people.

        Raises:
            UserError: a file cannot be written.
        """
        from safetensors.torch import save

        colours = {name: (getattr(self, name).flatten() / 255).double() for name in ("mean", "std")}
        content = {
            "schema": SCHEMA,
            "library": "gta-video",
            "run": to_dict(self.run),
            "labels": list(self.labels),
            **{name: [round(float(value), 6) for value in values] for name, values in colours.items()},
            "figures": figures or {},
        }
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.model.state_dict().items()}
        write_bytes(folder / WEIGHTS, save(tensors, {"format": "pt"}))
        write_json(folder / CONFIG, content)
        return [folder / CONFIG, folder / WEIGHTS]


def load(name: str | Path) -> PretrainedRecognizer:
    """Return a trained network in evaluation mode, on the CPU.

    Args:
        name: of a network that comes with the package (``tiny-r2d-gta``), or a folder with ``config.json`` and
            ``model.safetensors``.

    Raises:
        UserError: there is no such network, or its files are damaged or do not belong together.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = find(name)
    recognizer = _read_config(folder / CONFIG)
    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} cannot be read as safetensors: {' '.join(str(error).split())}") from error
    expected = recognizer.model.state_dict()
    wrong = sorted(tensors.keys() ^ expected.keys())
    wrong += sorted(key for key in tensors.keys() & expected.keys() if tensors[key].shape != expected[key].shape)
    if wrong:
        raise UserError(f"{path} does not hold the network of {folder / CONFIG}: {wrong[0]} differs")
    recognizer.model.load_state_dict(tensors)
    return recognizer.eval()


def find(name: str | Path) -> Path:
    """Return the folder of a network.

    Raises:
        UserError: there is none.
    """
    for folder in (MODELS / name, Path(name)):
        if (folder / CONFIG).is_file():
            return folder
    raise UserError(f"there is no network {str(name)!r} and no {Path(name) / CONFIG}; {nearest(str(name), known())}")


def known() -> list[str]:
    """Return the names of the networks that come with the package."""
    return sorted(path.parent.name for path in MODELS.glob(f"*/{CONFIG}"))


def _read_config(path: Path) -> PretrainedRecognizer:
    content = read_json(path, LIMIT)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise UserError(f"{path} is not the config of a network of this version; gta export writes one")
    try:
        run = run_from_dict(content["run"])
        labels = content["labels"]
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise ValueError("labels is not a list of names")
        return PretrainedRecognizer(run, labels, content["mean"], content["std"])
    except KeyError as error:
        raise UserError(f"{path}: {error.args[0]} is missing; gta export writes it") from error
    except (TypeError, ValueError) as error:
        raise UserError(f"{path} is not the config of a network of this version: {error}") from error
