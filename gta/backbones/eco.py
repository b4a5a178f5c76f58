"""ECO: frames in 2D up to a map of 28 x 28, then all of them in 3D.

Zolfaghari, Singh and Brox, "ECO: efficient convolutional network for online video understanding", ECCV 2018. The first
part is BNInception up to the first 3x3 of 3c's last branch; its 96 channels of each frame are stacked in time and go
through a 3D ResNet whose residuals are sums before norm and ReLU. ECO Lite is that; in ECO Full the rest of BNInception
runs beside it. An ensemble of the paper ("En") averages Lite networks of 16, 20, 24 and 32 frames.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from gta.backbones.bninception import Mixed, initialise, mixed, stem, unit
from gta.backbones.layers import WindowAveragePool, classify, over_positions, to_pictures
from gta.backbones.network import Network
from gta.config import ECOConfig
from gta.config.backbones.bninception import OUTPUTS


class Conv3d(nn.Conv3d):
    """A 3x3x3 convolution with bias, of one stride in time and space; (B, C, T, H, W) to (B, O, T/s, H/s, W/s).

    Clips of one or two frames are convolved as pictures, one tap after the other: a CPU in bf16 leaves a part of the
    kernel's gradient as it finds the memory when the kernel is longer than the clip (torch 2.14, oneDNN), so that
    training ends in NaN at some step.
    """

    def __init__(self, channels: int, out_channels: int, stride: int = 1) -> None:
        """Build the kernel."""
        super().__init__(channels, out_channels, 3, stride=stride, padding=1)

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolved clips."""
        frames = input.shape[2]
        if frames > 2 or self.stride[0] != 1:
            return super().forward(input)
        taps = self.weight.permute(2, 0, 1, 3, 4).flatten(0, 1)  # the taps' kernels of pictures, one after the other
        parts = conv2d(input.transpose(1, 2).flatten(0, 1), taps, padding=1)
        parts_BTKOHW = torch.unflatten(torch.unflatten(parts, 0, (-1, frames)), 2, (3, -1))
        assert self.bias is not None
        found = []
        for at in range(frames):
            seen = [parts_BTKOHW[:, at + tap - 1, tap] for tap in range(3) if 0 <= at + tap - 1 < frames]
            found.append((sum(seen) + self.bias[:, None, None]).to(parts.dtype))
        return torch.stack(found, dim=2)


class Activated(nn.Module):
    """Norm and ReLU of a sum (B, C, T, H, W), as pictures (B*T, C, H, W): what blocks see."""

    def __init__(self, channels: int) -> None:
        """Build the norm of ``channels`` channels."""
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, summed: Tensor) -> Tensor:
        """Return the activated pictures."""
        return torch.relu(self.norm(to_pictures(summed)))


