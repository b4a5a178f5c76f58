"""PySlowFast's and PyTorchVideo's names and kernels of a SlowFast network, turned into ours.

Both have the same layers under other names; :class:`gta.backbones.SlowFast` has them as two ResNets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import Tensor

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
    # PyTorchVideo: blocks 0 (stem) to 4 (res5), then the head
    (r"blocks\.0\.multipathway_blocks\.(\d)\.conv\.(.+)", lambda m: f"{_PATHWAYS[m[1]]}.conv1.{m[2]}"),
    (r"blocks\.0\.multipathway_blocks\.(\d)\.norm\.(.+)", lambda m: f"{_PATHWAYS[m[1]]}.bn1.{m[2]}"),
    (
        r"blocks\.(\d)\.multipathway_fusion\.(conv_fast_to_slow|norm)\.(.+)",
        lambda m: f"fusions.{_stage(str(int(m[1]) + 1))}.{int(m[2] == 'norm')}.{m[3]}",
    ),
    (
        r"blocks\.(\d)\.multipathway_blocks\.(\d)\.res_blocks\.(\d+)\.branch1_(conv|norm)\.(.+)",
        lambda m: f"{_PATHWAYS[m[2]]}.layer{m[1]}.{m[3]}.downsample.{int(m[4] == 'norm')}.{m[5]}",
    ),
    (
        r"blocks\.(\d)\.multipathway_blocks\.(\d)\.res_blocks\.(\d+)\.branch2\.(conv|norm)_([abc])\.(.+)",
        lambda m: f"{_PATHWAYS[m[2]]}.layer{m[1]}.{m[3]}.{_LAYERS[m[5] + '_bn' * (m[4] == 'norm')]}.{m[6]}",
    ),
    (r"blocks\.6\.proj\.(.+)", lambda m: f"fc.{m[1]}"),
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
