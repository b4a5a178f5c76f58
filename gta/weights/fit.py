"""Kernels of other forms made to fit a network: three-dimensional ones, and those of a picture that are inflated.

A kernel of three colours becomes one of flow as its mean over them, the same for every channel (Wang et al., "Temporal
segment networks", ECCV 2016, section 3.2).

Inflation (Carreira and Zisserman, CVPR 2017, section 2.3): a network that saw one picture sees the same in a clip of
equal frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from gta.backbones.layers import ClipConv2d, TemporalConv2d

Start = Literal["centre", "mean"]
"""A picture's kernel in the middle frame and zeros in the others, or 1/k of it in each of k frames."""


def fitted(network: nn.Module, weights: Mapping[str, Tensor], start: Start = "centre") -> dict[str, Tensor]:
    """Return weights with their kernels in the form that the layers of ``network`` of the same names have.

    Args:
        network: convolutions over time have kernels (out, in, k, 1) in it, those of clips (out, k * in, n, n).
        weights: by the network's names; the kernels may be (out, in, k, n, n), and those of convolutions over time or
            of clips may be a picture's, (out, in, n, n), which are inflated. What does not fit is returned as it is.
        start: how kernels are inflated. On a clip of equal frames "centre" gives what the 2D network gives, and "mean"
            does so in frames that are far from the first and last one, beyond which frames are zero.
    """
    found = dict(weights)
    for name, module in network.named_modules():
        key = f"{name}.weight"
        if key in found and isinstance(module, nn.Conv2d | nn.Linear):
            found[key] = _fitted(module, found[key], start)
    return found


def _fitted(module: nn.Conv2d | nn.Linear, kernel: Tensor, start: Start) -> Tensor:
    if isinstance(module, nn.Conv2d) and kernel.dim() == 4 and kernel.shape[1] == 3 and module.weight.shape[1] == 10:
        return kernel.mean(dim=1, keepdim=True).expand(-1, 10, -1, -1)
    spans = isinstance(module, TemporalConv2d | ClipConv2d)
    if kernel.dim() == 4 and spans and kernel.shape != module.weight.shape:
        extent = module.extent if isinstance(module, ClipConv2d) else module.weight.shape[2]
        kernel = _inflated(kernel, extent, start)
    if kernel.dim() != 5:
        return kernel
    if isinstance(module, nn.Linear):
        return kernel.flatten(1) if kernel.shape[2:].numel() == 1 else kernel
    if isinstance(module, ClipConv2d):
        return kernel.transpose(1, 2).flatten(1, 2)
    return kernel.squeeze(4 if isinstance(module, TemporalConv2d) else 2)


def _inflated(kernel: Tensor, extent: int, start: Start) -> Tensor:
    """Return a kernel (out, in, n, n) as one of ``extent`` frames, (out, in, extent, n, n)."""
    taps = torch.full((extent,), 1 / extent)
    if start == "centre":
        taps = torch.zeros(extent)
        taps[extent // 2] = 1
    return kernel[:, :, None] * taps.to(kernel)[:, None, None]
