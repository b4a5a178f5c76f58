"""Weights by the names of bLVNet-TAM's authors (Fan et al., NeurIPS 2019), and of the Big-Little ResNet of pictures.

Temporal aggregation is three convolutions of one weight a channel there, and one over three frames here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

STEM = {
    "conv1": "first.0",
    "bn1": "first.1",
    "b_conv0": "big.0",
    "bn_b0": "big.1",
    "bl_init": "joined.0",
    "bn_bl_init": "joined.1",
    **{f"l_conv{number}": f"little.{number}.0" for number in range(3)},
    **{f"bn_l{number}": f"little.{number}.1" for number in range(3)},
}
"""Modules before the first stage, and where they are in :class:`gta.backbones.blvnet.Stem`."""
TAPS = ("prev", "curr", "next")
_TAP = re.compile(rf"(.*\b)?tam\.({'|'.join(TAPS)})\.weight")


def from_blvnet(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights by the names of :class:`gta.backbones.BLVNet`, temporal aggregation in one tensor.

    What has no place here keeps its name, so that the check of the names lists it.
    """
    found, taps = {}, dict[str, dict[str, Tensor]]()
    for name, value in weights.items():
        if name.startswith("new_fc."):
            continue
        if match := _TAP.fullmatch(name):
            taps.setdefault(match[1] or "", {})[match[2]] = value
            continue
        module, dot, rest = name.partition(".")
        if module in STEM and "." not in rest:
            found[f"stem.{STEM[module]}{dot}{rest}"] = value
        else:
            found[re.sub(r"^(layer[123]\.fusion)\.0\.", r"\1.", name)] = value
    for before, parts in taps.items():
        if parts.keys() == set(TAPS):
            place = before or "stem."
            found[f"{place}mix.0.weight"] = torch.cat([parts[tap].flatten(1) for tap in TAPS], dim=1).unsqueeze(1)
        else:
            found |= {f"{before}tam.{tap}.weight": value for tap, value in parts.items()}
    return found


def is_aggregation(name: str) -> bool:
    """Return whether a weight of :class:`gta.backbones.BLVNet` is of temporal aggregation."""
    return re.search(r"\bmix\.0\.weight$", name) is not None
