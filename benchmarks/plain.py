"""What others would write: a torchvision network in a plain loop, and PySlowFast's non-local block, for comparison.

Written from PySlowFast's description (embedded Gaussian, softmax, biases in the projections, max-pooled keys and
values); nothing is fused or folded.
"""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models import resnet50

from gta.config import Place


class FrameMean(nn.Module):
    """torchvision's ResNet-50 on every frame, scores averaged: clips (B, 3, T, H, W) to (B, classes)."""

    def __init__(self, classes: int) -> None:
        """Build the network."""
        super().__init__()
        self.network = resnet50(num_classes=classes)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Return class scores."""
        batch, _, frames, _, _ = clips.shape
        scores: torch.Tensor = self.network(clips.transpose(1, 2).flatten(0, 1))
        return scores.view(batch, frames, -1).mean(dim=1)


class PlainNonLocal(nn.Module):
    """PySlowFast's block behind a residual block of frames: (B*T, C, H, W) to the same."""

    def __init__(self, channels: int, frames: int, pool: bool) -> None:
        """Build the four projections to and from half the channels."""
        super().__init__()
        self.frames, inner = frames, channels // 2
        self.theta, self.phi, self.g = (nn.Conv3d(channels, inner, 1) for _ in range(3))
        self.out, self.norm = nn.Conv3d(inner, channels, 1), nn.BatchNorm3d(channels)
        self.pool = nn.MaxPool3d((1, 2, 2)) if pool else nn.Identity()

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return the sum of input and attended values."""
        x = frames.view(-1, self.frames, *frames.shape[1:]).transpose(1, 2)
        pooled = self.pool(x)
        query, key, value = self.theta(x).flatten(2), self.phi(pooled).flatten(2), self.g(pooled).flatten(2)
        weights = torch.einsum("ncq,nck->nqk", query * query.shape[1] ** -0.5, key).softmax(dim=2)
        attended = torch.einsum("nqk,nck->ncq", weights, value).view(*query.shape[:2], *x.shape[2:])
        whole: torch.Tensor = x + self.norm(self.out(attended))
        return whole.transpose(1, 2).flatten(0, 1)


class FrameMeanNonLocal(FrameMean):
    """The same network with the plain block after residual blocks."""

    def __init__(self, classes: int, places: tuple[Place, ...], frames: int, pool: bool) -> None:
        """Insert a block at each of ``places``."""
        super().__init__(classes)
        for stage, index in places:
            blocks = self.network.get_submodule(f"layer{int(stage.removeprefix('res')) - 1}")
            channels = blocks[index].bn3.num_features
            blocks[index] = nn.Sequential(blocks[index], PlainNonLocal(channels, frames, pool))
