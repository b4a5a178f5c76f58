"""TEA: temporal excitation and aggregation (Li et al., CVPR 2020), on Res2Net-50 26w x 4s.

Motion excitation (ME, section 3.1) strengthens channels by the motion between frames; multiple temporal aggregation
(MTA, section 3.2) puts a temporal convolution before each step of Res2Net's cascade. Names are those of the
authors' code.
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from gta.backbones.branches.frame_difference import NextFrameDifference
from gta.backbones.branches.res2net import Res2NetBottleneck
from gta.backbones.branches.temporal_depthwise import TemporalDepthwise
from gta.config.branches import TeaConfig


class MotionExcitation(NextFrameDifference):
    """u + u * (sigmoid(BN(1x1 mean(d))) - 1/2), where d is the difference to the next frame (equations 1-4)."""

    def __init__(self, channels: int, reduction: int, frames: int) -> None:
        """Build the layers."""
        super().__init__(channels, reduction, frames)
        self.conv3 = nn.Conv2d(self.reduced, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)

    def forward(self, u: Tensor) -> Tensor:
        """Return the excited features (B*T, C, H, W)."""
        mean = self.difference(u).mean(dim=(2, 3), keepdim=True)
        attention: Tensor = self.bn3(self.conv3(mean)).sigmoid() - 0.5
        return u + u * attention


class SplitShift(nn.Module):
    """The temporal convolution of a split, under the name ``conv``."""

    def __init__(self, channels: int, frames: int) -> None:
        """Build a convolution that starts as the identity."""
        super().__init__()
        self.conv = TemporalDepthwise(channels, frames)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of the frames."""
        out: Tensor = self.conv(x)
        return out


class TeaBottleneck(Res2NetBottleneck):
    """Res2Net's block with ME after the first convolution and a temporal convolution in every split.

    That of the last split, which has no other, starts as a shift: half of its channels from each neighbouring frame.
    """

    def __init__(self, residual: Bottleneck, config: TeaConfig, frames: int, index: int) -> None:
        """Build the block in place of ``residual``, number ``index`` of its stage."""
        super().__init__(residual, config, frames, index)
        self.me = MotionExcitation(config.scale * self.width, config.reduction, frames)
        shifts = [SplitShift(self.width, frames) for _ in range(config.scale)]
        half = self.width // 2
        shifts[-1].conv.read([1] * half + [-1] * (self.width - half))
        self.shifts = nn.ModuleList(shifts)

    def excite(self, u: Tensor) -> Tensor:
        """Return the features after motion excitation."""
        excited: Tensor = self.me(u)
        return excited

    def over_time(self, split: Tensor, number: int) -> Tensor:
        """Return the split after its temporal convolution."""
        mixed: Tensor = self.shifts[number](split)
        return mixed
