"""Configs of the blocks that compare each frame with the next one, position by position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.block import Block
from gta.config.identity import require

Start = Literal["published", "identity"]


class Matching(Block):
    """A block that compares positions of neighbouring frames within a window of ``patch`` x ``patch`` displacements."""

    patch: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.patch >= 1 and self.patch % 2 == 1,
            f"{type(self).__name__}.patch is {self.patch}; it must be odd, so that it has a middle",
        )

    @property
    def knows_order(self) -> bool:
        """A displacement from one frame to the next has a direction."""
        return True


@dataclass(frozen=True)
class MotionSqueezeConfig(Matching):
    """MotionSqueeze module (Kwon et al., ECCV 2020); MSNet is TSM with one after res3."""

    kind: Literal["ms"] = "ms"
    reduction: int = 8
    """Frames are compared at C / reduction channels."""
    patch: int = 15
    """Displacements reach (patch - 1) / 2 positions in each direction."""
    sigma: float = 5.0
    """Standard deviation, in positions, of the Gaussian around the best match that bounds the soft maximum."""
    temperature: float = 100.0
    """Factor on the similarities before the softmax over displacements."""
    widths: tuple[int, int, int] = (16, 32, 64)
    """Channels of the displacement maps between the four layers that refine them."""
    start: Start = "published"
    """"identity" puts a zero normalisation after the last ReLU; before it no gradient would pass."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_above_zero("sigma", "temperature")
        require(
            len(self.widths) == 3 and all(type(width) is int and width >= 1 for width in self.widths),
            f"MotionSqueezeConfig.widths is {self.widths}; it must be three whole numbers of 1 or more",
        )
        require(self.patch >= 3, f"MotionSqueezeConfig.patch is {self.patch}; it must be 3 or more")

    @property
    def least_frames(self) -> int:
        """A displacement leads to a next frame."""
        return 2

    def __str__(self) -> str:
        return f"MS({self.patch}x{self.patch})"


@dataclass(frozen=True)
class CorrelationConfig(Matching):
    """Correlation block of CorrNet (Wang et al., CVPR 2020): learned, weighted matches with the frame before."""

    kind: Literal["correlation"] = "correlation"
    reduction: int = 4
    """Frames are compared at C / reduction channels."""
    patch: int = 7
    """Displacements in each direction."""
    dilation: int = 2
    """Positions between neighbouring displacements."""
    groups: int = 32
    """Channel groups; each gives a similarity of its own."""
    start: Start = "published"
    """"identity" starts the last normalisation at zero; the ReLU comes after the sum and lets gradients pass."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "dilation", "groups")

    def __str__(self) -> str:
        return f"Correlation({self.patch}x{self.patch}, G={self.groups})"
