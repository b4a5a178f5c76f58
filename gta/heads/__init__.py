"""Heads: what turns the features of a backbone, one map a frame, into the scores of a clip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from gta.backbones import Network
from gta.config import MeanHeadConfig, ModelConfig, RegionGraphHeadConfig, RelationHeadConfig
from gta.heads.region_graph import RegionGraphHead
from gta.heads.relation import RelationHead

__all__ = ["RegionGraphHead", "RelationHead", "build_head"]

_HEADS: dict[type, Callable[..., nn.Module]] = {
    RelationHeadConfig: RelationHead,
    RegionGraphHeadConfig: RegionGraphHead,
}
"""The module of each config, built from (config, channels, frames, classes, dropout); the mean head has none."""


def build_head(model: ModelConfig, backbone: Network) -> nn.Module | None:
    """Return the head that maps features (B*T, C, h, w) to scores (B, classes); None: the backbone's own classifier.

    A backbone that leaves its scores to a head loses its classifier.
    """
    config: Any = model.head
    if isinstance(config, MeanHeadConfig):
        return None
    backbone.drop_classifier()
    last = backbone.config.last
    frames = model.block_frames(last)
    return _HEADS[type(config)](config, backbone.config.channels(last), frames, model.classes, model.dropout)
