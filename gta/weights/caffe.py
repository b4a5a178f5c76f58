"""BNInception by the names of caffe, as TSN's, TRN's and ECO's authors keep it.

Their networks read blue, green, red from 0 to 255 less a mean; ours read red first, and the statistics of the colours
do the rest (:func:`gta.training.recognizer.colour_statistics`). Old files hold the norms as (1, C).
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
_CLASSIFIERS = ("fc", "fc_action", "last_linear", "new_fc")


def from_caffe(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights by our names; a name that no rule knows is kept, so that the check of the names lists it."""
    found = {}
    for name, value in weights.items():
        layer, _, part = name.rpartition(".")
        here = _renamed(layer)
        norm = here.endswith(".1") and value.ndim == 2 and len(value) == 1
        found[f"{here}.{part}"] = value[0] if norm else value
    if FIRST in found and found[FIRST].ndim == 4:
        found[FIRST] = found[FIRST].flip(1)
    return found


def _renamed(layer: str) -> str:
    name, norm = (layer.removesuffix("_bn"), "1") if layer.endswith("_bn") else (layer, "0")
    match = re.fullmatch(r"inception_(\d)([a-e])_(.+)", name)
    if match and match[3] in _BRANCHES:
        return f"mixed{match[1]}.{'abcde'.index(match[2])}.{_BRANCHES[match[3]]}.{norm}"
    if name in _STEM:
        return f"{_STEM[name]}.{norm}"
    return "fc" if layer in _CLASSIFIERS else layer
