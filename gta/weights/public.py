"""Where the files of public weights are: in the weights' folders, in torch hub's cache, or to be downloaded."""

from __future__ import annotations

from pathlib import Path

import torch

from gta.config import WeightsConfig
from gta.errors import UserError
from gta.files import make_folder
from gta.variables import read_variables

_AUTHORS = {
    "timm": ("trained on ImageNet", "timm's"),
    "tsn": ("BNInception, ImageNet", "TSN's"),
    "eco": ("trained on Kinetics-400", "the authors'"),
    "blvnet": ("Big-Little ResNet, ImageNet", "the authors'"),
}
"""What the weights were trained on and who has them, by source."""
SUFFIXES = (".safetensors", ".pth", ".pt", ".pyth", ".ckpt")


def find(config: WeightsConfig, folder: Path) -> Path:
    """Return the file of public weights; torchvision's are downloaded into ``folder`` when :func:`locate` has none.

    Raises:
        UserError: the file is in no place and cannot be downloaded.
    """
    path = locate(config, folder)
    if path is not None:
        return path
    url = _url(config)
    if url is None:
        raise UserError(missing(config, folder))
    make_folder(folder)
    try:
        return _download(url, folder)
    except (OSError, ValueError, RuntimeError) as error:  # urllib's errors; another SHA-256 than the name says
        raise UserError(missing(config, folder, f" and could not be downloaded ({error})")) from error


def locate(config: WeightsConfig, folder: Path) -> Path | None:
    """Return the file of public weights if it is on this machine; nothing is downloaded.

    The search takes the config's name and torch hub's own, in ``folder``, ``$GTA_WEIGHTS`` and torch hub's cache.
    """
    names = _names(config)
    places = (*_folders(folder), Path(torch.hub.get_dir()) / "checkpoints")
    return next((place / name for place in places for name in names if (place / name).is_file()), None)


def missing(config: WeightsConfig, folder: Path, more: str = "") -> str:
    """Return a line that says where weights were looked for and how to get them."""
    looked = " or ".join(f"{place / config.name}{{{','.join(SUFFIXES)}}}" for place in _folders(folder))
    hub = _names(config)[len(SUFFIXES) :]
    if hub:
        looked += f", or as {hub[0]} there"
    if not read_variables().weights:
        looked += " (GTA_WEIGHTS may name a further folder)"
    if config.source == "torchvision":
        return f"the weights {config.name} are missing{more}; save them as {looked}"
    if config.source in _AUTHORS:
        trained, whose = _AUTHORS[config.source]
        return f"the weights {config.name} ({trained}) are missing; save {whose} file of them as {looked}"
    if config.source == "run":
        row, _, profile = config.name.rpartition("_")
        return (
            f"the weights {config.name} are missing; train the row {row} of table_peers in the profile {profile} and "
            f"save its checkpoint as {looked}"
        )
    if config.source == "pyslowfast":
        source = (
            f"get {config.name}.pyth from PyTorchVideo's model zoo, since the .pkl files of PySlowFast's model zoo "
            f"cannot be read safely, and save it, or what `python -m gta.weights.convert` makes of it, as {looked}"
        )
    else:
        source = f"get them from mmaction2's model zoo and save a checkpoint with mmaction2's names as {looked}"
    return f"the weights {config.name} (trained on Kinetics-400) are missing{more}; {source}"


def _folders(folder: Path) -> list[Path]:
    return [folder, *(Path(further) for further in [read_variables().weights] if further)]


def _names(config: WeightsConfig) -> list[str]:
    url = _url(config)
    return [f"{config.name}{suffix}" for suffix in SUFFIXES] + ([] if url is None else [url.rpartition("/")[2]])


def _url(config: WeightsConfig) -> str | None:
    if config.source != "torchvision":
        return None
    from torchvision.models import get_weight

    try:
        return str(get_weight(config.name).url)
    except (ValueError, KeyError, AttributeError):
        return None


def _download(url: str, folder: Path) -> Path:
    """Download into ``folder`` under torch hub's own name; the digits in the name are compared to the content."""
    name = url.rpartition("/")[2]
    path = folder / name
    torch.hub.download_url_to_file(url, str(path), name.rpartition("-")[2].partition(".")[0], progress=False)
    return path
