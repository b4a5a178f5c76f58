"""torchvision's GoogLeNet (Inception-v1 with batch norms) as the start of S3D-G: its kernels are S3D-G's spatial ones.

Convolutions over time start as the identity and their norms as the identity too, so that the network begins as
GoogLeNet on every frame; gates keep their initial values. torchvision's weights were trained on pictures scaled to
-1..1: what brings pictures normalised by ImageNet's statistics to that scale is folded into the first convolution and
its norm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gta.backbones.layers import TemporalConv2d
from gta.backbones.s3dg import S3DG, Gate

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_STEM = {"conv1": "body.0.0", "conv2": "body.2", "conv3": "body.3.0"}
_BRANCHES = {
    "branch1": "branch0",
    "branch2.0": "branch1.0",
    "branch2.1": "branch1.1.0",
    "branch3.0": "branch2.0",
    "branch3.1": "branch2.1.0",
    "branch4.1": "branch3.1",
}
_LAYERS = {"conv": "0", "bn": "1"}


def is_googlenet(weights: Mapping[str, Tensor]) -> bool:
    """Return whether these are the weights of torchvision's ``googlenet``."""
    return {"conv1.conv.weight", "conv1.bn.running_mean", "inception3a.branch1.conv.weight"} <= weights.keys()


def from_googlenet(network: S3DG, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights that ``network`` starts with; auxiliary classifiers are left out.

    Args:
        network: S3D-G of GoogLeNet's width.
        weights: by torchvision's names.
    """
    modules = [name for names in network.stage_modules.values() for name in names]
    letters = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    at = dict(zip(letters, modules, strict=True))
    found = {}
    for name, value in weights.items():
        match = re.fullmatch(r"(conv\d|inception(\w\w)\.(branch\d(?:\.\d)?))\.(conv|bn)\.(\w+)", name)
        if match:
            where = f"{at[match[2]]}.{_BRANCHES[match[3]]}" if match[2] else _STEM[match[1]]
            found[f"{where}.{_LAYERS[match[4]]}.{match[5]}"] = value
        elif not name.startswith("aux"):
            found[name] = value  # the classifier, or a name that the check of the names lists
    _rescale(found)
    return found | _identities(network)


def _rescale(weights: dict[str, Tensor]) -> None:
    """Let the first convolution read pictures normalised by ImageNet's statistics: x' = 2 (std x + mean) - 1."""
    kernel, mean = weights["body.0.0.0.weight"], weights["body.0.0.1.running_mean"]
    scale, shift = 2 * torch.tensor(STD), 2 * torch.tensor(MEAN) - 1
    weights["body.0.0.0.weight"] = kernel * scale.to(kernel)[:, None, None]
    weights["body.0.0.1.running_mean"] = mean - (kernel.sum(dim=(2, 3)) @ shift.to(kernel))


def _identities(network: S3DG) -> dict[str, Tensor]:
    """Return kernels over time that read their own frame and channel alone, their norms, and the gates as they are."""
    found = {}
    for name, module in network.named_modules():
        if isinstance(module, TemporalConv2d):
            found[f"{name}.weight"] = torch.eye(module.out_channels)[:, :, None, None]  # inflated like other kernels
            norm = network.get_submodule(f"{name.rpartition('.')[0]}.1")
            assert isinstance(norm, nn.BatchNorm2d)
            start = nn.BatchNorm2d(norm.num_features).state_dict()
            start["running_var"] -= norm.eps
            found |= {f"{name.rpartition('.')[0]}.1.{key}": value for key, value in start.items()}
        elif isinstance(module, Gate):
            found |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    return found
