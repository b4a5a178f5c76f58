"""Config of BNInception, the 2D network of TRN and the first part of ECO (Ioffe and Szegedy, ICML 2015)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gta.config.backbones.base import Backbone, Place
from gta.config.identity import later, require

OUTPUTS = {
    "mixed3": (256, 320, 576),
    "mixed4": (576, 576, 608, 608, 1056),
    "mixed5": (1024, 1024),
}
"""Output channels at width 64 of the modules 3a, 3b, 3c; 4a .. 4e; 5a, 5b."""


@dataclass(frozen=True)
class BNInceptionConfig(Backbone):
    """BNInception, applied to each frame; blocks stand after its modules, 3a being ``("mixed3", 0)``."""

    kind: Literal["bninception"] = "bninception"
    width: int = 64
    """Channels of the first convolution; all others are in proportion. An even number."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 with max-pool, or 5x5 stride 2 without (small pictures)."""
    inputs: Literal[3, 10] = later(3)
    """Channels of a frame: three colours, or ten of stacked optical flow."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_even_width(self, self.width)

    @property
    def stages(self) -> dict[str, int]:
        """``mixed3``, ``mixed4`` and ``mixed5``; the last modules of the first two halve the map."""
        return {stage: len(outputs) for stage, outputs in OUTPUTS.items()}

    @property
    def knows_order(self) -> bool:
        """Frames meet in the head alone."""
        return False

    @property
    def still(self) -> BNInceptionConfig:
        """The network of pictures, which have colours."""
        return replace(self, inputs=3)

    def channels(self, place: Place) -> int:
        """Return the output channels of the module."""
        return OUTPUTS[place[0]][place[1]] * self.width // 64

    def __str__(self) -> str:
        return f"BNInception{'' if self.inputs == 3 else ' of flow'}"


def require_even_width(config: Backbone, width: int) -> None:
    """Raise ``ValueError`` unless every branch, the narrowest of half the width, has whole channels."""
    require(width >= 2 and width % 2 == 0, f"{type(config).__name__}.width is {width}; it must be even, 2 or more")
