"""Load the weights that a backbone starts from: unwrapped from what toolkits put around them, checked key by key.

A backbone takes what is its own; the inserted blocks, and a classifier of other classes, keep their initial values.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gta.backbones import Network, build_backbone
from gta.backbones.eco import ECO
from gta.backbones.s3dg import S3DG
from gta.errors import UserError
from gta.model import INSERTED
from gta.weights import msnet
from gta.weights.blvnet import from_blvnet, is_aggregation
from gta.weights.caffe import from_caffe
from gta.weights.fit import fitted
from gta.weights.googlenet import from_googlenet, is_googlenet
from gta.weights.msnet import from_msnet
from gta.weights.names import renamed
from gta.weights.pyslowfast import from_pyslowfast
from gta.weights.tensor_files import open_tensors, shown

Source = Literal["stills", "run", "torchvision", "timm", "pyslowfast", "mmaction2", "tsn", "eco", "msnet", "blvnet"]
"""What the names in a file follow: our own stills or runs, torchvision's ResNet, S3D and GoogLeNet, timm's Res2Net,
PySlowFast's SlowFast, mmaction2's I3D, TSN's BNInception, or the code of ECO's, MSNet's or bLVNet-TAM's authors."""
CONTAINERS = (
    "model_ema",  # an average over the training comes before what was averaged, as in timm
    "ema_state_dict",
    "state_dict_ema",
    "model_state",
    "model_state_dict",
    "state_dict",
    "model",
    "net",
    "network",
    "module",
)
"""Entries under which training programs keep the weights, the preferred first; one may lie within another."""
_LOOKED = f"; weights are looked for under {', '.join(CONTAINERS)}"
WRAPPERS = ("module", "model", "backbone", "encoder", "network", "net", "base_model", "baseline_model")
"""Words that wrappers put before the names of a network, sometimes several."""
_INNER = re.compile(r"(?<![^.])(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What compilation, sharding and recomputation put before or into names."""
_PREFIX = re.compile(rf"((?:{'|'.join(WRAPPERS)})\.)+")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def load(backbone: nn.Module, path: Path, source: Source = "stills") -> None:
    """Load weights by name into a backbone; inserted blocks stay as they are, kernels of pictures are inflated.

    The classifier stays too, unless the weights are PySlowFast's for just as many classes. What the network has in
    time alone, such as TEA's motion excitation, stays where the weights are those of the network of pictures.

    Raises:
        UserError: the file cannot be read, its names, shapes or types are not the backbone's, or values are not finite.
    """
    own = backbone.state_dict()
    body = {name for name in own if not name.startswith("fc.") and f".{INSERTED}." not in name}
    in_time = _in_time(backbone)
    weights = read(path)
    lite = isinstance(backbone, ECO) and not backbone.full
    own_names = functools.partial(_own_names, source=source, lite=lite)
    weights = _unwrapped(path, weights, own_names, {name for name in body - in_time if not _is_counter(name)})
    if source == "run":
        body |= {name for name in own if f".{INSERTED}." in name and name in weights}
    if source == "msnet":
        weights = from_msnet(backbone, weights)
        body |= {name for name in own if any(f".{module}" in name for module in msnet.MODULES)}
    if not in_time & weights.keys():
        body -= in_time
    if source == "blvnet" and not any(is_aggregation(name) for name in weights):  # the network of pictures
        body = {name for name in body if not is_aggregation(name)}
    taken = set()
    if source == "pyslowfast":  # fine-tuning on the classes of the pre-training keeps the classifier
        same = [name for name in own if name.startswith("fc.") and name in weights]
        taken = set(same) if all(own[name].shape == weights[name].shape for name in same) else set()
    weights = {name: value for name, value in weights.items() if not name.startswith("fc.") or name in taken}
    if isinstance(backbone, S3DG) and is_googlenet(weights):
        weights = from_googlenet(backbone, weights)
    weights = fitted(backbone, weights)
    check_weights(path, {name: own[name] for name in body | taken}, weights)
    backbone.load_state_dict(weights, strict=False)


def _in_time(backbone: nn.Module) -> set[str]:
    """Return the names of what a network has beyond that of pictures, whose weights it starts from."""
    if not isinstance(backbone, Network):
        return set()
    with torch.device("meta"):
        still = build_backbone(backbone.config.still, 2, backbone.config.still.frame_step)
    return backbone.state_dict().keys() - still.state_dict().keys()


