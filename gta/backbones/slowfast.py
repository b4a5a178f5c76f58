"""SlowFast: two pathways over the same clip (Feichtenhofer et al., "SlowFast networks", ICCV 2019).

The fast pathway sees every frame with 1/beta of the channels, the slow one 1/alpha of the frames; after the stem and
after res2, res3, res4 a fusion convolution (k x 1 x 1, stride alpha) brings the fast features into the slow pathway.
Temporal extents are those of PySlowFast: slow 1, 1, 1, 3, 3 and fast 5, 3, 3, 3, 3 for the stem and the four stages.

All features are frames as pictures, (B*T, C, H, W), as the blocks want them: a k x 1 x 1 convolution is
:class:`~gta.backbones.layers.TemporalConv2d`, a 1 x k x k one is two-dimensional, and the k x k x k one of the fast
stem is :class:`~gta.backbones.layers.ClipConv2d`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.backbones.layers import ClipConv2d, TemporalConv2d, WindowAveragePool, classify, over_positions, to_pictures
from gta.backbones.network import Network
from gta.backbones.resnet2d import initialise
from gta.backbones.temporal import bottleneck
from gta.config import STAGES, SlowFastConfig

SLOW_KERNELS = (1, 1, 1, 3, 3)
FAST_KERNELS = (5, 3, 3, 3, 3)
"""Temporal extents of the stem and of the first convolution in the residual blocks of res2 .. res5."""


class Pathway(nn.Module):
    """One pathway: ``conv1``, ``bn1`` and ``layer1`` .. ``layer4`` as in a torchvision ResNet."""

    def __init__(
        self, config: SlowFastConfig, width: int, kernels: tuple[int, ...], frames: int, fused: tuple[int, ...]
    ) -> None:
        """Build a pathway.

        Args:
            config: depths and stem.
            width: planes of res2.
            kernels: temporal extents of stem and stages.
            frames: T that the pathway sees.
            fused: channels that a fusion adds to the input of each stage.
        """
        super().__init__()
        small = config.stem == "small"
        side, extent = 5 if small else 7, kernels[0]
        self.frames = frames
        self.conv1: nn.Module
        if extent == 1:
            self.conv1 = nn.Conv2d(3, width, side, stride=2, padding=side // 2, bias=False)
        else:
            self.conv1 = ClipConv2d(3, width, extent, side, frames)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        channels = width
        for stage, depth in enumerate(config.depths):
            planes, stride = width << stage, 1 if stage == 0 else 2
            blocks = []
            for index in range(depth):
                incoming = channels + fused[stage] if index == 0 else channels
                blocks.append(bottleneck(incoming, planes, frames, stride if index == 0 else 1, kernels[stage + 1]))
                channels = 4 * planes
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))

    def stem(self, pictures: Tensor) -> Tensor:
        """Return the features (B*T, width, H/2 or H/4, ...) of pictures (B*T, 3, H, W)."""
        features: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(pictures))))
        return features


class SlowFast(Network):
    """SlowFast network; clips (B, 3, T, H, W) to class scores (B, classes), T being the fast pathway's frames.

    Blocks stand in the slow pathway.
    """

    stem_modules = ("slow.conv1", "slow.bn1")

    def __init__(
        self, config: SlowFastConfig, classes: int, frames: int, dropout: float = 0.0, pool: int | None = None
    ) -> None:
        """Build the network.

        Args:
            config: depths, width, alpha, beta and fusion.
            classes: outputs of the classifier.
            frames: T of a clip, a multiple of alpha.
            dropout: before the classifier.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        super().__init__()
        self.config = config
        slow_frames = frames // config.alpha
        self.slow_frames = [at * (frames - 1) // max(slow_frames - 1, 1) for at in range(slow_frames)]
        """Frames that the slow pathway sees: evenly from the first to the last, as PySlowFast takes them."""
        self.frames = frames
        slim = config.width // config.beta_inverse
        outputs = [slim, *(4 * slim << stage for stage in range(len(STAGES)))]
        fused = tuple(config.fusion_ratio * channels for channels in outputs[:-1])
        self.slow = Pathway(config, config.width, SLOW_KERNELS, frames // config.alpha, fused)
        self.fast = Pathway(config, slim, FAST_KERNELS, frames, (0,) * len(STAGES))
        self.fusions = nn.ModuleDict(
            {
                name: nn.Sequential(
                    TemporalConv2d(
                        channels, config.fusion_ratio * channels, config.fusion_kernel, frames, config.alpha
                    ),
                    nn.BatchNorm2d(config.fusion_ratio * channels),
                    nn.ReLU(inplace=True),
                )
                for name, channels in zip(("stem", *STAGES[:-1]), outputs, strict=False)
            }
        )
        self.avgpool = WindowAveragePool(pool)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(config.channels(config.last) + outputs[-1], classes)
        initialise(self)

    @property
    def stage_modules(self) -> dict[str, list[str]]:
        """The residual blocks of the slow pathway."""
        return {stage: [f"slow.{name}" for name in names] for stage, names in super().stage_modules.items()}

    def forward(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes), or log-probabilities averaged over the positions.

        Raises:
            ValueError: T is not the ``frames`` the network was built with.
        """
        if clip.shape[2] != self.frames:
            raise ValueError(f"frames is {self.frames}, but the clip (B, 3, T, H, W) has T = {clip.shape[2]}")
        fast = self.fast.stem(to_pictures(clip))
        slow = self.slow.stem(to_pictures(clip[:, :, self.slow_frames]))
        for stage, name in enumerate(("stem", *STAGES[:-1]), start=1):
            slow = self.slow.get_submodule(f"layer{stage}")(torch.cat([slow, self.fusions[name](fast)], dim=1))
            fast = self.fast.get_submodule(f"layer{stage}")(fast)
        pooled = torch.cat([self._pooled(slow, self.slow.frames), self._pooled(fast, self.fast.frames)], dim=1)
        return over_positions(classify(self.dropout(pooled), self.fc))

    def clip_scores(self, clip: Tensor) -> Tensor:
        """Return the class scores (B, classes) of clips (B, 3, T, H, W)."""
        scores: Tensor = self(clip)
        return scores

    def _pooled(self, features: Tensor, frames: int) -> Tensor:
        """Return the mean over frames and windows of positions, (B, C, h, w)."""
        pooled: Tensor = self.avgpool(features)
        return torch.unflatten(pooled, 0, (-1, frames)).mean(dim=1)
