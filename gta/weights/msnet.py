"""Weights by the names of MSNet's authors (Kwon et al., ECCV 2020): the module that compares frames beside the ResNet.

Here it stands inside the network, at whatever place a config says.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from gta.blocks.matching.motion_squeeze import MotionSqueeze

MODULES = ("chnl_reduction.", "flow_refinement.")
UNUSED = ("fc1.", "bn2.")
"""Their classifier, whose classes are others, and a norm that they make and never call."""


def from_msnet(network: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights by the names of ``network``, whose MotionSqueeze block gets theirs.

    Without such a block they keep their names, so that the check of the names lists them.
    """
    place = next((f"{name}." for name, module in network.named_modules() if isinstance(module, MotionSqueeze)), "")
    return {
        f"{place}{name}" if name.startswith(MODULES) else name: value
        for name, value in weights.items()
        if not name.startswith(UNUSED)
    }
