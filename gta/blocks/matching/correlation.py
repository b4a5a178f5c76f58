"""Correlation block: Wang, Tran, Torresani and Feiszli, "Video modeling with correlation networks", CVPR 2020.

Section 3.2 and 3.3, the "sum" of the ablation: features of each frame are compared with those of the frame before,
S[t, g, d](p) = mean over c in group g of W[c, t, d] x[t-1, c](p) x[t, c](p + d), with learned W, and the similarities
are brought back to C channels and added. The first frame is compared with itself. The paper does not say how W starts;
ours is one everywhere, which is the correlation without weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gta.blocks.matching.local_correlation import local_correlation
from gta.blocks.residual import zero_norm
from gta.blocks.tokens import from_maps, to_maps
from gta.config import CorrelationConfig


class CorrelationBlock(nn.Module):
    """Y = ReLU(X + BN(decode(S))); W is one matrix for each frame, which ties the block to T."""

    def __init__(self, channels: int, frames: int, config: CorrelationConfig = CorrelationConfig()) -> None:  # noqa: B008 - frozen
        """Build the block for ``channels`` channels and exactly ``frames`` frames."""
        super().__init__()
        self.frames, self.patch, self.dilation, self.groups = frames, config.patch, config.dilation, config.groups
        inner, moves = channels // config.reduction, config.patch**2
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True)
        )
        self.weight = nn.Parameter(torch.ones(frames, inner, moves))
        self.decode = nn.Conv2d(config.groups * moves, channels, 1, bias=False)
        self.norm = zero_norm(channels) if config.start == "identity" else nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: the number of pictures is not a multiple of ``frames``, or T is not ``frames``.
        """
        maps = to_maps(x, self.frames, fixed=True)
        z_BTCHW = torch.unflatten(self.reduce(maps), 0, (-1, self.frames))
        before_BTCHW = torch.cat([z_BTCHW[:, :1], z_BTCHW[:, :-1]], dim=1)
        s_MHWGK = local_correlation(
            before_BTCHW.flatten(0, 1), z_BTCHW.flatten(0, 1), self.patch, self.dilation, self.groups, self.weight
        )
        mean_MKHW = s_MHWGK.flatten(3).permute(0, 3, 1, 2) * (self.groups / z_BTCHW.shape[2])
        return from_maps(relu(maps + self.norm(self.decode(mean_MKHW))), x)
