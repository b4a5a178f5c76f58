"""BNInception: Inception with batch normalisation, applied to each frame.

Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", ICML
2015, as TSN and TRN have it: every convolution has a bias and is followed by a norm and a ReLU.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gta.backbones.layers import WindowAveragePool, to_pictures
from gta.backbones.network import Network
from gta.config import BNInceptionConfig


class Widths(NamedTuple):
    """Channels of a module's branches at width 64, 0 where there is no such convolution."""

    one: int
    three: tuple[int, int]
    """A 1x1 and the 3x3 after it."""
    twice: tuple[int, int]
    """A 1x1 and each of the two 3x3 after it."""
    pool: int
    """The 1x1 after pooling."""
    average: bool = True
    """Whether that pooling is an average or a maximum."""
    stride: int = 1


MODULES = {
    "mixed3": (
        Widths(64, (64, 64), (64, 96), 32),
        Widths(64, (64, 96), (64, 96), 64),
        Widths(0, (128, 160), (64, 96), 0, average=False, stride=2),
    ),
    "mixed4": (
        Widths(224, (64, 96), (96, 128), 128),
        Widths(192, (96, 128), (96, 128), 128),
        Widths(160, (128, 160), (128, 160), 128),
        Widths(96, (128, 192), (160, 192), 128),
        Widths(0, (128, 192), (192, 256), 0, average=False, stride=2),
    ),
    "mixed5": (
        Widths(352, (192, 320), (160, 224), 128),
        Widths(352, (192, 320), (192, 224), 128, average=False),
    ),
}


def unit(channels: int, out_channels: int, side: int = 1, stride: int = 1) -> nn.Sequential:
    """Return a convolution with bias, its norm and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, side, stride=stride, padding=side // 2),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class Mixed(nn.Module):
    """One module of four branches, or three at stride 2; (B*T, C, H, W) to (B*T, sum of widths, H/stride, W/stride)."""

    def __init__(self, channels: int, widths: Widths, width: int) -> None:
        """Build the branches for ``channels`` inputs, the widths being those at width 64."""
        super().__init__()
        stride, (one, pool) = widths.stride, (at * width // 64 for at in (widths.one, widths.pool))
        three, twice = ([at * width // 64 for at in pair] for pair in (widths.three, widths.twice))
        self.one = unit(channels, one) if one else None
        self.three = nn.Sequential(unit(channels, three[0]), unit(three[0], three[1], 3, stride))
        self.twice = nn.Sequential(unit(channels, twice[0]), unit(twice[0], twice[1], 3))
        self.twice_last = unit(twice[1], twice[1], 3, stride)
        window: nn.Module = nn.MaxPool2d(3, stride, 1) if stride == 1 else nn.MaxPool2d(3, stride, ceil_mode=True)
        window = nn.AvgPool2d(3, stride, 1) if widths.average else window
        self.pool = nn.Sequential(window, unit(channels, pool)) if pool else window
        self.out_channels = one + three[1] + twice[1] + (pool or channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' outputs side by side."""
        return self.joined(x, self.twice(x))

    def joined(self, x: Tensor, doubled: Tensor) -> Tensor:
        """Return the same where ``doubled``, all of the third branch but its last convolution, is known."""
        parts = [] if self.one is None else [self.one(x)]
        return torch.cat([*parts, self.three(x), self.twice_last(doubled), self.pool(x)], dim=1)


def stem(width: int, small: bool, inputs: int = 3) -> tuple[nn.Sequential, nn.Sequential]:
    """Return what stands before the modules, frames to 3 * width channels: a convolution, and two more."""
    first = unit(inputs, width, 5 if small else 7, 2)
    window = nn.Identity() if small else nn.MaxPool2d(3, 2, ceil_mode=True)
    second = nn.Sequential(unit(width, width), unit(width, 3 * width, 3), nn.MaxPool2d(3, 2, ceil_mode=True))
    return nn.Sequential(first, window), second


def mixed(stage: str, channels: int, width: int, count: int | None = None) -> nn.Sequential:
    """Return the first ``count`` modules of ``stage``, or all of them."""
    modules = []
    for widths in MODULES[stage][:count]:
        modules.append(module := Mixed(channels, widths, width))
        channels = module.out_channels
    return nn.Sequential(*modules)


def initialise(network: nn.Module) -> None:
    """Draw convolutions as He et al. do, with biases of zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class BNInception(Network):
    """BNInception; clips (B, C, T, H, W), C being ``config.inputs``, to features (B*T, 16 * width, h, w)."""

    stem_modules = ("conv1", "conv2")

    def __init__(
        self, config: BNInceptionConfig, classes: int, frames: int = 1, dropout: float = 0.0, pool: int | None = None
    ) -> None:
        """Build the network.

        Args:
            config: width, stem and inputs.
            classes: outputs of the classifier.
            frames: T of a clip; the network is the same for any.
            dropout: before the classifier.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        super().__init__()
        self.config = config
        self.conv1, self.conv2 = stem(config.width, config.stem == "small", config.inputs)
        channels = 3 * config.width
        for stage, count in config.stages.items():
            self.add_module(stage, mixed(stage, channels, config.width))
            channels = config.channels((stage, count - 1))
        self.avgpool = nn.Sequential(WindowAveragePool(pool), nn.Dropout(dropout))
        self.fc = nn.Linear(channels, classes)
        initialise(self)

    @property
    def stage_modules(self) -> dict[str, list[str]]:
        """The modules of the three stages."""
        return {stage: [f"{stage}.{index}" for index in range(count)] for stage, count in self.config.stages.items()}

    def features(self, clip: Tensor) -> Tensor:
        """Return the last features of clips."""
        x: Tensor = self.conv2(self.conv1(to_pictures(clip)))
        for stage in self.config.stages:
            x = self.get_submodule(stage)(x)
        return x
