"""R2D: torchvision's bottleneck ResNet applied to every frame (paper section 4, "R2D-50").

He et al., "Deep residual learning for image recognition", CVPR 2016. Weight names are torchvision's, so that
its ImageNet weights load by name whatever is inserted.
"""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from gta.config import STAGES, BackboneConfig


class ResNet2D(ResNet):  # type: ignore[misc] # torchvision has no types
    """Bottleneck ResNet of any depth and width; the default is ResNet-50.

    Input (B*T, 3, H, W), output (B*T, classes).
    """

    def __init__(self, config: BackboneConfig | None = None, classes: int = 1000, dropout: float = 0.0) -> None:
        """Build the network; torchvision's own constructor cannot be narrower than 64 planes."""
        nn.Module.__init__(self)
        config = config or BackboneConfig()
        self._norm_layer = nn.BatchNorm2d
        self.groups, self.base_width, self.dilation = 1, 64, 1
        self.inplanes = config.width
        small = config.stem == "small"
        self.conv1 = nn.Conv2d(3, self.inplanes, 5 if small else 7, stride=2, padding=2 if small else 3, bias=False)
        self.bn1 = nn.BatchNorm2d(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for stage, depth in enumerate(config.depths):
            layer = self._make_layer(Bottleneck, config.width * 2**stage, depth, stride=1 if stage == 0 else 2)
            self.add_module(f"layer{stage + 1}", layer)
        self.avgpool = nn.Sequential(_GlobalAveragePool(), nn.Dropout(dropout))
        self.fc = nn.Linear(config.channels(STAGES[-1]), classes)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if isinstance(module, Bottleneck):
                nn.init.zeros_(module.bn3.weight)


class _GlobalAveragePool(nn.Module):
    """Mean over positions whose gradient stays channels-last.

    ``AdaptiveAvgPool2d(1)`` hands back a gradient without a memory format; it travels down every shortcut and
    makes each element-wise backward ten times slower.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(x, x.shape[-2:])


def per_frame(network: nn.Module, clip: torch.Tensor) -> torch.Tensor:
    """Apply a 2D network to every frame and average its scores over the frames.

    Args:
        network: maps (B*T, 3, H, W) to (B*T, classes).
        clip: (B, 3, T, H, W); a permuted view of channels-last frames costs no copy.

    Returns:
        (B, classes).
    """
    batch, channels, frames, height, width = clip.shape
    pictures = clip.transpose(1, 2).reshape(batch * frames, channels, height, width)
    scores: torch.Tensor = network(pictures.contiguous(memory_format=torch.channels_last))
    precise = torch.promote_types(scores.dtype, torch.float32)
    return scores.view(batch, frames, -1).mean(dim=1, dtype=precise)