class Residual3d(nn.Module):
    """Two convolutions beside a shortcut; a sum (B, C, T, H, W) and its activation to the same of this block.

    The shortcut of a block that changes the channels is a convolution of the activated input, that of another one its
    sum before activation.
    """

    def __init__(self, channels: int, out_channels: int, frames: int, stride: int = 1) -> None:
        """Build the block for ``frames`` frames; ``stride`` is that of time and space."""
        super().__init__()
        self.frames = frames
        self.down = Conv3d(channels, out_channels, stride) if channels != out_channels else None
        self.conv1 = Conv3d(channels, out_channels, stride)
        self.bn1 = nn.BatchNorm3d(out_channels)
        self.conv2 = Conv3d(out_channels, out_channels)
        self.active = Activated(out_channels)

    def forward(self, summed: Tensor, activated: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum (B, C, T, H, W) and its activation (B*T, C, H, W), of those of the block before."""
        x = to_clip(activated, self.frames)
        shortcut = summed if self.down is None else self.down(x)
        summed = shortcut + self.conv2(torch.relu(self.bn1(self.conv1(x))))
        return summed, self.active(summed)


def to_clip(pictures: Tensor, frames: int) -> Tensor:
    """Return pictures (B*T, C, H, W) as clips (B, C, T, H, W)."""
    return torch.unflatten(pictures, 0, (-1, frames)).transpose(1, 2)


class ECO(Network):
    """ECO Lite or Full; clips (B, 3, T, H, W) to class scores (B, classes)."""

    stem_modules = ("conv1", "conv2")

    def __init__(
        self, config: ECOConfig, classes: int, frames: int, dropout: float = 0.0, pool: int | None = None
    ) -> None:
        """Build the network.

        Args:
            config: full or not, widths and stem.
            classes: outputs of the classifier.
            frames: T of a clip, a multiple of 4.
            dropout: of the 2D features of ECO Full, before the classifier.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        super().__init__()
        self.config, self.frames, self.full = config, frames, config.full
        width = config.width
        self.conv1, self.conv2 = stem(width, config.stem == "small")
        self.mixed3 = mixed("mixed3", 3 * width, width, 3 if config.full else 2)
        channels, stacked = config.channels(("mixed3", 1)), 96 * width // 64
        alone = nn.Sequential(unit(channels, width), unit(width, stacked, 3))
        self.stacked = None if config.full else alone
        third, fourth, fifth = (config.channels((stage, 0)) for stage in ("res3", "res4", "res5"))
        self.conv3 = Conv3d(stacked, third)
        self.active3 = Activated(third)
        self.res3 = nn.ModuleList([Residual3d(third, third, frames)])
        self.res4 = nn.ModuleList([Residual3d(third, fourth, frames, 2), Residual3d(fourth, fourth, frames // 2)])
        self.res5 = nn.ModuleList([Residual3d(fourth, fifth, frames // 2, 2), Residual3d(fifth, fifth, frames // 4)])
        self.avgpool = WindowAveragePool(pool)
        self.dropout, self.dropout_3d = nn.Dropout(dropout), nn.Dropout(config.dropout_3d)
        if config.full:
            self.mixed4 = mixed("mixed4", OUTPUTS["mixed3"][-1] * width // 64, width)
            self.mixed5 = mixed("mixed5", OUTPUTS["mixed4"][-1] * width // 64, width)
        self.fc = nn.Linear(fifth + (16 * width if config.full else 0), classes)
        initialise(self)

    @property
    def stage_modules(self) -> dict[str, list[str]]:
        """3a and 3b, and what activates the sums of the 3D network: pictures at each place."""
        names = {stage: [f"{stage}.{index}" for index in range(count)] for stage, count in self.config.stages.items()}
        return {stage: [at if stage == "mixed3" else f"{at}.active" for at in names[stage]] for stage in names}

    def clip_scores(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes), or log-probabilities averaged over the positions.

        Raises:
            ValueError: T is not the ``frames`` the network was built with.
        """
        if clip.shape[2] != self.frames:
            raise ValueError(f"frames is {self.frames}, but the clip (B, 3, T, H, W) has T = {clip.shape[2]}")
        x = self.mixed3[1](self.mixed3[0](self.conv2(self.conv1(to_pictures(clip)))))
        shared = cast(Mixed, self.mixed3[2]) if self.full else None
        stacked = shared.twice(x) if shared is not None else cast(nn.Sequential, self.stacked)(x)
        frames_3d = self.config.frames(self.config.last, self.frames)
        parts = []
        if shared is not None:
            maps = self.mixed5(self.mixed4(shared.joined(x, stacked)))
            parts.append(self.dropout(self._pooled(maps, self.frames)))
        parts.append(self.dropout_3d(self._pooled(self.features_3d(stacked), frames_3d)))
        pooled = torch.cat(parts, dim=1)
        return over_positions(classify(pooled, self.fc))

    def features_3d(self, maps: Tensor) -> Tensor:
        """Return the features of the 3D network as pictures (B*T/4, C, h, w), of its input (B*T, C', H, W)."""
        summed = self.conv3(to_clip(maps, self.frames))
        activated: Tensor = self.active3(summed)
        for residual in (*self.res3, *self.res4, *self.res5):
            summed, activated = residual(summed, activated)
        return activated

    def _pooled(self, pictures: Tensor, frames: int) -> Tensor:
        """Return the mean over the frames of each clip and over windows of positions, (B, C, h, w)."""
        pooled: Tensor = self.avgpool(pictures)
        return torch.unflatten(pooled, 0, (-1, frames)).mean(dim=1)
