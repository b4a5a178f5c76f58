"""S3D and S3D-G: Inception-v1 with every convolution split into one over space and one over time.

Xie, Sun, Huang, Tu and Murphy, "Rethinking spatiotemporal feature learning: speed-accuracy trade-offs in video
classification", ECCV 2018. A gate (section 4.2) weighs channels by the mean over the whole clip: y = x * sigmoid(W
mean(x) + b). Where gates stand is a field: text and code that descends from the authors' differ.

The names in ``body`` are those that torchvision's ``s3d`` has in ``features``; its fixed window before the classifier,
which fails on maps of less than 7 positions, is a plain mean here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.backbones.clip_network import ClipNetwork
from gta.backbones.temporal import TemporalMaxPool, separable
from gta.config import S3DGConfig
from gta.config.backbones.s3dg import MODULES


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
    """Makes the layers of one network; knows its widths, its gates and how many frames there are so far."""

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
        extent = 1 if self.config.flat else side
        parts = separable(channels, out_channels, side, self.frames, stride, extent, stride_t)
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
        """Build the branches for ``channels`` inputs from ``widths`` at width 64, see its config's ``MODULES``."""
        super().__init__()
        b0, b1_in, b1, b2_in, b2, b3 = (build.width(width) for width in widths)
        self.branch0 = build.gated(build.one(channels, b0), b0)
        self.branch1 = build.gated(nn.Sequential(build.one(channels, b1_in), build.apart(b1_in, b1)), b1)
        self.branch2 = build.gated(nn.Sequential(build.one(channels, b2_in), build.apart(b2_in, b2)), b2)
        window = nn.Sequential(nn.MaxPool2d(3, 1, 1), TemporalMaxPool(3, 1, build.frames))
        self.branch3 = build.gated(nn.Sequential(window, build.one(channels, b3)), b3)

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' outputs side by side."""
        return torch.cat([self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)], dim=1)


class S3DG(ClipNetwork):
    """Separable Inception; clips (B, 3, T, H, W) to class scores (B, classes)."""

    stem_modules = ("body.0", "body.2", "body.3")

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
        super().__init__(config, frames)
        build, small = _Builder(config, frames), config.stem == "small"
        first, third = build.width(64), build.width(192)
        stem = build.apart(3, first, 5 if small else 7, 2, config.strides_t[0])
        pool_or_not = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        last = build.gated(build.apart(first, third), third)
        layers: list[nn.Module] = [stem, pool_or_not, build.one(first, first), last]
        self._places: dict[str, list[str]] = {stage: [] for stage in MODULES}
        channels, strides_t = third, (1, *config.strides_t[1:])
        for (stage, modules), stride_t in zip(MODULES.items(), strides_t, strict=True):
            layers.append(build.pooled(2 if stage == "mixed5" else 3, stride_t))
            for index, widths in enumerate(modules):
                self._places[stage].append(f"body.{len(layers)}")
                layers.append(Mixed(build, channels, widths))
                channels = config.channels((stage, index))
        self.body = nn.Sequential(*layers)
        self._close(classes, dropout, pool)

    @property
    def stage_modules(self) -> dict[str, list[str]]:
        """The modules of ``mixed3``, ``mixed4`` and ``mixed5``."""
        return self._places

    def maps(self, pictures: Tensor) -> Tensor:
        """Return the features (B*T', C, h, w) of pictures (B*T, 3, H, W)."""
        x: Tensor = self.body(pictures)
        return x
