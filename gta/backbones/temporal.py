"""Layers over time for networks whose features have fewer frames than the clip; all work on pictures (B*T, C, H, W).

A window of k frames is a (k, 1) window of the map whose rows are the frames, as in
:class:`~gta.backbones.layers.TemporalConv2d`.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d
from torchvision.models.resnet import Bottleneck

from gta.backbones.layers import TemporalConv2d


class TemporalMaxPool(nn.Module):
    """Maximum over windows of frames at each position; (B*T, C, H, W) to (B*T/stride, C, H, W)."""

    def __init__(self, kernel: int, stride: int, frames: int) -> None:
        """Take the maximum of ``kernel`` frames; an odd kernel is padded, so that it is centred.

        Args:
            kernel: frames of a window.
            stride: frames between windows.
            frames: T of its input.
        """
        super().__init__()
        self.kernel, self.stride, self.frames = kernel, stride, frames

    def forward(self, x: Tensor) -> Tensor:
        """Return the maxima."""
        height, width = x.shape[-2:]
        rows_BTNC = x.permute(0, 2, 3, 1).reshape(-1, self.frames, height * width, x.shape[1])
        padding = (self.kernel // 2 if self.kernel % 2 else 0, 0)
        pooled = max_pool2d(rows_BTNC.permute(0, 3, 1, 2), (self.kernel, 1), (self.stride, 1), padding)
        return pooled.permute(0, 2, 3, 1).reshape(-1, height, width, x.shape[1]).permute(0, 3, 1, 2)


class EveryFrame(nn.Module):
    """Frames 0, s, 2s, ... of each clip; (B*T, C, H, W) to (B*T/s, C, H, W)."""

    def __init__(self, stride: int, frames: int) -> None:
        """Keep every ``stride``-th of ``frames`` frames."""
        super().__init__()
        self.stride, self.frames = stride, frames

    def forward(self, x: Tensor) -> Tensor:
        """Return the frames that are kept."""
        return torch.unflatten(x, 0, (-1, self.frames))[:, :: self.stride].flatten(0, 1)


def clip_mean(pooled: Tensor, frames: int) -> Tensor:
    """Return the mean over the frames of each clip, (B*T, C, h, w) to (B, C, h, w)."""
    return torch.unflatten(pooled, 0, (-1, frames)).mean(dim=1)


def separable(
    channels: int,
    out_channels: int,
    side: int,
    frames: int,
    stride: int = 1,
    extent: int = 3,
    stride_t: int = 1,
) -> tuple[nn.Conv2d, TemporalConv2d]:
    """Return a convolution over space (1 x side x side) and the one over time (extent x 1 x 1) that follows it.

    Args:
        channels: of the input.
        out_channels: of both outputs.
        side: height and width of the spatial kernel.
        frames: T of the input.
        stride: in space.
        extent: frames that the temporal kernel spans.
        stride_t: in frames.
    """
    space = nn.Conv2d(channels, out_channels, side, stride=stride, padding=side // 2, bias=False)
    return space, TemporalConv2d(out_channels, out_channels, extent, frames, stride_t)


def bottleneck(
    channels: int, planes: int, frames: int, stride: int = 1, extent: int = 1, stride_t: int = 1
) -> Bottleneck:
    """Return torchvision's residual block, its first convolution spanning ``extent`` frames.

    Args:
        channels: of the input; the output has ``4 * planes``.
        planes: inner width.
        frames: T of the input.
        stride: in space, of the 3x3 convolution and of the shortcut.
        extent: frames that the first convolution spans; 1 is the 2D block.
        stride_t: frames between those that the shortcut keeps; a convolution of the branch must have the same.
    """
    shortcut = None
    if stride != 1 or stride_t != 1 or channels != 4 * planes:
        layers: list[tuple[str, nn.Module]] = [
            ("0", nn.Conv2d(channels, 4 * planes, 1, stride=stride, bias=False)),
            ("1", nn.BatchNorm2d(4 * planes)),
        ]
        if stride_t != 1:
            layers.insert(0, ("frames", EveryFrame(stride_t, frames)))
        shortcut = nn.Sequential(OrderedDict(layers))
    block = Bottleneck(channels, planes, stride, shortcut)
    if extent > 1:
        block.conv1 = TemporalConv2d(channels, planes, extent, frames)
    return block
