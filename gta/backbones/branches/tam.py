"""TAM: temporal aggregation of depth-wise taps (Fan et al., "More is less", NeurIPS 2019, section 3.2).

Here inside ResNet-50, as in the authors' later code: before the first convolution of every residual branch, and before
the projection of a shortcut, while a shortcut without projection reads the frame itself.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu
from torchvision.models.resnet import Bottleneck

from gta.backbones.branches.temporal_depthwise import TemporalDepthwise
from gta.config.branches import TamConfig


class TemporalAggregation(TemporalDepthwise):
    """ReLU(w_0 x_{t-1} + w_1 x_t + w_2 x_{t+1}) of each channel (equation 2); (B*T, C, H, W)."""

    def __init__(self, channels: int, frames: int, init: Literal["identity", "kaiming"]) -> None:
        """Build the taps; ``identity`` changes nothing in features that come out of a ReLU."""
        super().__init__(channels, frames, init)

    def forward(self, input: Tensor) -> Tensor:
        """Return the aggregated frames."""
        return relu(super().forward(input))


class TamBottleneck(Bottleneck):  # type: ignore[misc] # torchvision has no types
    """A bottleneck block that reads aggregated frames; its other weights have torchvision's names."""

    def __init__(self, residual: Bottleneck, config: TamConfig, frames: int, index: int) -> None:
        """Build the block in place of ``residual``, whatever its number in the stage."""
        conv1 = residual.conv1
        super().__init__(conv1.in_channels, conv1.out_channels, residual.stride, residual.downsample)
        self.tam = TemporalAggregation(conv1.in_channels, frames, config.start)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of pictures (B*T, C, H, W)."""
        mixed = self.tam(x)
        out = self.relu(self.bn1(self.conv1(mixed)))
        out = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(out)))))
        shortcut = x if self.downsample is None else self.downsample(mixed)
        summed: Tensor = self.relu(out + shortcut)
        return summed
