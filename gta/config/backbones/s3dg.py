"""Config of S3D-G: Xie et al., "Rethinking spatiotemporal feature learning", ECCV 2018."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.backbones.base import Place, StridedInTime
from gta.config.identity import require

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
"""Channels of Inception-v1 by stage and module at width 64: the 1x1 branch; the first 3x3 branch, reduced and out; the
second one; the branch after pooling."""


@dataclass(frozen=True)
class S3DGConfig(StridedInTime):
    """Separable Inception-v1 with gates; its places are the modules of ``mixed3``, ``mixed4`` and ``mixed5``."""

    kind: Literal["s3dg"] = "s3dg"
    width: int = 64
    """Channels of the first convolution; all others follow in proportion."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7x7 stride 2 with max-pool, or 5x5x5 stride 2 without (small pictures)."""
    gates: Literal["branches", "temporal", "none"] = "branches"
    """What is gated: the stem's last convolution and every branch of every module, as public code does that descends
    from the authors'; the temporal convolutions, as the paper's text says; or nothing, which is S3D."""
    strides_t: tuple[int, int, int] = (2, 2, 2)
    """Temporal strides of the first convolution and of the poolings before mixed4 and mixed5."""
    norm_momentum: float = 0.001
    """Share of a batch in the running statistics of the norms; the authors', for their long training."""
    flat: bool = False
    """Kernels span one frame: the network that learns from stills, and whose kernels are then inflated."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.width >= 4 and self.width % 4 == 0,
            f"S3DGConfig.width is {self.width}; it must be a multiple of 4, for the narrowest branch",
        )
        self._require_above_zero("norm_momentum")
        self._require_share("norm_momentum")
        self._check_strides()

    @property
    def stages(self) -> dict[str, int]:
        """``mixed3``, ``mixed4`` and ``mixed5``."""
        return {stage: len(modules) for stage, modules in MODULES.items()}

    def channels(self, place: Place) -> int:
        """Return the output channels of a module, those of its four branches."""
        stage, index = place
        b0, _, b1, _, b2, b3 = MODULES[stage][index]
        return (b0 + b1 + b2 + b3) * self.width // 64

    def __str__(self) -> str:
        return "S3D" if self.gates == "none" else "S3D-G"
