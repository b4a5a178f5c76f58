"""bLVNet-TAM: one frame of each pair through a wide branch at half the resolution, the other through a slim one.

Fan, Chen, Kuehne, Pistoia and Cox, "More is less: learning efficient video representations by big-little network and
depthwise temporal aggregation", NeurIPS 2019. The two branches of a stage are those of Big-Little Net (alpha 2, beta 4;
Chen et al., ICLR 2019); the frames of a clip meet in the temporal aggregation module (TAM) before each stage and each
block of res5, y_t = ReLU(a x_{t-1} + b x_t + c x_{t+1}) with a, b, c for each channel.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models.resnet import Bottleneck

from gta.backbones.branches.temporal_depthwise import TemporalDepthwise
from gta.backbones.layers import WindowAveragePool, to_pictures
from gta.backbones.network import Network
from gta.backbones.resnet2d import initialise
from gta.config import BLVNetConfig

BETA = 4
"""The slim branch has one in so many of the blocks."""

Mix = Callable[[int, int], nn.Module]
"""Returns temporal aggregation for channels and frames."""


def conv(channels: int, out_channels: int, side: int = 1, stride: int = 1, active: bool = True) -> nn.Sequential:
    """Return a convolution without bias, its norm and, if ``active``, a ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels, out_channels, side, stride=stride, padding=side // 2, bias=False),
        nn.BatchNorm2d(out_channels),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if active else []))


def aggregation(config: BLVNetConfig) -> Mix:
    """Return how temporal aggregation is built."""
    return lambda channels, frames: nn.Sequential(TemporalDepthwise(channels, frames, config.start), nn.ReLU())


