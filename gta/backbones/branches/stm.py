"""STM: spatio-temporal and motion features in one residual block (Jiang et al., ICCV 2019).

The 3x3 convolution becomes CSTM, a channel-wise temporal convolution before it, and CMM, the motion between frames
beside it; their sum goes to the last 1x1 convolution (figure 3). As in the first author's code the temporal convolution
starts as a shift, the motion of a block with stride is max-pooled, and there is no activation after the sum.
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from gta.backbones.branches.frame_difference import NextFrameDifference
from gta.backbones.branches.temporal_depthwise import TemporalDepthwise
from gta.config.branches import StmConfig


class ChannelMotion(NextFrameDifference):
    """CMM (section 3.2): the difference of reduced features, back at all channels by a 1x1 convolution."""

    def __init__(self, channels: int, reduction: int, frames: int, stride: int) -> None:
        """Build the layers; the output has 1 / ``stride`` of the height and width."""
        super().__init__(channels, reduction, frames)
        self.conv3 = nn.Conv2d(self.reduced, channels, 1, bias=False)
        self.pool = nn.Identity() if stride == 1 else nn.MaxPool2d(stride, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the motion features (B*T, C, H/stride, W/stride)."""
        motion: Tensor = self.pool(self.conv3(self.difference(x)))
        return motion


class StmBottleneck(Bottleneck):  # type: ignore[misc] # torchvision has no types
    """A bottleneck block with CSTM and CMM; its other weights have torchvision's names."""

    def __init__(self, residual: Bottleneck, config: StmConfig, frames: int, index: int) -> None:
        """Build the block in place of ``residual``, whatever its number in the stage."""
        planes = residual.conv1.out_channels
        super().__init__(residual.conv1.in_channels, planes, residual.stride, residual.downsample)
        self.shift = TemporalDepthwise(planes, frames, "shift")
        self.mb = ChannelMotion(planes, config.reduction, frames, residual.stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of pictures (B*T, C, H, W)."""
        u = self.relu(self.bn1(self.conv1(x)))
        s = self.relu(self.bn2(self.conv2(self.shift(u)))) + self.mb(u)
        shortcut = x if self.downsample is None else self.downsample(x)
        out: Tensor = self.relu(self.bn3(self.conv3(s)) + shortcut)
        return out
