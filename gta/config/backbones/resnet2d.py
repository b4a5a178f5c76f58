"""Config of the 2D ResNet, of TSM and of the networks with another module inside the residual branch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from gta.config.backbones.base import ResNetStages
from gta.config.branches import BranchConfig, ShiftConfig
from gta.config.identity import later, require


@dataclass(frozen=True)
class BackboneConfig(ResNetStages):
    """A 2D ResNet of bottleneck blocks, applied to each frame; a module may stand inside the residual branches."""

    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 with max-pool, or 5x5 stride 2 without (small pictures)."""
    shift_every: int = later(0)
    """TSM: shift 1/8 of the channels each way in time before the first convolution of every ``shift_every``-th
    residual block of a stage; 0 shifts nothing. TSM's own rule is 1, and 2 for ResNet-101."""
    branch: BranchConfig | None = later(None)
    """The module inside the residual branches: STM, TEA, TAM, Res2Net. A :class:`ShiftConfig` is kept as
    ``shift_every``, which runs were recorded with, so that one network has one identity; :attr:`inside` has either."""

    inputs: Literal[3, 10] = later(3)
    """Channels of a frame: three colours, or five fields of optical flow (two-stream TSM)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width")
        self._require_at_least(0, "shift_every")
        self._check_depths()
        if isinstance(self.branch, ShiftConfig):
            require(
                self.shift_every in (0, self.branch.every),
                f"BackboneConfig.shift_every is {self.shift_every}, branch shifts every {self.branch.every}; give one",
            )
            object.__setattr__(self, "shift_every", self.branch.every)
            object.__setattr__(self, "branch", None)
        require(
            not self.shift_every or self.branch is None,
            f"BackboneConfig.branch is {self.branch}, but shift_every is {self.shift_every}; a residual branch "
            "holds one module: leave one of them out",
        )
        if self.branch is not None:
            self.branch.check_width(self.width)

    @property
    def inside(self) -> BranchConfig | None:
        """The module inside the residual branches."""
        return ShiftConfig(every=self.shift_every) if self.shift_every else self.branch

    @property
    def knows_order(self) -> bool:
        """By what mixes frames inside the residual branch."""
        return self.inside is not None and self.inside.knows_order

    @property
    def still(self) -> BackboneConfig:
        """The network of pictures, without what only frames of a clip can have: R2D, or Res2Net under TEA."""
        left = None if self.branch is None else self.branch.still
        return dataclasses.replace(self, shift_every=0, inputs=3, branch=left)

    def __str__(self) -> str:
        return f"{self.inside or 'R2D'}{'' if self.inputs == 3 else ' of flow'}"