class Block(Bottleneck):  # type: ignore[misc] # torchvision has no types
    """Bottleneck block of inner width out / 4 whose strided shortcut averages first; the last ReLU can be left out.

    With ``mix`` the branch and a projecting shortcut read the frames after temporal aggregation.
    """

    def __init__(
        self, channels: int, out_channels: int, stride: int = 1, active: bool = True, mix: nn.Module | None = None
    ) -> None:
        """Build the block; ``stride`` is that of its 3x3 convolution and of its shortcut."""
        shortcut = None
        if stride != 1 or channels != out_channels:
            window = [nn.AvgPool2d(3, stride, 1)] if stride != 1 else []
            project = nn.Sequential() if channels == out_channels else conv(channels, out_channels, active=False)
            shortcut = nn.Sequential(*window, *project)
        super().__init__(channels, out_channels // 4, stride, shortcut)
        self.active, self.mix = active, mix or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the pictures (B*T, out_channels, H/stride, W/stride)."""
        mixed = self.mix(x)
        out = self.relu(self.bn1(self.conv1(mixed)))
        out = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(out)))))
        out = out + (x if self.downsample is None else self.downsample(mixed))
        return torch.relu(out) if self.active else out


class Stem(nn.Module):
    """One frame of each pair in each of two branches; (B*T, 3, H, W) to (B*T, width, h, w), the same for both.

    h is H/4, or H/2 where the stem is small.
    """

    def __init__(self, width: int, small: bool, mix: nn.Module) -> None:
        """Build the branches of ``width`` channels around ``mix``, the temporal aggregation."""
        super().__init__()
        self.first = conv(3, width, 5 if small else 7, 1 if small else 2)
        self.mix = mix
        self.big = conv(width, width, 3, 2, active=False)
        half = width // 2
        self.little = nn.Sequential(conv(width, half, 3), conv(half, half, 3, 2), conv(half, width, active=False))
        self.joined = conv(width, width)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the features."""
        pairs_M2CHW = torch.unflatten(self.mix(self.first(pictures)), 0, (-1, 2))
        summed = self.big(pairs_M2CHW[:, 1]) + self.little(pairs_M2CHW[:, 0])
        features: Tensor = self.joined(torch.relu(summed))
        return features.repeat_interleave(2, dim=0)


class Stage(nn.Module):
    """res2, res3 or res4: frames 0, 2, .. in the slim branch, 1, 3, .. in the wide one, the sum given to both.

    (B*T, C, H, W) to (B*T, out, H/stride, W/stride).
    """

    def __init__(self, channels: int, out_channels: int, depth: int, stride: int, mix: nn.Module) -> None:
        """Build ``depth - 1`` wide blocks, the slim ones that go with them and one after the branches join."""
        super().__init__()
        self.mix = mix
        wide = [
            Block(out_channels if at else channels, out_channels, 1 if at else 2, active=at < depth - 2)
            for at in range(depth - 1)
        ]
        self.big = nn.Sequential(*wide)
        slim = out_channels // 2
        self.little = nn.Sequential(*(Block(slim if at else channels, slim) for at in range(max(1, depth // BETA - 1))))
        self.little_e = conv(slim, out_channels, active=False)
        self.fusion = Block(out_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features; both frames of a pair have the same."""
        pairs_M2CHW = torch.unflatten(self.mix(x), 0, (-1, 2))
        little = self.little_e(self.little(pairs_M2CHW[:, 0]))
        big = interpolate(self.big(pairs_M2CHW[:, 1]), size=little.shape[-2:], mode="nearest")
        joined: Tensor = self.fusion(torch.relu(big + little))
        return joined.repeat_interleave(2, dim=0)


class BLVNet(Network):
    """bLVNet-TAM; clips (B, 3, T, H, W) to features (B*T/2, 32 * width, h, w)."""

    stem_modules = ("stem",)

    def __init__(
        self, config: BLVNetConfig, classes: int, frames: int, dropout: float = 0.0, pool: int | None = None
    ) -> None:
        """Build the network.

        Args:
            config: depths, width, stem and how temporal aggregation starts.
            classes: outputs of the classifier.
            frames: T of a clip, an even number.
            dropout: before the classifier.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        super().__init__()
        self.config, self.frames = config, frames
        mix, channels = aggregation(config), config.width
        self.stem = Stem(channels, config.stem == "small", mix(channels, frames))
        for number, (stage, depth) in enumerate(zip(("res2", "res3", "res4"), config.depths[:3], strict=True), start=1):
            out_channels, stride = config.channels((stage, 0)), 1 if stage == "res4" else 2
            self.add_module(f"layer{number}", Stage(channels, out_channels, depth, stride, mix(channels, frames)))
            channels = out_channels
        last = []
        for index in range(config.depths[3]):
            out_channels = config.channels(("res5", index))
            aggregated = mix(channels, frames // 2)
            last.append(Block(channels, out_channels, 1 if index else 2, mix=aggregated))
            channels = out_channels
        self.layer4 = nn.Sequential(*last)
        self.avgpool = nn.Sequential(WindowAveragePool(pool), nn.Dropout(dropout))
        self.fc = nn.Linear(channels, classes)
        initialise(self)
        nn.init.normal_(self.fc.weight, std=0.001)
        nn.init.zeros_(self.fc.bias)

    @property
    def stage_modules(self) -> dict[str, list[str]]:
        """Whole stages, and the blocks of res5."""
        blocks = [f"layer4.{index}" for index in range(self.config.stages["res5"])]
        return {"res2": ["layer1"], "res3": ["layer2"], "res4": ["layer3"], "res5": blocks}

    def features(self, clip: Tensor) -> Tensor:
        """Return the last features, of one frame of each pair.

        Raises:
            ValueError: T is not the ``frames`` the network was built with.
        """
        if clip.shape[2] != self.frames:
            raise ValueError(f"frames is {self.frames}, but the clip (B, 3, T, H, W) has T = {clip.shape[2]}")
        x: Tensor = self.stem(to_pictures(clip))
        for number in (1, 2, 3):
            x = self.get_submodule(f"layer{number}")(x)
        features: Tensor = self.layer4(torch.unflatten(x, 0, (-1, 2))[:, 1])
        return features
