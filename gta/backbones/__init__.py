"""Backbones: networks that turn frames into class scores and have places where blocks can be inserted."""

from gta.backbones.resnet2d import ResNet2D

__all__ = ["ResNet2D"]
