"""BNInception, and ECO on it, by the names of caffe, as TSN's, TRN's and ECO's authors keep them.

Their networks read blue, green, red from 0 to 255 less a mean; ours read red first, and the statistics of the colours
do the rest (:func:`gta.training.colours.colour_statistics`). Old files hold the norms as (1, C).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

FIRST = "conv1.0.0.weight"
_STEM = {"conv1_7x7_s2": "conv1.0", "conv2_3x3_reduce": "conv2.0", "conv2_3x3": "conv2.1"}
_BRANCHES = {
    "1x1": "one",
    "3x3_reduce": "three.0",
    "3x3": "three.1",
    "double_3x3_reduce": "twice.0",
    "double_3x3_1": "twice.1",
    "double_3x3_2": "twice_last",
    "pool_proj": "pool.1",
}
_RESIDUAL = {"1": "conv1", "1_bn": "bn1", "2": "conv2", "down": "down", "bn": "active.norm"}
"""Layers of a 3D residual block of ECO; res3a is a convolution and its norm alone."""
_CLASSIFIERS = ("fc", "fc_action", "fc_final", "last_linear", "new_fc")


def from_caffe(weights: Mapping[str, Tensor], lite: bool = False) -> dict[str, Tensor]:
    """Return the weights by our names; a name that no rule knows is kept, so that the check of the names lists it.

    Args:
        weights: by caffe's names.
        lite: they are of ECO Lite, of whose module 3c two convolutions are left.
    """
    found = {}
    for name, value in weights.items():
        layer, _, part = name.rpartition(".")
        here = _renamed(layer)
        here = re.sub(r"^mixed3\.2\.twice\.", "stacked.", here) if lite else here
        norm = layer.endswith("_bn") and value.ndim == 2 and len(value) == 1
        found[f"{here}.{part}"] = value[0] if norm else value
    if FIRST in found and found[FIRST].ndim == 4 and found[FIRST].shape[1] == 3:
        found[FIRST] = found[FIRST].flip(1)
    return found


def _renamed(layer: str) -> str:
    name, norm = (layer.removesuffix("_bn"), "1") if layer.endswith("_bn") else (layer, "0")
    match = re.fullmatch(r"inception_(\d)([a-e])_(.+)", name)
    if match and match[3] in _BRANCHES:
        return f"mixed{match[1]}.{'abcde'.index(match[2])}.{_BRANCHES[match[3]]}.{norm}"
    if layer in ("res3a_2", "res3a_bn"):
        return {"res3a_2": "conv3", "res3a_bn": "active3.norm"}[layer]
    if (match := re.fullmatch(r"res([345])([ab])_(.+)", layer)) and match[3] in _RESIDUAL:
        index = "ab".index(match[2]) - (match[1] == "3")  # res3b is the one block of res3
        return f"res{match[1]}.{index}.{_RESIDUAL[match[3]]}"
    if name in _STEM:
        return f"{_STEM[name]}.{norm}"
    return "fc" if layer in _CLASSIFIERS else layer
