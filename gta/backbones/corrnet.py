"""The backbone of CorrNet: a ResNet whose 3x3 convolutions are followed by one over three frames.

Wang, Tran, Torresani and Feiszli, "Video modeling with correlation networks", CVPR 2020: the bottleneck of R(2+1)D
with an inner 1x3x3 and 3x1x1, no max-pool after the first convolution, frames halved in res4 and res5. Its correlation
blocks are inserted after residual blocks. The paper leaves the width between the two convolutions open; ours is that of
the residual block.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from gta.backbones.clip_network import ClipNetwork
from gta.backbones.temporal import bottleneck, separable
from gta.config import STAGES, CorrNetConfig


class CorrNet(ClipNetwork):
    """Factorised ResNet; clips (B, 3, T, H, W) to class scores (B, classes)."""

    def __init__(
        self, config: CorrNetConfig, classes: int, frames: int, dropout: float = 0.0, pool: int | None = None
    ) -> None:
        """Build the network.

        Args:
            config: depths, width, stem and temporal strides.
            classes: outputs of the classifier.
            frames: T of a clip.
            dropout: before the classifier.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        super().__init__(config, frames)
        small, width = config.stem == "small", config.width
        side, extent = 5 if small else 7, 1 if config.flat else 3
        self.conv1 = nn.Conv2d(3, width, side, stride=2, padding=side // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        channels, seen = width, frames
        for number, (depth, stride_t) in enumerate(zip(config.depths, config.strides_t, strict=True)):
            blocks = []
            for index in range(depth):
                strides = (1 if number == 0 and small else 2, stride_t) if index == 0 else (1, 1)
                blocks.append(_residual(channels, width << number, seen, extent, *strides))
                channels, seen = 4 * width << number, seen // strides[1]
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
        self._close(classes, dropout, pool)

    def maps(self, pictures: Tensor) -> Tensor:
        """Return the features (B*T', C, h, w) of pictures (B*T, 3, H, W)."""
        x = self.relu(self.bn1(self.conv1(pictures)))
        for number in range(1, len(STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return torch.as_tensor(x)


def _residual(channels: int, planes: int, frames: int, extent: int, stride: int, stride_t: int) -> Bottleneck:
    """Return a residual block whose 3x3 convolution is followed by one over ``extent`` frames."""
    block = bottleneck(channels, planes, frames, stride, stride_t=stride_t)
    space, time = separable(planes, planes, 3, frames, stride, extent, stride_t)
    layers = OrderedDict(space=space, norm=nn.BatchNorm2d(planes), relu=nn.ReLU(inplace=True), time=time)
    block.conv2 = nn.Sequential(layers)
    return block
