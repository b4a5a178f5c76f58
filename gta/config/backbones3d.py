"""Configs of the backbones whose features change their number of frames: I3D, S3D-G and CorrNet.

Narrow stems ("small") are those of the 2D ResNet: 5x5 at stride 2 without max-pool, for pictures of 32 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.identity import Checked, require

STAGES = ("res2", "res3", "res4", "res5")
MIXED = ("mixed3", "mixed4", "mixed5")
"""Stages of S3D; they hold 2, 5 and 2 modules."""
MIXED_OUT = {"mixed3": (256, 480), "mixed4": (512, 512, 512, 528, 832), "mixed5": (832, 1024)}
"""Output channels of S3D's modules at width 64."""


@dataclass(frozen=True)
class I3DConfig(Checked):
    """Inflated ResNet (Carreira and Zisserman, CVPR 2017; Wang et al., "Non-local neural networks", CVPR 2018)."""

    kind: Literal["i3d"] = "i3d"
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    stem_frames: int = 5
    """Frames that the first convolution spans."""
    inflate: Literal["3x1x1", "3x3x3"] = "3x1x1"
    """Which convolution of an inflated residual block spans three frames: the first 1x1 or the 3x3."""
    pool_t: int = 2
    """Frames after res2 of which the maximum is taken; 1 keeps all of them."""
    res5_stride: int = 2
    """1 keeps the map of res4, as the region graph of Wang and Gupta needs it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width", "pool_t")
        require(
            self.stem_frames >= 1 and self.stem_frames % 2 == 1,
            f"I3DConfig.stem_frames is {self.stem_frames}; it must be odd",
        )
        require(self.res5_stride in (1, 2), f"I3DConfig.res5_stride is {self.res5_stride}; it must be 1 or 2")
        require_depths(self, self.depths)

    def channels(self, stage: str) -> int:
        """Return the output channels of ``stage``."""
        return 4 * self.width << STAGES.index(stage)

    def frames(self, stage: str, frames: int) -> int:
        """Return T after ``stage`` of a clip of ``frames`` frames."""
        return frames if stage == STAGES[0] else frames // self.pool_t


@dataclass(frozen=True)
class CorrNetConfig(Checked):
    """Factorised ResNet of CorrNet (Wang et al., "Video modeling with correlation networks", CVPR 2020).

    The correlation blocks are inserted blocks.
    """

    kind: Literal["corrnet"] = "corrnet"
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 and res2 at stride 2, or 5x5 stride 2 and res2 at stride 1 (small pictures)."""
    strides_t: tuple[int, int, int, int] = (1, 1, 2, 2)
    """Temporal strides of the stages."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width")
        require_depths(self, self.depths)
        require_strides(self, self.strides_t, len(STAGES))

    def channels(self, stage: str) -> int:
        """Return the output channels of ``stage``."""
        return 4 * self.width << STAGES.index(stage)

    def frames(self, stage: str, frames: int) -> int:
        """Return T after ``stage`` of a clip of ``frames`` frames."""
        for stride in self.strides_t[: STAGES.index(stage) + 1]:
            frames //= stride
        return frames


@dataclass(frozen=True)
class S3DGConfig(Checked):
    """Separable Inception-v1 with gates (Xie et al., "Rethinking spatiotemporal feature learning", ECCV 2018)."""

    kind: Literal["s3dg"] = "s3dg"
    width: int = 64
    """Channels of the first convolution; all others follow in proportion. A multiple of 4."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7x7 stride 2 with max-pool, or 5x5x5 stride 2 without (small pictures)."""
    gates: Literal["branches", "temporal", "none"] = "branches"
    """What is gated: the stem's last convolution and every branch of every module, as public code does that descends
    from the authors'; the temporal convolutions, as the paper's text says; or nothing, which is S3D."""
    strides_t: tuple[int, int, int] = (2, 2, 2)
    """Temporal strides of the first convolution and of the poolings before mixed4 and mixed5."""
    norm_momentum: float = 0.001
    """Share of a batch in the running statistics of the norms; the authors', for their long training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.width >= 4 and self.width % 4 == 0,
            f"S3DGConfig.width is {self.width}; it must be a multiple of 4, which the narrowest branch is divided by",
        )
        self._require_above_zero("norm_momentum")
        self._require_share("norm_momentum")
        require_strides(self, self.strides_t, len(MIXED))

    @property
    def depths(self) -> tuple[int, ...]:
        """Modules of each stage."""
        return tuple(len(MIXED_OUT[stage]) for stage in MIXED)

    def channels(self, stage: str, index: int = -1) -> int:
        """Return the output channels of module ``index`` of ``stage``."""
        return MIXED_OUT[stage][index] * self.width // 64

    def frames(self, stage: str, frames: int) -> int:
        """Return T after ``stage`` of a clip of ``frames`` frames."""
        for stride in self.strides_t[: MIXED.index(stage) + 1]:
            frames //= stride
        return frames


def require_depths(config: Checked, depths: tuple[int, ...]) -> None:
    """Raise ``ValueError`` unless ``depths`` are residual blocks of the four stages."""
    fits = len(depths) == len(STAGES) and all(type(depth) is int and depth >= 1 for depth in depths)
    name = type(config).__name__
    require(fits, f"{name}.depths is {depths}; it must be {len(STAGES)} whole numbers of 1 or more")


def require_strides(config: Checked, strides: tuple[int, ...], count: int) -> None:
    """Raise ``ValueError`` unless there are ``count`` temporal strides of 1 or 2."""
    fits = len(strides) == count and all(type(stride) is int and stride in (1, 2) for stride in strides)
    require(fits, f"{type(config).__name__}.strides_t is {strides}; it must be {count} numbers, each 1 or 2")
