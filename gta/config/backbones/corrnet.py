"""Config of the backbone of CorrNet: Wang et al., "Video modeling with correlation networks", CVPR 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.backbones.base import ResNetStages, StridedInTime


@dataclass(frozen=True)
class CorrNetConfig(StridedInTime, ResNetStages):
    """ResNet whose 3x3 convolutions are followed by one over three frames; correlation blocks are inserted blocks."""

    kind: Literal["corrnet"] = "corrnet"
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 and res2 at stride 2, or 5x5 stride 2 and res2 at stride 1 (small pictures)."""
    strides_t: tuple[int, int, int, int] = (1, 1, 2, 2)
    """Temporal strides of the stages."""
    flat: bool = False
    """Kernels span one frame: the network that learns from stills, and whose kernels are then inflated."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width")
        self._check_depths()
        self._check_strides()

    def __str__(self) -> str:
        return "CorrNet"
