"""Configs of the backbones and of a whole model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from gta.config.blocks import BlockConfig, check_block
from gta.config.identity import Checked, later, require

Place = tuple[str, int]
"""Where a block is inserted: after residual block ``index`` of stage ``res2`` .. ``res5``."""

STAGES = ("res2", "res3", "res4", "res5")


@dataclass(frozen=True)
class BackboneConfig(Checked):
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
        _check_depths(self)

    def channels(self, stage: str) -> int:
        """Return the output channels of ``stage``."""
        return 4 * self.width << STAGES.index(stage)


@dataclass(frozen=True)
class SlowFastConfig(Checked):
    """SlowFast network of bottleneck blocks (Feichtenhofer et al., ICCV 2019); blocks go into the slow pathway.

    The clip holds the frames of the fast pathway; the slow one sees 1 / alpha of them, evenly from first to last.
    """

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
        _check_depths(self)
        require(
            self.width % self.beta_inverse == 0,
            f"SlowFastConfig.beta_inverse is {self.beta_inverse}; it must divide the width {self.width}",
        )
        require(self.fusion_kernel % 2 == 1, f"SlowFastConfig.fusion_kernel is {self.fusion_kernel}; it must be odd")

    def channels(self, stage: str) -> int:
        """Return the output channels of ``stage`` in the slow pathway."""
        return 4 * self.width << STAGES.index(stage)


def without_shift(backbone: BackboneConfig | SlowFastConfig) -> BackboneConfig | SlowFastConfig:
    """Return the backbone without what only frames of a clip can have: TSM starts from R2D's weights."""
    return dataclasses.replace(backbone, shift_every=0) if isinstance(backbone, BackboneConfig) else backbone


def _check_depths(config: BackboneConfig | SlowFastConfig) -> None:
    fits = len(config.depths) == len(STAGES) and all(type(depth) is int and depth >= 1 for depth in config.depths)
    name = type(config).__name__
    require(fits, f"{name}.depths is {config.depths}; it must be {len(STAGES)} whole numbers of 1 or more")


@dataclass(frozen=True)
class ModelConfig(Checked):
    """A backbone, the blocks inserted at every place (in sequence, each with its own residual), a classifier."""

    classes: int
    frames: int = 8
    """T of a clip; of SlowFast the frames of the fast pathway."""
    backbone: BackboneConfig | SlowFastConfig = BackboneConfig()
    blocks: tuple[BlockConfig, ...] = ()
    places: tuple[Place, ...] = (("res3", 0), ("res3", 2), ("res4", 0), ("res4", 2), ("res4", 4))
    dropout: float = 0.5
    pool: int | None = later(None)
    """Side of the window that is averaged before the classifier, in res5 positions; None averages the whole map. When
    a test crop is larger than the training crop, scores are taken at several positions and their softmax averaged."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.classes >= 2, f"ModelConfig.classes is {self.classes}; a classifier needs 2 or more")
        self._require_at_least(1, "frames")
        self._require_share("dropout")
        require(self.pool is None or self.pool >= 1, f"ModelConfig.pool is {self.pool}; it must be None, or 1 or more")
        require(
            not self.blocks or len(self.places) > 0,
            "ModelConfig.places is empty, but blocks are given; name at least one place, such as ('res4', 0)",
        )
        if isinstance(self.backbone, SlowFastConfig):
            alpha = self.backbone.alpha
            require(
                self.frames % alpha == 0,
                f"ModelConfig.frames is {self.frames}; SlowFastConfig.alpha {alpha} must divide it: "
                f"{alpha}, {2 * alpha}, {4 * alpha}, ...",
            )
        for stage, index in self.places:
            require(stage in STAGES, f"ModelConfig.places: stage {stage!r} is not one of {', '.join(STAGES)}")
            depth = self.backbone.depths[STAGES.index(stage)]
            require(
                0 <= index < depth,
                f"ModelConfig.places: {stage}[{index}] does not exist; {stage} has residual blocks 0..{depth - 1}",
            )
        require(len(set(self.places)) == len(self.places), f"ModelConfig.places repeats a place: {self.places}")
        for block in self.blocks:
            for stage in dict.fromkeys(stage for stage, _ in self.places):
                check_block(block, stage, self.backbone.channels(stage))

    @property
    def block_frames(self) -> int:
        """T that the inserted blocks see: the clip's frames, or those of the slow pathway."""
        return self.frames // self.backbone.alpha if isinstance(self.backbone, SlowFastConfig) else self.frames
