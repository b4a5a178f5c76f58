"""Weights that a backbone starts from: read without pickle's code execution, renamed, and checked key by key.

Files are safetensors, or PyTorch archives read with ``weights_only=True``. A backbone takes what is its own; the
inserted blocks, and a classifier of other classes, keep their initial values.
"""

from __future__ import annotations

import os
import pickle
import re
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from gta.config import WeightsConfig
from gta.errors import UserError
from gta.model import INSERTED

Source = Literal["stills", "torchvision", "pyslowfast"]
"""What the names in a file follow: our own stills, torchvision's ResNet, or PySlowFast's SlowFast."""
SUFFIXES = (".safetensors", ".pth", ".pt", ".pyth")
FOLDER_VARIABLE = "GTA_WEIGHTS"
"""Environment variable that names a further folder with weights."""


def find(config: WeightsConfig, folder: Path) -> Path:
    """Return the file of public weights, from ``folder`` or from ``$GTA_WEIGHTS``; torchvision's are downloaded.

    Raises:
        UserError: the file is in neither place and cannot be downloaded.
    """
    path = locate(config, folder)
    if path is not None:
        return path
    if config.source != "torchvision":
        raise UserError(missing(config, folder))
    try:
        return _download(config.name, folder)
    except (OSError, urllib.error.URLError, ValueError, AttributeError) as error:
        raise UserError(missing(config, folder, f" and could not be downloaded ({error})")) from error


def locate(config: WeightsConfig, folder: Path) -> Path | None:
    """Return the file of public weights if it is in ``folder`` or ``$GTA_WEIGHTS``; nothing is downloaded."""
    for place in _folders(folder):
        for suffix in SUFFIXES:
            if (place / f"{config.name}{suffix}").is_file():
                return place / f"{config.name}{suffix}"
    return None


def missing(config: WeightsConfig, folder: Path, more: str = "") -> str:
    """Return a line that says where weights were looked for and how to get them."""
    looked = " or ".join(f"{place / config.name}{{{','.join(SUFFIXES)}}}" for place in _folders(folder))
    if not os.environ.get(FOLDER_VARIABLE):
        looked += f" ({FOLDER_VARIABLE} may name a further folder)"
    if config.source == "torchvision":
        return f"the weights {config.name} are missing{more}; save them as {looked}"
    return (
        f"the weights {config.name} (trained on Kinetics-400) are missing{more}; get them from PySlowFast's model zoo "
        f"and save a checkpoint with PySlowFast's names of the weights as {looked}"
    )


def _folders(folder: Path) -> list[Path]:
    return [folder, *(Path(own) for own in [os.environ.get(FOLDER_VARIABLE)] if own)]


