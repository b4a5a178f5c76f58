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

from gta.backbones.layers import WindowAveragePool, classify, over_positions, to_pictures
from gta.backbones.resnet2d import initialise
from gta.backbones.temporal import bottleneck, clip_mean, separable
from gta.config.backbones3d import STAGES, CorrNetConfig


class CorrNet(nn.Module):
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
        super().__init__()
        small, width = config.stem == "small", config.width
        side = 5 if small else 7
        self.conv1 = nn.Conv2d(3, width, side, stride=2, padding=side // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.frames = frames
        self.last_frames = config.frames(STAGES[-1], frames)
        """T of the features."""
        channels, seen = width, frames
        for number, (depth, stride_t) in enumerate(zip(config.depths, config.strides_t, strict=True)):
            blocks = []
            for index in range(depth):
                strides = (1 if number == 0 and small else 2, stride_t) if index == 0 else (1, 1)
                blocks.append(_residual(channels, width << number, seen, *strides))
                channels, seen = 4 * width << number, seen // strides[1]
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
        self.avgpool = WindowAveragePool(pool)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, classes)
        initialise(self)

    @property
    def trunk(self) -> nn.Module:
        """The module that has the stages ``layer1`` .. ``layer4`` in which blocks stand: the network itself."""
        return self

    def features(self, clip: Tensor) -> Tensor:
        """Return the last features (B*T', C, H', W') of clips (B, 3, T, H, W); T' is :attr:`last_frames`.

        Raises:
            ValueError: T is not the ``frames`` the network was built with.
        """
        if clip.shape[2] != self.frames:
            raise ValueError(f"frames is {self.frames}, but the clip (B, 3, T, H, W) has T = {clip.shape[2]}")
        x = self.relu(self.bn1(self.conv1(to_pictures(clip))))
        for number in range(1, len(STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return torch.as_tensor(x)

    def forward(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes), or log-probabilities averaged over the positions."""
        pooled = clip_mean(self.avgpool(self.features(clip)), self.last_frames)
        return over_positions(classify(self.dropout(pooled), self.fc))

    def clip_scores(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes) of clips (B, 3, T, H, W)."""
        scores: Tensor = self(clip)
        return scores


def _residual(channels: int, planes: int, frames: int, stride: int, stride_t: int) -> Bottleneck:
    """Return a residual block whose 3x3 convolution is followed by one over three frames."""
    block = bottleneck(channels, planes, frames, stride, stride_t=stride_t)
    space, time = separable(planes, planes, 3, frames, stride, stride_t=stride_t)
    layers = OrderedDict(space=space, norm=nn.BatchNorm2d(planes), relu=nn.ReLU(inplace=True), time=time)
    block.conv2 = nn.Sequential(layers)
    return block
