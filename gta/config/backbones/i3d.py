"""Config of I3D: Carreira and Zisserman, CVPR 2017, as the ResNet of Wang et al., "Non-local neural networks"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.backbones.base import Place, ResNetStages
from gta.config.backbones.resnet2d import BackboneConfig
from gta.config.identity import require


@dataclass(frozen=True)
class I3DConfig(ResNetStages):
    """Inflated ResNet of bottleneck blocks; it starts from the weights of the 2D ResNet of its depths and width."""

    kind: Literal["i3d"] = "i3d"
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 with max-pool, or 5x5 stride 2 without (small pictures)."""
    stem_frames: int = 5
    """Frames that the first convolution spans."""
    inflate: Literal["3x1x1", "3x3x3"] = "3x1x1"
    """Which convolution of an inflated residual block spans three frames: the first 1x1 or the 3x3."""
    pool_t: int = 2
    """Frames after res2 of which the maximum is taken; 1 keeps all of them."""
    res5_stride: int = 2
    """1 keeps the map of res4, as the region graph of Wang and Gupta (ECCV 2018) needs it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width", "pool_t")
        require(
            self.stem_frames >= 1 and self.stem_frames % 2 == 1,
            f"I3DConfig.stem_frames is {self.stem_frames}; it must be odd",
        )
        require(self.res5_stride in (1, 2), f"I3DConfig.res5_stride is {self.res5_stride}; it must be 1 or 2")
        self._check_depths()

    @property
    def frame_step(self) -> int:
        """One frame after the pooling."""
        return self.pool_t

    @property
    def still(self) -> BackboneConfig:
        """R2D, whose kernels are inflated."""
        return BackboneConfig(self.depths, self.width, self.stem)

    def frames(self, place: Place, clip_frames: int) -> int:
        """Return the clip's frames up to res2, then those that the pooling leaves."""
        return clip_frames if place[0] == "res2" else clip_frames // self.pool_t

    def __str__(self) -> str:
        return "I3D"