def _download(name: str, folder: Path) -> Path:
    from safetensors.torch import save
    from torchvision.models import get_weight

    from gta.files import replacing

    weights = get_weight(name).get_state_dict(progress=False, check_hash=True, weights_only=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    with replacing(path) as stream:
        stream.write(save({key: value.contiguous() for key, value in weights.items()}))
    return path


def load(backbone: nn.Module, path: Path, source: Source = "stills") -> None:
    """Load weights by name into a backbone; inserted blocks stay as they are.

    The classifier stays too, unless the weights are PySlowFast's for just as many classes.

    Raises:
        UserError: the file cannot be read, or its names or shapes are not the backbone's; the first are listed.
    """
    weights = read(path)
    if source == "pyslowfast":
        weights = from_pyslowfast(weights)
    own = backbone.state_dict()
    taken = set()
    if source == "pyslowfast":  # fine-tuning on the classes of the pre-training keeps the classifier
        same = [name for name in own if name.startswith("fc.") and name in weights]
        taken = set(same) if all(own[name].shape == weights[name].shape for name in same) else set()
    weights = {name: value for name, value in weights.items() if not name.startswith("fc.") or name in taken}
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    expected = {name for name in own if not name.startswith("fc.") and f".{INSERTED}." not in name} | taken
    missing = sorted(expected - weights.keys() - counters)
    foreign = sorted(weights.keys() - expected)
    other = sorted(name for name in expected & weights.keys() if own[name].shape != weights[name].shape)
    if missing or foreign or other:
        parts = [f"{len(names)} {what}: {', '.join(names[:3])}" for what, names in _named(missing, foreign, other)]
        raise UserError(f"{path} holds the weights of another network; {'; '.join(parts)}")
    backbone.load_state_dict(weights, strict=False)


def _named(missing: list[str], foreign: list[str], other: list[str]) -> Iterator[tuple[str, list[str]]]:
    for what, names in (("missing", missing), ("unknown", foreign), ("of another shape", other)):
        if names:
            yield what, names


def read(path: Path) -> dict[str, Tensor]:
    """Return the named tensors of a file.

    Raises:
        UserError: it is not a file of tensors, or reading it would run code.
    """
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, EOFError, RuntimeError, pickle.UnpicklingError, SafetensorError) as error:
        reason = str(error).split("\n")[0][:200]
        raise UserError(f"{path} is not a file of weights that can be read safely: {reason}") from error
    for key in ("model_state", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{path} holds no dictionary of tensors, nor one under model_state or state_dict")
    return {str(name): value for name, value in content.items()}


# --------------------------------------------------------------------------------------- PySlowFast
_PATHWAYS = {"0": "slow", "1": "fast"}
_LAYERS = {"a": "conv1", "a_bn": "bn1", "b": "conv2", "b_bn": "bn2", "c": "conv3", "c_bn": "bn3"}
_RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"s1\.pathway(\d)_stem\.conv\.(.+)", lambda m: f"{_PATHWAYS[m[1]]}.conv1.{m[2]}"),
    (r"s1\.pathway(\d)_stem\.bn\.(.+)", lambda m: f"{_PATHWAYS[m[1]]}.bn1.{m[2]}"),
    (r"s(\d)_fuse\.conv_f2s\.(.+)", lambda m: f"fusions.{_stage(m[1])}.0.{m[2]}"),
    (r"s(\d)_fuse\.bn\.(.+)", lambda m: f"fusions.{_stage(m[1])}.1.{m[2]}"),
    (
        r"s(\d)\.pathway(\d)_res(\d+)\.branch1(_bn)?\.(.+)",
        lambda m: f"{_PATHWAYS[m[2]]}.layer{int(m[1]) - 1}.{m[3]}.downsample.{1 if m[4] else 0}.{m[5]}",
    ),
    (
        r"s(\d)\.pathway(\d)_res(\d+)\.branch2\.([abc](?:_bn)?)\.(.+)",
        lambda m: f"{_PATHWAYS[m[2]]}.layer{int(m[1]) - 1}.{m[3]}.{_LAYERS[m[4]]}.{m[5]}",
    ),
    (r"head\.projection\.(.+)", lambda m: f"fc.{m[1]}"),
)


def _stage(number: str) -> str:
    return "stem" if number == "1" else f"res{number}"


def from_pyslowfast(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename and reshape the weights of PySlowFast's SlowFast to those of :class:`gta.backbones.SlowFast`.

    Its three-dimensional kernels (O, I, T, H, W) become the two-dimensional ones of :mod:`gta.backbones.layers`:
    (O, I, H, W) for T = 1, (O, I, T, 1) for H = W = 1, and (O, T*I, H, W) for the fast stem. Non-local blocks are left
    out; names that no rule knows are kept, so that the check of the keys lists them.
    """
    found = {}
    for name, value in weights.items():
        if "_nonlocal" not in name:
            found[_renamed(name)] = _two_dimensional(value)
    return found


def _renamed(name: str) -> str:
    for pattern, rename in _RULES:
        match = re.fullmatch(pattern, name)
        if match:
            return rename(match)
    return name


def _two_dimensional(kernel: Tensor) -> Tensor:
    if kernel.dim() != 5:
        return kernel
    if kernel.shape[2] == 1:
        return kernel.squeeze(2)
    if kernel.shape[3:] == (1, 1):
        return kernel.squeeze(4)
    return kernel.transpose(1, 2).flatten(1, 2)
