"""Config of the 2D ResNet, of TSM and of the networks with another module inside the residual branch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from gta.config.backbones.base import ResNetStages
from gta.config.identity import later


@dataclass(frozen=True)
class BackboneConfig(ResNetStages):
    """A 2D ResNet of bottleneck blocks, applied to each frame; with ``shift_every`` it is TSM."""

    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 with max-pool, or 5x5 stride 2 without (small pictures)."""
    shift_every: int = later(0)
    """TSM: shift 1/8 of the channels each way in time before the first convolution of every ``shift_every``-th
    residual block of a stage; 0 shifts nothing. TSM's own rule is 1, and 2 for ResNet-101."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width")
        self._require_at_least(0, "shift_every")
        self._check_depths()

    @property
    def knows_order(self) -> bool:
        """By what mixes frames inside the residual branch."""
        return self.shift_every > 0

    @property
    def still(self) -> BackboneConfig:
        """R2D, without what only frames of a clip can have."""
        return dataclasses.replace(self, shift_every=0)

    def __str__(self) -> str:
        return "TSM" if self.shift_every else "R2D"
