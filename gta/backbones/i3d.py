"""I3D: a ResNet whose kernels are inflated over time.

Carreira and Zisserman, "Quo vadis, action recognition?", CVPR 2017, as a ResNet in the form of Wang et al., "Non-local
neural networks", CVPR 2018, section 4: a first convolution of 5x7x7, three frames in the first convolution of all
residual blocks of res2 and of every other one later, a maximum over pairs of frames after res2. With ``res5_stride`` 1
it is the backbone of Wang and Gupta, "Videos as space-time region graphs", ECCV 2018.

Names are torchvision's, so that weights of a 2D ResNet load by name once they are inflated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from gta.backbones.layers import ClipConv2d, TemporalConv2d, WindowAveragePool, classify, over_positions, to_pictures
from gta.backbones.resnet2d import initialise
from gta.backbones.temporal import TemporalMaxPool, bottleneck, clip_mean
from gta.config.backbones3d import STAGES, I3DConfig

EXTENT = 3
"""Frames that an inflated convolution spans after the stem."""


class I3D(nn.Module):
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
        super().__init__()
        small, width = config.stem == "small", config.width
        side = 5 if small else 7
        self.conv1: nn.Module = ClipConv2d(3, width, config.stem_frames, side, frames)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.pool_t = TemporalMaxPool(config.pool_t, config.pool_t, frames) if config.pool_t > 1 else nn.Identity()
        self.frames = frames
        self.last_frames = config.frames(STAGES[-1], frames)
        """T of the features."""
        channels = width
        for number, (stage, depth) in enumerate(zip(STAGES, config.depths, strict=True)):
            planes = width << number
            stride = 1 if number == 0 else config.res5_stride if stage == "res5" else 2
            blocks = []
            for index in range(depth):
                inflated = inflates(stage, index)
                block = bottleneck(
                    channels,
                    planes,
                    seen := frames if number == 0 else self.last_frames,
                    stride if index == 0 else 1,
                    EXTENT if inflated and config.inflate == "3x1x1" else 1,
                )
                if inflated and config.inflate == "3x3x3":
                    block.conv2 = ClipConv2d(planes, planes, EXTENT, 3, seen, stride if index == 0 else 1)
                blocks.append(block)
                channels = 4 * planes
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
        x = self.maxpool(self.relu(self.bn1(self.conv1(to_pictures(clip)))))
        x = self.pool_t(self.get_submodule("layer1")(x))
        for number in range(2, len(STAGES) + 1):
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


def inflates(stage: str, index: int) -> bool:
    """Return whether residual block ``index`` of ``stage`` spans frames: all of res2, then every other one.

    The alternation runs on from stage to stage: res3 and res4 begin with an inflated block, res5 with a plain one.
    """
    return stage == "res2" or index % 2 == (1 if stage == "res5" else 0)


def inflate(
    network: nn.Module, weights: Mapping[str, Tensor], start: Literal["centre", "mean"] = "centre"
) -> dict[str, Tensor]:
    """Return the weights of a 2D network for a network whose convolutions of the same names span frames.

    Args:
        network: whose :class:`TemporalConv2d` (out, in, k, 1) and :class:`ClipConv2d` (out, k * in, n, n) take kernels
            (out, in, n, n).
        weights: by name; what belongs to no such layer, or has its shape already, is returned as it is.
        start: the kernel in the middle frame and zeros in the others, or 1/k of it in all k frames. On a clip of equal
            frames both give what the 2D network gives, apart from the first and last frames of "mean".
    """
    found = dict(weights)
    for name, module in network.named_modules():
        key = f"{name}.weight"
        if not isinstance(module, TemporalConv2d | ClipConv2d) or key not in found:
            continue
        kernel = found[key]
        extent = module.kernel_size[0] if isinstance(module, TemporalConv2d) else module.extent
        if kernel.dim() != 4 or kernel.shape == module.weight.shape:
            continue
        taps = torch.zeros(extent) if start == "centre" else torch.full((extent,), 1 / extent)
        if start == "centre":
            taps[extent // 2] = 1
        if isinstance(module, TemporalConv2d):
            found[key] = kernel * taps.to(kernel)[:, None]
        else:
            found[key] = torch.cat([tap * kernel for tap in taps.to(kernel)], dim=1)
    return found