def read(path: Path) -> dict[str, Tensor]:
    """Return the named tensors of a file, out of the containers of :data:`CONTAINERS`.

    Raises:
        UserError: it is not a file of weights, or reading it would run code.
    """
    content, where = open_tensors(path), ""
    for _ in range(len(CONTAINERS)):
        keys = [key for key in CONTAINERS if isinstance(content, dict) and not isinstance(content.get(key, 0), Tensor)]
        keys = [key for key in keys if key in content]
        if not keys:
            break
        inner = next((key for key in keys if isinstance(content[key], dict)), keys[0])  # else the message names it
        content, where = content[inner], f"{where}{inner}."
    return named_tensors(path, content, where)


def named_tensors(path: Path, content: Any, where: str = "") -> dict[str, Tensor]:  # noqa: ANN401 - any saved value
    """Return ``content`` if it is a dictionary of tensors by name; ``where`` is the field that it was found in.

    Raises:
        UserError: it is something else, or an entry is; the message names the first one.
    """
    field = f" under {where.rstrip('.')}" if where else ""
    if not isinstance(content, Mapping):
        raise UserError(f"{path} holds no dictionary of tensors{field}, but a {type(content).__name__}")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise UserError(
                f"{path} holds no dictionary of tensors{field}: the entry {where}{shown(name)} is "
                f"a {type(value).__name__}{'' if where else _LOOKED}"
            )
        if value.layout != torch.strided or value.device.type != "cpu" or value.is_quantized:
            raise UserError(f"{path}: {where}{shown(name)} is no plain tensor (sparse, quantised or without values)")
    return dict(content)


def check_weights(path: Path, own: Mapping[str, Tensor], weights: Mapping[str, Tensor], where: str = "") -> None:
    """Compare weights to those that a network has; counters of batches may be missing.

    Raises:
        UserError: names, shapes or types differ, or values are not finite; the first are named.
    """
    common = sorted(own.keys() & weights.keys())
    found = {
        "missing": sorted(name for name in own.keys() - weights.keys() if not _is_counter(name)),
        "unknown": sorted(weights.keys() - own.keys()),
        "of another shape": [name for name in common if own[name].shape != weights[name].shape],
        "of another type": [name for name in common if not _converts(weights[name], own[name])],
    }
    parts = [f"{len(names)} {what}: {_first(names, where)}" for what, names in found.items() if names]
    if parts:
        raise UserError(f"{path} holds the weights of another network; {'; '.join(parts)}")
    bad = [name for name in common if not bool(torch.isfinite(weights[name].to(own[name].dtype)).all())]
    if bad:
        raise UserError(f"{path}: {len(bad)} weights hold NaN or infinite values: {_first(bad, where)}")


def _unwrapped(
    path: Path,
    weights: dict[str, Tensor],
    own_names: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    body: Collection[str],
) -> dict[str, Tensor]:
    """Return the weights without what wrappers put before their names; parts beside a wrapped network are left out."""
    weights = {_INNER.sub("", name): value for name, value in weights.items()}
    found = {}
    for prefix in _prefixes(weights):
        inner = {name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)}
        found[prefix] = own_names(inner)
    whole = [prefix for prefix, inner in found.items() if inner.keys() >= set(body)]
    if len(whole) > 1:
        raise UserError(f"{path} holds several networks, named {' and '.join(whole)}; save the one that is meant alone")
    best = max(found, key=lambda prefix: len(found[prefix].keys() & set(body)))
    return found[best]


def _own_names(weights: Mapping[str, Tensor], source: Source, lite: bool) -> dict[str, Tensor]:
    if source == "pyslowfast":
        return from_pyslowfast(weights)
    if source == "blvnet":
        return from_blvnet(weights)
    return from_caffe(weights, lite) if source in ("tsn", "eco") else renamed(weights, source)


def _prefixes(weights: Collection[str]) -> Iterator[str]:
    yield ""
    chains = {match[0] for match in map(_PREFIX.match, weights) if match}
    words = [chain.split(".")[:-1] for chain in sorted(chains)]
    starts = {tuple(chain[:count]) for chain in words for count in range(1, len(chain) + 1)}
    yield from ("".join(f"{word}." for word in start) for start in sorted(starts))


def _is_counter(name: str) -> bool:
    return name.endswith("num_batches_tracked")


def _converts(value: Tensor, own: Tensor) -> bool:
    if own.is_floating_point():
        return value.dtype in _FLOATS
    return not value.is_floating_point() and not value.is_complex()


def _first(names: list[str], where: str) -> str:
    return ", ".join(f"{where}{shown(name)}" for name in names[:3])
