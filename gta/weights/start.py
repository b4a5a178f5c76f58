"""Start from a checkpoint: of one of our runs, or by the names of libraries or authors.

:func:`describe` says what a file is, :func:`keep` writes its weights once as safetensors, :func:`start_from` loads
them. The classifier is kept only where its classes are known to be those of the run; blocks that the file lacks start
as the identity, so that a plain network can be fine-tuned with blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from gta.config import CheckpointConfig
from gta.config.run import colour_of
from gta.errors import UserError
from gta.files import replacing
from gta.model import INSERTED
from gta.weights.fit import fitted
from gta.weights.load import check_weights, load, named_tensors, read
from gta.weights.tensor_files import open_tensors

_OWN = "model."
"""What a run's checkpoint puts before the names of its network."""
Foreign = Literal["pyslowfast", "msnet", "blvnet", "tsm", "mmaction2", "eco", "tsn", "torchvision"]
_MARKS: tuple[tuple[Foreign, tuple[str, ...]], ...] = (
    ("pyslowfast", ("s1.pathway0_stem.conv.weight", "blocks.0.multipathway_blocks.0.conv.weight")),
    ("msnet", ("flow_refinement.conv1.0.weight",)),
    ("blvnet", ("bl_init.weight",)),
    ("tsm", ("layer1.0.conv1.net.weight",)),
    ("mmaction2", ("layer1.0.conv1.conv.weight",)),
    ("eco", ("res3a_2.weight",)),
    ("tsn", ("conv1_7x7_s2.weight",)),
    ("torchvision", ("layer1.0.conv1.weight", "features.0.0.0.weight", "inception3a.branch1.conv.weight")),
)
"""Ends of names that tell whose they are."""


def describe(path: Path) -> CheckpointConfig:
    """Return the identity of a checkpoint: whose names it has, and the digest of its content.

    Raises:
        UserError: it cannot be read safely, or holds no network that is known here.
    """
    content = open_tensors(path, mmap=True)
    with open(path, "rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    own = _own_config(content)
    if own is not None:
        pretrain = own.get("pretrain") or {}
        return CheckpointConfig("run", sha256, colour_of(pretrain.get("colour", pretrain.get("source"))))
    names = _names(read(path))
    if names is None:
        raise UserError(
            f"{path} holds no network that is known here; expected a checkpoint of a run, or the names of "
            f"torchvision's ResNet, S3D or GoogLeNet, timm's Res2Net, TSM, MSNet, bLVNet-TAM, ECO, TSN, mmaction2, "
            f"PySlowFast or PyTorchVideo"
        )
    return CheckpointConfig(names, sha256, colour_of(names))


def keep(path: Path, config: CheckpointConfig, folder: Path) -> Path:
    """Write the weights of a checkpoint into ``folder`` as safetensors, unless they are there, and return the file.

    Raises:
        UserError: the checkpoint cannot be read, or the folder cannot be written.
    """
    target = folder / config.file
    if target.exists():
        return target
    labels: list[str] = []
    if config.names == "run":
        content = open_tensors(path)
        state, labels = named_tensors(path, content["state_dict"], "state_dict."), content.get("labels") or []
        weights = {name.removeprefix(_OWN): value for name, value in state.items() if name.startswith(_OWN)}
    else:
        weights = read(path)
        if config.names == "tsm":
            weights = {name.replace(".net.", "."): value for name, value in weights.items()}
    whole = {name: value.contiguous().clone() for name, value in weights.items()}  # safetensors shares no memory
    with replacing(target) as stream:
        stream.write(save(whole, {"labels": json.dumps(labels)}))
    return target


def start_from(model: nn.Module, path: Path, config: CheckpointConfig, labels: Collection[str]) -> dict[str, str]:
    """Load what :func:`keep` wrote into a network, and return what became of its parts, for people.

    Args:
        model: a :class:`~gta.model.VideoModel`.
        path: of the kept weights.
        config: of the checkpoint.
        labels: names of the run's classes, in the order of its scores.

    Raises:
        UserError: the backbone or a block that both have does not fit.
    """
    if config.names != "run":
        load(model.get_submodule("backbone"), path, "torchvision" if config.names == "tsm" else config.names)
        return {"names": config.names, "blocks": "kept" if config.names == "msnet" else "new"}
    weights, stored = _kept(path)
    own = model.state_dict()
    same = stored == list(labels) and all(
        name in weights and weights[name].shape == value.shape for name, value in own.items() if _in_head(name)
    )
    places = {_place(name) for name in own if _place(name)} & {_place(name) for name in weights}
    spared = {name for name in own if (_place(name) and _place(name) not in places) or (_in_head(name) and not same)}
    foreign = {name for name in weights if _place(name) and _place(name) not in places}
    given = {name: value for name, value in weights.items() if name not in foreign and (same or not _in_head(name))}
    given = fitted(model, given)  # a network of flow starts from one of colours
    check_weights(path, {name: value for name, value in own.items() if name not in spared}, given)
    model.load_state_dict(given, strict=False)
    found = {"names": "run", "classifier": "kept" if same else "new"}
    if any(map(_place, own)):
        found["blocks"] = "new" if not places else "kept" if not any(map(_place, spared)) else "kept in part"
    return found | ({"left out": f"{len({_place(name) for name in foreign})} blocks"} if foreign else {})


def _kept(path: Path) -> tuple[dict[str, Tensor], list[str]]:
    with safe_open(path, "pt") as content:
        labels = json.loads((content.metadata() or {}).get("labels", "[]"))
    return read(path), list(labels)


def _in_head(name: str) -> bool:
    return name.startswith(("backbone.fc.", "head."))


def _place(name: str) -> str:
    """Return the residual block at which an inserted block stands, of one of its weights; else an empty text."""
    before, found, _ = name.partition(f".{INSERTED}.")
    return before if found else ""


def _own_config(content: Any) -> dict[str, Any] | None:  # noqa: ANN401 - any saved value
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict) or "loops" not in content:
        return None
    config = (content.get("hyper_parameters") or {}).get("config")
    return config if isinstance(config, dict) else None


def _names(weights: Collection[str]) -> Foreign | None:
    for names, ends in _MARKS:
        if any(name == end or name.endswith(f".{end}") for name in weights for end in ends):
            return names
    return None
