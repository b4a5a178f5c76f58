"""Configs of the backbones, one file a network; ``AnyBackbone`` is what a model may be built on."""

from gta.config.backbones.base import STAGES, Backbone, Place
from gta.config.backbones.blvnet import BLVNetConfig
from gta.config.backbones.bninception import BNInceptionConfig
from gta.config.backbones.corrnet import CorrNetConfig
from gta.config.backbones.eco import ECOConfig
from gta.config.backbones.i3d import I3DConfig
from gta.config.backbones.resnet2d import BackboneConfig
from gta.config.backbones.s3dg import S3DGConfig
from gta.config.backbones.slowfast import SlowFastConfig

AnyBackbone = (
    BackboneConfig
    | SlowFastConfig
    | I3DConfig
    | S3DGConfig
    | CorrNetConfig
    | BNInceptionConfig
    | ECOConfig
    | BLVNetConfig
)
R2D50 = BackboneConfig()

__all__ = [
    "R2D50",
    "STAGES",
    "AnyBackbone",
    "BLVNetConfig",
    "BNInceptionConfig",
    "Backbone",
    "BackboneConfig",
    "CorrNetConfig",
    "ECOConfig",
    "I3DConfig",
    "Place",
    "S3DGConfig",
    "SlowFastConfig",
]
