"""Configs of the backbones, one file a network; ``AnyBackbone`` is what a model may be built on."""

from gta.config.backbones.base import STAGES, Backbone, Place
from gta.config.backbones.resnet2d import BackboneConfig
from gta.config.backbones.slowfast import SlowFastConfig

AnyBackbone = BackboneConfig | SlowFastConfig
R2D50 = BackboneConfig()

__all__ = ["R2D50", "STAGES", "AnyBackbone", "Backbone", "BackboneConfig", "Place", "SlowFastConfig"]
