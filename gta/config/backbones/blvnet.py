"""Config of bLVNet-TAM: pairs of frames at two resolutions (Fan et al., "More is less", NeurIPS 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.backbones.base import Place, ResNetStages
from gta.config.identity import require


@dataclass(frozen=True)
class BLVNetConfig(ResNetStages):
    """Big-Little ResNet over pairs of frames with temporal aggregation; 101 has depths 4, 8, 18, 3."""

    kind: Literal["blvnet"] = "blvnet"
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    """Residual blocks of the big branch of res2, res3, res4, with the one after the branches join, and of res5. Places
    are those after whole stages of res2 .. res4 and after each block of res5."""
    width: int = 64
    """Channels of the stem; res2 has 4 * width. An even number."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """The first convolution has stride 2 and is 7x7, or has stride 1 and is 5x5 (small pictures)."""
    start: Literal["kaiming", "identity"] = "kaiming"
    """How temporal aggregation starts: random, as the authors' code does, or each frame by itself."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(2, "width")
        require(self.width % 2 == 0, f"BLVNetConfig.width is {self.width}; it must be even")
        self._check_depths()
        require(min(self.depths[:3]) >= 2, f"BLVNetConfig.depths is {self.depths}; the first three must be 2 or more")

    @property
    def stages(self) -> dict[str, int]:
        """One place after each of res2, res3 and res4, and those of res5."""
        return {"res2": 1, "res3": 1, "res4": 1, "res5": self.depths[3]}

    @property
    def frame_step(self) -> int:
        """Frames come in pairs."""
        return 2

    def frames(self, place: Place, clip_frames: int) -> int:
        """Return the frames at ``place``: res5 sees one of each pair."""
        return clip_frames // 2 if place[0] == "res5" else clip_frames

    def __str__(self) -> str:
        return "bLVNet-TAM"
