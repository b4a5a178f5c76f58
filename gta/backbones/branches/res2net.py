"""Res2Net: the 3x3 convolution of a bottleneck block as a cascade of narrow ones (Gao et al., TPAMI 2019).

Names and shapes are those of timm's and the authors' ``res2net50_26w_4s``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from gta.config.branches import Res2NetConfig


class Res2NetBottleneck(nn.Module):
    """Splits of the channels, each but the last with a 3x3 convolution that also sees the split before it.

    In the first block of a stage the splits do not see each other, and the last one is average-pooled.
    """

    def __init__(self, residual: Bottleneck, config: Res2NetConfig, frames: int, index: int) -> None:
        """Build the block in place of ``residual``, number ``index`` of its stage."""
        super().__init__()
        first, stride = index == 0, residual.stride
        self.first, self.width = first, config.split(residual.conv1.out_channels)
        whole, out = config.scale * self.width, residual.conv3.out_channels
        self.conv1 = nn.Conv2d(residual.conv1.in_channels, whole, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(whole)
        self.convs = nn.ModuleList(
            nn.Conv2d(self.width, self.width, 3, stride=stride, padding=1, bias=False) for _ in range(config.scale - 1)
        )
        self.bns = nn.ModuleList(nn.BatchNorm2d(self.width) for _ in range(config.scale - 1))
        self.pool = nn.AvgPool2d(3, stride=stride, padding=1) if first else nn.Identity()
        self.conv3 = nn.Conv2d(whole, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = residual.downsample

    def excite(self, u: Tensor) -> Tensor:
        """Return what is split, from the features after the first convolution."""
        return u

    def over_time(self, split: Tensor, number: int) -> Tensor:
        """Return what split ``number`` is before its convolution in space."""
        return split

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of pictures (B*T, C, H, W)."""
        *splits, last = torch.split(self.excite(self.relu(self.bn1(self.conv1(x)))), self.width, dim=1)
        outs: list[Tensor] = []
        for number, (split, conv, bn) in enumerate(zip(splits, self.convs, self.bns, strict=True)):
            seen = split if self.first or not outs else split + outs[-1]
            outs.append(self.relu(bn(conv(self.over_time(seen, number)))))
        outs.append(self.pool(self.over_time(last, len(outs))))
        shortcut = x if self.downsample is None else self.downsample(x)
        out: Tensor = self.relu(self.bn3(self.conv3(torch.cat(outs, dim=1))) + shortcut)
        return out
