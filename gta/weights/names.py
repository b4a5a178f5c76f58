"""Names that other programs give the weights of our networks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "torchvision": (  # its s3d; a ResNet's names are our own
        (r"features\.(.+)", r"body.\1"),
        (r"classifier\.1\.(.+)", r"fc.\1"),
    ),
    "mmaction2": (  # ResNet3d: a convolution and its norm are one module
        (r"(.*)conv(\d)\.conv\.(.+)", r"\1conv\2.\3"),
        (r"(.*)conv(\d)\.bn\.(.+)", r"\1bn\2.\3"),
        (r"(.*)downsample\.conv\.(.+)", r"\1downsample.0.\2"),
        (r"(.*)downsample\.bn\.(.+)", r"\1downsample.1.\2"),
    ),
}
"""By source: a pattern of whole names, and what such a name becomes."""
LEFT_OUT = {"mmaction2": r".*\.non_local_block\..+"}
"""By source: names of what is no part of a backbone here."""


def renamed(weights: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Return the weights by our names; a name that no rule knows is kept, so that the check of the names lists it."""
    left_out = LEFT_OUT.get(source)
    return {
        _renamed(name, source): value
        for name, value in weights.items()
        if left_out is None or not re.fullmatch(left_out, name)
    }


def _renamed(name: str, source: str) -> str:
    for pattern, name_here in RULES.get(source, ()):
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(name_here)
    return name
