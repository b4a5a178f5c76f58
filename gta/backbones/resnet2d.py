"""R2D: torchvision's bottleneck ResNet applied to every frame (paper section 4, "R2D-50"); TSM, STM, TEA, TAM on it.

He et al., "Deep residual learning for image recognition", CVPR 2016; what stands inside the residual branches is in
:mod:`gta.backbones.branches`. Weight names are torchvision's, so that its ImageNet weights load by name whatever is
inserted or shifted.
"""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from gta.backbones.branches import install
from gta.backbones.branches.res2net import Res2NetBottleneck
from gta.backbones.layers import WindowAveragePool, classify, to_pictures
from gta.backbones.network import Network
from gta.config import STAGES, BackboneConfig


class ResNet2D(Network, ResNet):  # type: ignore[misc] # torchvision has no types
    """Bottleneck ResNet of any depth and width; the default is ResNet-50.

    Input (B*T, C, H, W), C being ``config.inputs``; output (B*T, classes), or with a pooling window smaller than the
    map (B*T, positions, classes).
    """

    def __init__(
        self,
        config: BackboneConfig | None = None,
        classes: int = 1000,
        dropout: float = 0.0,
        frames: int = 1,
        pool: int | None = None,
    ) -> None:
        """Build the network; torchvision's own constructor cannot be narrower than 64 planes.

        Args:
            config: depths, width, stem and what is inside the residual branches.
            classes: outputs of the classifier.
            dropout: before the classifier.
            frames: T of a clip, for what is inside the branches.
            pool: side of the window averaged before the classifier; None: the whole map.
        """
        nn.Module.__init__(self)
        self.config = config = config or BackboneConfig()
        self._norm_layer = nn.BatchNorm2d
        self.groups, self.base_width, self.dilation = 1, 64, 1
        self.inplanes = config.width
        small = config.stem == "small"
        side = 5 if small else 7
        self.conv1 = nn.Conv2d(config.inputs, self.inplanes, side, stride=2, padding=side // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for stage, depth in enumerate(config.depths):
            planes, stride = config.width * 2**stage, 1 if stage == 0 else 2
            layer = self._make_layer(Bottleneck, planes, depth, stride=stride)  # type: ignore[operator]
            if config.inside is not None:
                inside = (install(residual, config.inside, frames, index) for index, residual in enumerate(layer))
                layer = nn.Sequential(*inside)
            self.add_module(f"layer{stage + 1}", layer)
        self.avgpool = nn.Sequential(WindowAveragePool(pool), nn.Dropout(dropout))
        self.fc = nn.Linear(config.channels(config.last), classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the class scores of pictures."""
        return classify(self.avgpool(self.maps(x)), self.fc)

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last features (B*T, C, h, w) of pictures (B*T, 3, H, W)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in range(len(STAGES)):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        return x

    def features(self, clip: torch.Tensor) -> torch.Tensor:
        """Return the last features (B*T, C, h, w) of clips (B, 3, T, H, W)."""
        return self.maps(to_pictures(clip))


def initialise(network: nn.Module) -> None:
    """Draw convolutions as He et al. do and start every residual block as the identity."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    for module in network.modules():
        if isinstance(module, Bottleneck | Res2NetBottleneck):
            nn.init.zeros_(module.bn3.weight)
