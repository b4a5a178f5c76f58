"""The blocks of the paper: each maps features to features of the same shape and starts as the identity.

Those that match frames, MotionSqueeze and Correlation, do so only where their config says it.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from gta.blocks.cgnl import CompactGeneralizedNonLocal
from gta.blocks.global_context import GlobalContext
from gta.blocks.glore import GlobalReasoning
from gta.blocks.gta import GlobalTemporalAttention
from gta.blocks.matching.correlation import CorrelationBlock
from gta.blocks.matching.motion_squeeze import MotionSqueeze
from gta.blocks.mixing import CrossChannelMultiHead, MultiHead, SingleMatrix
from gta.blocks.nonlocal_attention import NonLocal
from gta.blocks.resample import resample_frames
from gta.blocks.spatial import SpatialAttention
from gta.blocks.temporal import TemporalAttention
from gta.config import (
    BlockConfig,
    CGNLConfig,
    CorrelationConfig,
    GCConfig,
    GloReConfig,
    GTAConfig,
    MotionSqueezeConfig,
    NLConfig,
    SAConfig,
    TAConfig,
)

__all__ = [
    "CompactGeneralizedNonLocal",
    "CorrelationBlock",
    "CrossChannelMultiHead",
    "GlobalContext",
    "GlobalReasoning",
    "GlobalTemporalAttention",
    "MotionSqueeze",
    "MultiHead",
    "NonLocal",
    "SingleMatrix",
    "SpatialAttention",
    "TemporalAttention",
    "build_block",
    "build_blocks",
    "resample_frames",
]


def build_block(config: BlockConfig, channels: int, frames: int) -> nn.Module:
    """Return the block that ``config`` describes, for ``channels`` channels and ``frames`` frames a clip."""
    match config:
        case NLConfig():
            return NonLocal(channels, frames, config)
        case SAConfig():
            return SpatialAttention(channels, frames, config)
        case TAConfig():
            return TemporalAttention(channels, frames, config)
        case GTAConfig():
            return GlobalTemporalAttention(channels, frames, config)
        case CGNLConfig():
            return CompactGeneralizedNonLocal(channels, frames, config)
        case GCConfig():
            return GlobalContext(channels, frames, config)
        case GloReConfig():
            return GlobalReasoning(channels, frames, config)
        case MotionSqueezeConfig():
            return MotionSqueeze(channels, frames, config)
        case CorrelationConfig():
            return CorrelationBlock(channels, frames, config)


def build_blocks(configs: Iterable[BlockConfig], channels: int, frames: int) -> nn.Sequential:
    """Return the blocks of one place in their order, each with its own residual."""
    return nn.Sequential(*(build_block(config, channels, frames) for config in configs))
