"""I3D: a ResNet whose kernels are inflated over time.

Carreira and Zisserman, "Quo vadis, action recognition?", CVPR 2017, as a ResNet in the form of Wang et al., "Non-local
neural networks", CVPR 2018, section 4: a first convolution of 5x7x7, three frames in the first convolution of all
residual blocks of res2 and of every other one later, a maximum over pairs of frames after res2. With ``res5_stride`` 1
it is the backbone of Wang and Gupta, "Videos as space-time region graphs", ECCV 2018.

Names are torchvision's, so that weights of a 2D ResNet load by name once they are inflated.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.backbones.clip_network import ClipNetwork
from gta.backbones.layers import ClipConv2d
from gta.backbones.temporal import TemporalMaxPool, bottleneck
from gta.config import STAGES, I3DConfig

EXTENT = 3
"""Frames that an inflated convolution spans after the stem."""


class I3D(ClipNetwork):
    """Inflated ResNet; clips (B, 3, T, H, W) to class scores (B, classes)."""

    def __init__(
        self, config: I3DConfig, classes: int, frames: int, dropout: float = 0.0, pool: int | None = None
    ) -> None:
        """Build the network.

        Args:
            config: depths, width, stem and what is inflated.
            classes: outputs of the classifier.
            frames: T of a clip.
            dropout: before the classifier.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        super().__init__(config, frames)
        small, width = config.stem == "small", config.width
        self.conv1 = ClipConv2d(3, width, config.stem_frames, 5 if small else 7, frames)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.pool_t = TemporalMaxPool(config.pool_t, config.pool_t, frames) if config.pool_t > 1 else nn.Identity()
        channels = width
        for number, (stage, depth) in enumerate(config.stages.items()):
            planes, seen = width << number, config.frames((stage, 0), frames)
            blocks = []
            for index in range(depth):
                stride = 1 if index > 0 or stage == "res2" else config.res5_stride if stage == "res5" else 2
                inflated = inflates(stage, index)
                first = EXTENT if inflated and config.inflate == "3x1x1" else 1
                block = bottleneck(channels, planes, seen, stride, first)
                if inflated and config.inflate == "3x3x3":
                    block.conv2 = ClipConv2d(planes, planes, EXTENT, 3, seen, stride)
                blocks.append(block)
                channels = 4 * planes
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
        self._close(classes, dropout, pool)

    def maps(self, pictures: Tensor) -> Tensor:
        """Return the features (B*T', C, h, w) of pictures (B*T, 3, H, W)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(pictures))))
        x = self.pool_t(self.get_submodule("layer1")(x))
        for number in range(2, len(STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return torch.as_tensor(x)


def inflates(stage: str, index: int) -> bool:
    """Return whether residual block ``index`` of ``stage`` spans frames: all of res2, then every other one.

    The alternation runs on from stage to stage: res3 and res4 begin with an inflated block, res5 with a plain one.
    """
    return stage == "res2" or index % 2 == (1 if stage == "res5" else 0)
