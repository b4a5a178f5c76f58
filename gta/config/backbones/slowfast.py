"""Config of SlowFast (Feichtenhofer et al., "SlowFast networks", ICCV 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gta.config.backbones.base import Place, ResNetStages
from gta.config.identity import require


@dataclass(frozen=True)
class SlowFastConfig(ResNetStages):
    """SlowFast network of bottleneck blocks (Feichtenhofer et al., ICCV 2019); blocks go into the slow pathway.

    The clip holds the frames of the fast pathway; the slow one sees 1 / alpha of them, evenly from first to last.
    """

    one_map: ClassVar[bool] = False

    kind: Literal["slowfast"] = "slowfast"
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of the slow pathway's res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    alpha: int = 4
    """Frames of the fast pathway for one of the slow."""
    beta_inverse: int = 8
    """The fast pathway has 1 / beta_inverse of the slow one's channels."""
    fusion_kernel: int = 7
    """Temporal extent of the fusion convolutions, whose stride is alpha."""
    fusion_ratio: int = 2
    """A fusion convolution gives fusion_ratio times the fast pathway's channels."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width", "alpha", "beta_inverse", "fusion_ratio", "fusion_kernel")
        self._check_depths()
        require(
            self.width % self.beta_inverse == 0,
            f"SlowFastConfig.beta_inverse is {self.beta_inverse}; it must divide the width {self.width}",
        )
        require(self.fusion_kernel % 2 == 1, f"SlowFastConfig.fusion_kernel is {self.fusion_kernel}; it must be odd")

    @property
    def frame_step(self) -> int:
        """One frame of the slow pathway."""
        return self.alpha

    def frames(self, place: Place, clip_frames: int) -> int:
        """Return the frames of the slow pathway."""
        return clip_frames // self.alpha

    def __str__(self) -> str:
        return "SlowFast"
