"""Backbones: networks that turn clips into features and scores, and have places where blocks can be inserted."""

from __future__ import annotations

from typing import Any

from gta.backbones.blvnet import BLVNet
from gta.backbones.bninception import BNInception
from gta.backbones.corrnet import CorrNet
from gta.backbones.eco import ECO
from gta.backbones.i3d import I3D
from gta.backbones.network import Network
from gta.backbones.resnet2d import ResNet2D
from gta.backbones.s3dg import S3DG
from gta.backbones.slowfast import SlowFast
from gta.config import (
    BackboneConfig,
    BLVNetConfig,
    BNInceptionConfig,
    CorrNetConfig,
    ECOConfig,
    I3DConfig,
    S3DGConfig,
    SlowFastConfig,
)
from gta.config.backbones import Backbone

__all__ = [
    "ECO",
    "I3D",
    "S3DG",
    "BLVNet",
    "BNInception",
    "CorrNet",
    "Network",
    "ResNet2D",
    "SlowFast",
    "build_backbone",
]

_NETWORKS: dict[type, Any] = {
    BLVNetConfig: BLVNet,
    ECOConfig: ECO,
    BNInceptionConfig: BNInception,
    BackboneConfig: ResNet2D,
    SlowFastConfig: SlowFast,
    I3DConfig: I3D,
    S3DGConfig: S3DG,
    CorrNetConfig: CorrNet,
}
"""The network of each config, built from (config, classes, frames, dropout, pool)."""


def build_backbone(
    config: Backbone, classes: int, frames: int, dropout: float = 0.0, pool: int | None = None
) -> Network:
    """Return the network that ``config`` describes.

    Args:
        config: of a backbone.
        classes: outputs of its classifier.
        frames: T of a clip.
        dropout: before the classifier.
        pool: side of the window averaged before the classifier; None: the whole map.
    """
    network: Network = _NETWORKS[type(config)](config, classes, frames=frames, dropout=dropout, pool=pool)
    return network
