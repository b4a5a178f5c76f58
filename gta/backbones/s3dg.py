"""S3D and S3D-G: Inception-v1 with every convolution split into one over space and one over time.

Xie, Sun, Huang, Tu and Murphy, "Rethinking spatiotemporal feature learning: speed-accuracy trade-offs in video
classification", ECCV 2018. A gate (section 4.2) weighs channels by the mean over the whole clip: y = x * sigmoid(W
mean(x) + b). Where gates stand is a field: text and code that descends from the authors' differ.

Names of ``features`` are those of torchvision's ``s3d``; its fixed window before the classifier, which fails on maps of
less than 7 positions, is a plain mean here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.backbones.layers import WindowAveragePool, classify, over_positions, to_pictures
from gta.backbones.resnet2d import initialise
from gta.backbones.temporal import TemporalMaxPool, clip_mean, separable
from gta.config.backbones3d import MIXED, S3DGConfig

MODULES: dict[str, tuple[tuple[int, int, int, int, int, int], ...]] = {
    "mixed3": ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    "mixed4": (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    "mixed5": ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
}
"""Channels of Inception-v1 at width 64: 1x1 branch; 3x3 branch, reduced and out; the second one; after pooling."""


class Gate(nn.Module):
    """Feature gating: every channel weighed by what the whole clip holds; (B*T, C, H, W) to the same."""

    def __init__(self, channels: int, frames: int) -> None:
        """Build a gate of ``channels`` channels for clips of ``frames`` frames."""
        super().__init__()
        self.fc = nn.Linear(channels, channels)
        self.frames = frames

    def forward(self, x: Tensor) -> Tensor:
        """Return x * sigmoid(W mean(x) + b), the mean over T, H and W."""
        mean_BC = torch.unflatten(x.mean(dim=(2, 3)), 0, (-1, self.frames)).mean(dim=1)
        weights_BC = torch.sigmoid(self.fc(mean_BC))
        return x * weights_BC.repeat_interleave(self.frames, dim=0)[:, :, None, None]


class _Builder:
    """Makes the layers of one network; knows widths, gates and how many frames there are so far."""

    def __init__(self, config: S3DGConfig, frames: int) -> None:
        self.config, self.frames = config, frames

    def width(self, channels: int) -> int:
        return channels * self.config.width // 64

    def one(self, channels: int, out_channels: int) -> nn.Sequential:
        return self._normed(nn.Conv2d(channels, out_channels, 1, bias=False))

    def apart(
        self, channels: int, out_channels: int, side: int = 3, stride: int = 1, stride_t: int = 1
    ) -> nn.Sequential:
        """Convolutions over space and over time, each normalised and rectified."""
        parts = separable(channels, out_channels, side, self.frames, stride, side, stride_t)
        self.frames //= stride_t
        layers = nn.Sequential(*map(self._normed, parts))
        if self.config.gates == "temporal":
            layers.append(Gate(out_channels, self.frames))
        return layers

    def _normed(self, conv: nn.Conv2d) -> nn.Sequential:
        norm = nn.BatchNorm2d(conv.out_channels, eps=1e-3, momentum=self.config.norm_momentum)
        return nn.Sequential(conv, norm, nn.ReLU(inplace=True))

    def gated(self, layers: nn.Sequential, channels: int) -> nn.Sequential:
        return layers.append(Gate(channels, self.frames)) if self.config.gates == "branches" else layers

    def pooled(self, side: int, stride_t: int) -> nn.Sequential:
        """Maximum over windows of ``side`` positions at stride 2, and over as many frames at ``stride_t``."""
        layers = nn.Sequential(nn.MaxPool2d(side, 2, side // 2 if side % 2 else 0))
        if stride_t > 1:
            layers.append(TemporalMaxPool(side, stride_t, self.frames))
            self.frames //= stride_t
        return layers


class Mixed(nn.Module):
    """One Inception module: four branches side by side; (B*T, C, H, W) to (B*T, sum of widths, H, W)."""

    def __init__(self, build: _Builder, channels: int, widths: tuple[int, int, int, int, int, int]) -> None:
        """Build the branches for ``channels`` inputs from ``widths`` at width 64, see :data:`MODULES`."""
        super().__init__()
        b0, b1_in, b1, b2_in, b2, b3 = (build.width(width) for width in widths)
        self.branch0 = build.gated(build.one(channels, b0), b0)
        self.branch1 = build.gated(nn.Sequential(build.one(channels, b1_in), build.apart(b1_in, b1)), b1)
        self.branch2 = build.gated(nn.Sequential(build.one(channels, b2_in), build.apart(b2_in, b2)), b2)
        window = nn.Sequential(nn.MaxPool2d(3, 1, 1), TemporalMaxPool(3, 1, build.frames))
        self.branch3 = build.gated(nn.Sequential(window, build.one(channels, b3)), b3)
        self.out_channels = b0 + b1 + b2 + b3

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' outputs side by side."""
        return torch.cat([self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)], dim=1)


class S3DG(nn.Module):
    """Separable Inception; clips (B, 3, T, H, W) to class scores (B, classes)."""

    def __init__(
        self, config: S3DGConfig, classes: int, frames: int, dropout: float = 0.0, pool: int | None = None
    ) -> None:
        """Build the network.

        Args:
            config: width, stem, gates and temporal strides.
            classes: outputs of the classifier.
            frames: T of a clip, which the temporal strides divide.
            dropout: before the classifier.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        super().__init__()
        self.frames = frames
        build, small = _Builder(config, frames), config.stem == "small"
        first, third = build.width(64), build.width(192)
        stem = build.apart(3, first, 5 if small else 7, 2, config.strides_t[0])
        pool_or_not = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        last = build.gated(build.apart(first, third), third)
        layers: list[nn.Module] = [stem, pool_or_not, build.one(first, first), last]
        channels, strides_t = third, (1, *config.strides_t[1:])
        self.at: dict[tuple[str, int], int] = {}
        """Index in ``features`` of each module, by place."""
        for stage, stride_t in zip(MIXED, strides_t, strict=True):
            layers.append(build.pooled(2 if stage == "mixed5" else 3, stride_t))
            for index, widths in enumerate(MODULES[stage]):
                self.at[stage, index] = len(layers)
                layers.append(mixed := Mixed(build, channels, widths))
                channels = mixed.out_channels
        self.features = nn.Sequential(*layers)
        self.last_frames = build.frames
        """T of the features."""
        self.avgpool = WindowAveragePool(pool)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, classes)
        initialise(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes), or log-probabilities averaged over the positions.

        Raises:
            ValueError: T is not the ``frames`` the network was built with.
        """
        if clip.shape[2] != self.frames:
            raise ValueError(f"frames is {self.frames}, but the clip (B, 3, T, H, W) has T = {clip.shape[2]}")
        pooled = clip_mean(self.avgpool(self.features(to_pictures(clip))), self.last_frames)
        return over_positions(classify(self.dropout(pooled), self.fc))

    def clip_scores(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes) of clips (B, 3, T, H, W)."""
        scores: Tensor = self(clip)
        return scores
