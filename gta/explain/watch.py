"""Run a model on one clip and keep what its blocks and its classifier were given."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from gta.blocks import GlobalTemporalAttention, NonLocal, SpatialAttention, TemporalAttention
from gta.model import VideoModel, inserted_blocks

ATTENDING = (SpatialAttention, NonLocal, TemporalAttention, GlobalTemporalAttention)
"""Blocks whose weights can be shown."""


class BlockInput(NamedTuple):
    """An attending block and what it was given."""

    place: str
    """Such as ``res3[0]``."""
    block: nn.Module
    x: Tensor
    """(T, C, H, W), one clip."""


class ForwardPass(NamedTuple):
    """What a model computed of one clip."""

    inputs: list[BlockInput]
    """In the order of the forward pass."""
    features: Tensor | None
    """(T, C, h, w), what the classifier averages; of SlowFast those of the slow pathway. None with another head."""
    scores: Tensor
    """(1, classes)."""


def attending_blocks(model: VideoModel) -> list[tuple[str, nn.Module]]:
    """Return the blocks whose weights can be shown, with their places, in the order of the forward pass."""
    return [
        (place, block)
        for place, inserted in inserted_blocks(model.backbone).items()
        for block in inserted.modules()
        if isinstance(block, ATTENDING)
    ]


def watch(model: VideoModel, clip: Tensor) -> ForwardPass:
    """Run the model on a clip, (1, 3, T, H, W)."""
    inputs: list[BlockInput] = []
    features: list[Tensor] = []  # SlowFast pools twice, the slow pathway first
    hooks = [model.backbone.avgpool.register_forward_pre_hook(lambda _, given: features.append(given[0]))]

    def keep(place: str, block: nn.Module) -> None:
        hook = block.register_forward_pre_hook(lambda _, given: inputs.append(BlockInput(place, block, given[0])))
        hooks.append(hook)

    for place, block in attending_blocks(model):
        keep(place, block)
    try:
        scores: Tensor = model(clip)
    finally:
        for hook in hooks:
            hook.remove()
    return ForwardPass(inputs, features[0] if features else None, scores)
