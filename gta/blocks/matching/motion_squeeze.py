"""MotionSqueeze: Kwon, Kim, Kwak and Cho, "MotionSqueeze: neural motion feature learning", ECCV 2020.

Each position looks for itself in the next frame, section 3.1; where it went (a soft argmax, eq. 3 and 4) and how surely
(the best similarity) are three maps that a small network turns into features, section 3.2 and 3.3. As in the authors'
code, the similarities are rectified before the soft argmax, whose temperature multiplies them by 100.

Legend: B clips, T frames, M = B*(T-1) pairs of frames, C channels, K = patch * patch displacements.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.blocks.matching.local_correlation import displacements, local_correlation
from gta.blocks.residual import full_precision, zero_norm
from gta.blocks.tokens import from_maps, to_maps
from gta.config import MotionSqueezeConfig

EPSILON = 1e-6
"""Added to the squared length before the root, when features are brought to length 1."""
KERNELS = (7, 3, 3, 3)
"""Sides of the depth-wise convolutions that refine the maps."""


class MotionSqueeze(nn.Module):
    """Y = X + refine(displacement, confidence), the last frame taking those of the frame before.

    Names are the authors': ``chnl_reduction`` and ``flow_refinement``.
    """

    gaussians: Tensor
    directions: Tensor

    def __init__(self, channels: int, frames: int, config: MotionSqueezeConfig = MotionSqueezeConfig()) -> None:  # noqa: B008 - frozen
        """Build the block.

        Args:
            channels: C.
            frames: T, two or more.
            config: window, temperature, widths and start.

        Raises:
            ValueError: there is one frame, which has no next one.
        """
        super().__init__()
        if frames < 2:
            raise ValueError(f"frames is {frames}; a block that compares neighbouring frames needs 2 or more")
        self.frames, self.patch, self.temperature = frames, config.patch, config.temperature
        inner = channels // config.reduction
        self.chnl_reduction = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True)
        )
        widths = (3, *config.widths, channels)
        self.flow_refinement = nn.Sequential()
        for number, kernel in enumerate(KERNELS):
            self.flow_refinement.add_module(f"conv{number + 1}", _refine(widths[number], widths[number + 1], kernel))
        self.norm = zero_norm(channels) if config.start == "identity" else nn.Identity()
        moves_K2 = displacements(config.patch, 1).float()
        apart_KK = (moves_K2[:, None] - moves_K2).square().sum(dim=-1)
        self.register_buffer("gaussians", torch.exp(-apart_KK / (2 * config.sigma**2)), persistent=False)
        columns_rows_K2 = moves_K2.flip(1) / (config.patch // 2)
        self.register_buffer("directions", columns_rows_K2, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: the number of pictures is not a multiple of ``frames``, or T is not ``frames``.
        """
        maps = to_maps(x, self.frames, fixed=True)
        z_BTCHW = torch.unflatten(self.chnl_reduction(maps), 0, (-1, self.frames))
        moved_M3HW = self.moved(z_BTCHW[:, :-1].flatten(0, 1), z_BTCHW[:, 1:].flatten(0, 1))
        moved_BT3HW = torch.unflatten(moved_M3HW.to(z_BTCHW.dtype), 0, (-1, self.frames - 1))
        moved_BT3HW = torch.cat([moved_BT3HW, moved_BT3HW[:, -1:]], dim=1)
        return from_maps(maps + self.norm(self.flow_refinement(moved_BT3HW.flatten(0, 1))), x)

    def moved(self, one: Tensor, following: Tensor) -> Tensor:
        """Return where each position of ``one`` is in ``following`` and how surely.

        Args:
            one: (M, C, H, W).
            following: the same shape.

        Returns:
            (M, 3, H, W): columns right and rows down, from -1 to 1, and the similarity of the best match.
        """
        with full_precision(one.device.type):  # the temperature multiplies rounding errors too
            s_MHWK = local_correlation(_unit(one), _unit(following), self.patch).squeeze(3).relu()
            near_MHWK = s_MHWK * self.gaussians[s_MHWK.argmax(dim=-1)]
            moved_MHW2 = (self.temperature * near_MHWK).softmax(dim=-1) @ self.directions.to(near_MHWK.dtype)
            return torch.cat([moved_MHW2, s_MHWK.amax(dim=-1, keepdim=True)], dim=-1).permute(0, 3, 1, 2)


def _refine(channels: int, out_channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def _unit(maps: Tensor) -> Tensor:
    maps = maps.to(torch.promote_types(maps.dtype, torch.float32))
    return maps * torch.rsqrt(maps.square().sum(dim=1, keepdim=True) + EPSILON)
