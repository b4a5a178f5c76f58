"""What the config of a backbone says of its network: where blocks may stand, and what they see there."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import ClassVar, Self

from gta.config.identity import Checked, require

Place = tuple[str, int]
"""Where a block is inserted: after the module ``index`` of a stage, such as residual block 0 of ``res3``."""

STAGES = ("res2", "res3", "res4", "res5")
"""Stages of a ResNet."""


class Backbone(Checked):
    """Base of the backbones' configs; ``str`` of one is its name for people.

    A config of its own has a ``kind``, the fields of its network, :attr:`stages` and :meth:`channels`, and what else
    differs from a network of frames.
    """

    inputs: int = 3
    """Channels of a frame: three colours, or ten of stacked optical flow where a config has it as a field."""
    one_map: ClassVar[bool] = True
    """Whether its features are one map (B*T, C, h, w), which any head can read."""

    @property
    def stages(self) -> dict[str, int]:
        """The stages in which blocks may stand, in the order of the forward pass, and how many modules each has."""
        raise NotImplementedError

    @property
    def knows_order(self) -> bool:
        """Whether its scores can change with the order of the frames."""
        return True

    def channels(self, place: Place) -> int:
        """Return the channels of the features at ``place``."""
        raise NotImplementedError

    def frames(self, place: Place, clip_frames: int) -> int:
        """Return the frames of the features at ``place``, for clips of ``clip_frames``."""
        return clip_frames

    @property
    def last(self) -> Place:
        """The place whose features the head reads."""
        stage, count = list(self.stages.items())[-1]
        return stage, count - 1

    @property
    def frame_step(self) -> int:
        """The frames of a clip are a multiple of it; as many show a still to the network."""
        return 1

    @property
    def still(self) -> Backbone:
        """The network that learns from pictures, and from whose weights this one starts."""
        return self

    def check_place(self, place: Place) -> None:
        """Raise ``ValueError`` when there is no such place."""
        stage, index = place
        stages = self.stages
        require(stage in stages, f"ModelConfig.places: stage {stage!r} is not one of {', '.join(stages)}")
        require(
            0 <= index < stages[stage],
            f"ModelConfig.places: {stage}[{index}] does not exist; {stage} has places 0..{stages[stage] - 1}",
        )

    def check_frames(self, clip_frames: int) -> None:
        """Raise ``ValueError`` when the network cannot take clips of ``clip_frames``."""
        step = self.frame_step
        require(
            clip_frames % step == 0,
            f"ModelConfig.frames is {clip_frames}; {type(self).__name__} needs a multiple of {step}: "
            f"{step}, {2 * step}, {3 * step}, ...",
        )


class ResNetStages(Backbone):
    """Stages ``res2`` .. ``res5`` of ``depths`` bottleneck blocks, from ``4 * width`` channels, doubled each time."""

    depths: tuple[int, int, int, int]
    width: int

    @property
    def stages(self) -> dict[str, int]:
        """``res2`` .. ``res5``."""
        return dict(zip(STAGES, self.depths, strict=True))

    def channels(self, place: Place) -> int:
        """Return the output channels of the stage."""
        return 4 * self.width << STAGES.index(place[0])

    def _check_depths(self) -> None:
        fits = len(self.depths) == len(STAGES) and all(type(depth) is int and depth >= 1 for depth in self.depths)
        name = type(self).__name__
        require(fits, f"{name}.depths is {self.depths}; it must be {len(STAGES)} whole numbers of 1 or more")


class StridedInTime(Backbone):
    """Kernels that span frames, and temporal strides; ``flat`` is the same network with kernels of one frame."""

    strides_t: tuple[int, ...]
    flat: bool

    @property
    def frame_step(self) -> int:
        """One frame after all strides."""
        return prod(self.strides_t)

    @property
    def knows_order(self) -> bool:
        """Unless its kernels span one frame."""
        return not self.flat

    @property
    def still(self) -> Self:
        """The same network with kernels of one frame: it learns from stills, and its kernels are then inflated."""
        return replace(self, flat=True, strides_t=(1,) * len(self.strides_t))  # type: ignore[type-var] # all are dataclasses

    def frames(self, place: Place, clip_frames: int) -> int:
        """Return the frames that the strides up to this stage leave."""
        return clip_frames // prod(self.strides_t[: list(self.stages).index(place[0]) + 1])

    def _check_strides(self) -> None:
        strides, count = self.strides_t, len(self.stages)
        fits = len(strides) == count and all(type(stride) is int and stride in (1, 2) for stride in strides)
        require(fits, f"{type(self).__name__}.strides_t is {strides}; it must be {count} numbers, each 1 or 2")
