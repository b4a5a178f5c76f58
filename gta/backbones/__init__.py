"""Backbones: networks that turn frames into class scores and have places where blocks can be inserted."""

from gta.backbones.resnet2d import ResNet2D
from gta.backbones.slowfast import SlowFast

__all__ = ["ResNet2D", "SlowFast"]
