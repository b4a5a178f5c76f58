"""Layers that several backbones share; all work on frames as pictures, (B*T, C, H, W) in channels-last memory.

In that memory a clip's features are (B, T, H*W, C), so that a shift in time, or a convolution over time alone, needs no
other layout and no three-dimensional convolution.
"""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, pad

Layers = TypeVar("Layers", bound=nn.Module)
_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


class WindowAveragePool(nn.Module):
    """Mean over windows of ``side`` x ``side`` positions, or over the whole map; (B*T, C, H, W) to (B*T, C, h, w).

    Its gradient stays channels-last, unlike that of ``AdaptiveAvgPool2d(1)``. A gradient in another layout travels down
    every shortcut and makes each element-wise backward ten times slower.
    """

    def __init__(self, side: int | None = None) -> None:
        """Average windows of ``side`` positions at stride 1; None: the whole map."""
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """Return the means; a map smaller than the window is averaged as a whole."""
        height, width = x.shape[-2:]
        window = (height, width) if self.side is None else (min(self.side, height), min(self.side, width))
        return avg_pool2d(x, window, stride=1)


class TemporalConv2d(nn.Conv2d):
    """A convolution over time alone (k x 1 x 1), as a (k, 1) convolution of the map whose rows are the frames."""

    def __init__(self, channels: int, out_channels: int, kernel: int, frames: int, stride: int = 1) -> None:
        """Build a convolution that keeps T, or divides it by ``stride``.

        Args:
            channels: of the input.
            out_channels: of the output.
            kernel: frames it spans, an odd number.
            frames: T of its input.
            stride: in frames.
        """
        super().__init__(channels, out_channels, (kernel, 1), stride=(stride, 1), padding=(kernel // 2, 0), bias=False)
        self.frames = frames

    def forward(self, input: Tensor) -> Tensor:
        """Return (B*T/stride, out_channels, H, W) of (B*T, channels, H, W)."""
        height, width = input.shape[-2:]
        rows_BTNC = input.permute(0, 2, 3, 1).reshape(-1, self.frames, height * width, input.shape[1])
        out_BOTN: Tensor = super().forward(rows_BTNC.permute(0, 3, 1, 2))
        pictures = out_BOTN.permute(0, 2, 3, 1).reshape(-1, height, width, self.out_channels)
        return pictures.permute(0, 3, 1, 2)


class ClipConv2d(nn.Conv2d):
    """A convolution over time and space (k x n x n): k two-dimensional ones of each frame, summed where frames meet.

    Its weight is (out, k * channels, n, n): that of a three-dimensional convolution (out, channels, k, n, n) with time
    before the channels.
    """

    def __init__(self, channels: int, out_channels: int, extent: int, side: int, frames: int, stride: int = 2) -> None:
        """Build a convolution that keeps T and divides H and W by ``stride``.

        Args:
            channels: of the input.
            out_channels: of the output.
            extent: frames it spans, an odd number.
            side: height and width of the kernel.
            frames: T of its input.
            stride: in space.
        """
        super().__init__(extent * channels, out_channels, side, stride=stride, padding=side // 2, bias=False)
        self.extent, self.frames = extent, frames

    def forward(self, input: Tensor) -> Tensor:
        """Return (B*T, out_channels, H/stride, W/stride) of (B*T, channels, H, W); frames beyond the ends are zero."""
        reach = self.extent // 2
        taps = torch.unflatten(self.weight, 1, (self.extent, -1)).transpose(0, 1).flatten(0, 1)
        parts = conv2d(input, taps, stride=_pair(self.stride), padding=_pair(self.padding))  # type: ignore[arg-type]
        parts_BTHWKO = torch.unflatten(
            torch.unflatten(parts.permute(0, 2, 3, 1), 0, (-1, self.frames)), -1, (self.extent, -1)
        )
        padded = pad(parts_BTHWKO, (0, 0, 0, 0, 0, 0, 0, 0, reach, reach))
        out_BTHWO = padded[:, : self.frames, :, :, 0]
        for at in range(1, self.extent):
            out_BTHWO = out_BTHWO + padded[:, at : at + self.frames, :, :, at]
        return out_BTHWO.flatten(0, 1).permute(0, 3, 1, 2)


def channels_last(network: Layers) -> Layers:
    """Put the kernels of pictures and of clips into channels-last memory, in place; return the network."""
    for parameter in network.parameters():
        if parameter.dim() in _LAST:
            parameter.data = parameter.data.to(memory_format=_LAST[parameter.dim()])
    return network


def to_pictures(clip: Tensor) -> Tensor:
    """Return a clip (B, C, T, H, W) as pictures (B*T, C, H, W) in channels-last memory."""
    return clip.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def classify(pooled: Tensor, classifier: nn.Module) -> Tensor:
    """Return class scores of pooled features.

    Args:
        pooled: (M, C, h, w) of :class:`WindowAveragePool`.
        classifier: C to classes.

    Returns:
        (M, classes) when there is one position, else (M, h*w, classes).
    """
    if pooled.shape[-2:] == (1, 1):
        scores: Tensor = classifier(pooled.flatten(1))
    else:
        scores = classifier(pooled.flatten(2).mT)
    return scores


def over_frames(scores: Tensor, frames: int) -> Tensor:
    """Average the scores of frames in float32 or better: (B*T, ...) to (B, ...)."""
    precise = torch.promote_types(scores.dtype, torch.float32)
    return torch.unflatten(scores, 0, (-1, frames)).mean(dim=1, dtype=precise)


def over_positions(scores: Tensor) -> Tensor:
    """Average the probabilities of positions: (B, P, classes) to log-probabilities (B, classes), others unchanged."""
    if scores.dim() == 2:
        return scores
    return scores.log_softmax(dim=-1).logsumexp(dim=1) - math.log(scores.shape[1])  # a mean of zeros has no logarithm


def _pair(size: tuple[int, ...]) -> tuple[int, int]:
    return size[0], size[1]
