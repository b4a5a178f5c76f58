"""Modules inside the residual branch of a bottleneck block, one a file, installed by one function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from torchvision.models.resnet import Bottleneck

from gta.backbones.branches.res2net import Res2NetBottleneck
from gta.backbones.branches.shift import shifted
from gta.backbones.branches.stm import StmBottleneck
from gta.backbones.branches.tam import TamBottleneck
from gta.backbones.branches.tea import TeaBottleneck
from gta.config.branches import Branch, Res2NetConfig, ShiftConfig, StmConfig, TamConfig, TeaConfig

_BRANCHES: dict[type, Callable[[Bottleneck, Any, int, int], nn.Module]] = {
    ShiftConfig: shifted,
    StmConfig: StmBottleneck,
    Res2NetConfig: Res2NetBottleneck,
    TeaConfig: TeaBottleneck,
    TamConfig: TamBottleneck,
}
"""The residual block of each config, built from (torchvision's block, config, frames, number in its stage)."""


def install(residual: Bottleneck, config: Branch, frames: int, index: int) -> nn.Module:
    """Return a residual block with the module of ``config`` inside its branch.

    Args:
        residual: torchvision's block; its weights are to be initialised or loaded afterwards.
        config: of the module.
        frames: T of a clip.
        index: number of the block in its stage.
    """
    return _BRANCHES[type(config)](residual, config, frames, index)
