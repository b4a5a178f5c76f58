"""Config of ECO: a 2D network of frames with a 3D network on top (Zolfaghari, Singh and Brox, ECCV 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gta.config.backbones.base import Backbone, Place
from gta.config.backbones.bninception import OUTPUTS, require_even_width

WIDTHS_3D = {"res3": 128, "res4": 256, "res5": 512}
"""Channels of the 3D stages at width 64."""


@dataclass(frozen=True)
class ECOConfig(Backbone):
    """ECO Lite; with ``full`` the rest of BNInception runs beside the 3D network."""

    one_map: ClassVar[bool] = False

    kind: Literal["eco"] = "eco"
    full: bool = False
    """ECO Full: features of single frames are averaged and stand beside those of the 3D network."""
    width: int = 64
    """Channels of the first convolution; all others, 2D and 3D, are in proportion. An even number."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 with max-pool, or 5x5 stride 2 without (small pictures)."""
    dropout_3d: float = 0.3
    """Dropout of the 3D features; that of the model is for the 2D features."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_even_width(self, self.width)
        self._require_share("dropout_3d")

    @property
    def stages(self) -> dict[str, int]:
        """``mixed3`` is 3a and 3b of BNInception, the others are the residual blocks of the 3D network."""
        return {"mixed3": 2, "res3": 1, "res4": 2, "res5": 2}

    @property
    def frame_step(self) -> int:
        """The 3D network halves the frames twice."""
        return 4

    def channels(self, place: Place) -> int:
        """Return the output channels at ``place``."""
        stage, index = place
        return (OUTPUTS[stage][index] if stage == "mixed3" else WIDTHS_3D[stage]) * self.width // 64

    def frames(self, place: Place, clip_frames: int) -> int:
        """Return the frames at ``place``: res4 and res5 halve them."""
        return clip_frames // {"res4": 2, "res5": 4}.get(place[0], 1)

    def __str__(self) -> str:
        return "ECO" if self.full else "ECO Lite"
