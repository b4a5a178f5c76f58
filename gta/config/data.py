"""Configs of the data: what is drawn, which frames are taken, how they are augmented and viewed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from gta.config.identity import Checked, later, require


@dataclass(frozen=True)
class DrawingConfig(Checked):
    """What decides the bytes of an embedded (drawn) data set."""

    seed: int = 0
    version: int = 1
    """Raised whenever the drawing code changes what it draws."""
    train_per_template: int = 128
    validation_per_template: int = 50
    tune_per_template: int = 50
    """A second validation draw for choosing hyper-parameters; no table ever reads it."""
    source_frames: int = 32
    side: int = 48
    """Height and width of the video in pixels."""
    pan: float = 6.0
    """Largest camera pan over the clip, in pixels each way."""
    shake: float = 1.0
    """Standard deviation of the camera's jitter from frame to frame, in pixels."""
    shown: float = 0.35
    """Smallest part of a movement that a clip shows; the part begins anywhere in it."""
    distractors: int = 3
    """Largest number of objects that have no part in the action."""
    noise: float = 8.0
    """Standard deviation of the sensor noise, of 255."""
    training_draw: int = later(0)
    """Number of the training clips' draw; validation, tune and test are the same for every number."""

    @property
    def shared(self) -> DrawingConfig:
        """The drawing whose validation, tune and test clips serve all training draws."""
        return dataclasses.replace(self, training_draw=0)


FLOW_FIELDS = 5
"""Consecutive flow fields, of an x and a y part each, that a frame of a network of flow is made of (TSN; TSM)."""
EvaluationSplit = Literal["validation", "tune", "test"]


@dataclass(frozen=True)
class DataConfig(Checked):
    """Which clips, how frames are taken from them and how they are augmented."""

    dataset: str
    frames: int = 8
    resize: tuple[int, int] = (240, 320)
    """Height and width to which every frame is scaled first; not used when ``short_side`` is set."""
    crop: int = 224
    augment: Literal["crop", "multiscale"] = "multiscale"
    """Training crop: a random ``crop`` x ``crop`` window, or the paper's multi-scale crop resized to it."""
    flip: float = 0.5
    """Probability of a horizontal flip in training; templates with "left" or "right" are never flipped."""
    evaluation_split: EvaluationSplit = "validation"
    drawing: DrawingConfig | None = None
    """Set for the embedded data sets only."""
    sampling: Literal["segments", "spans", "dense"] = later("segments")
    """One frame of each of T equal segments (TSN), of T spans that share their ends (PySlowFast on SSv2), or T frames
    spread over a window of ``frames * stride``."""
    stride: int = later(1)
    """Frames of the window for each frame of a ``dense`` clip."""
    short_side: tuple[int, int] | None = later(None)
    """Training: scale the shorter side to a length between these two, then crop."""
    jitter: Literal["inverse", "side"] = later("inverse")
    """What is drawn uniformly between the two of ``short_side``: the inverse of the length, or the length itself."""
    test_side: int | None = later(None)
    """Evaluation: scale the shorter side to this; None: ``resize``."""
    test_crop: int | None = later(None)
    """Evaluation crop; None: ``crop``."""
    colour: float = later(0.0)
    """Training: brightness, contrast and saturation vary by factors up to 1 ± colour, the same for a whole clip."""
    limit: float | None = later(None)
    """A first try on a part of a real data set: at most so many clips of each split, evenly over the classes, or below
    1 this share of each class; None: all."""

    fold: int = later(1)
    """Which pair of training and test lists, of a release that has several (UCF101, HMDB51)."""
    modality: Literal["rgb", "flow"] = later("rgb")
    """A frame is a picture, or :data:`FLOW_FIELDS` fields of optical flow from it on, stacked."""
    proposals: int = later(0)
    """Stored proposals of each frame that come with the clips of a real data set, for a head that reads them."""
    content: str = later("")
    """What the lists of anybody's own data hold: 12 hex digits of classes and clips; empty where the name says it."""

    @property
    def channels(self) -> int:
        """Of a frame: red, green and blue, or the x and y parts of each flow field."""
        return 3 if self.modality == "rgb" else 2 * FLOW_FIELDS

    @property
    def tested(self) -> int:
        """Side of the crop that is evaluated, in pixels."""
        return self.crop if self.test_crop is None else self.test_crop

    @property
    def drawn(self) -> bool:
        """Whether the clips are drawn here, and not read from somebody's files."""
        return self.drawing is not None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "stride", "frames", "crop", "fold")
        self._require_share("flip")
        self._require_at_least(0, "proposals")
        require(not self.proposals or not self.drawn, "DataConfig.proposals is for real data sets; none are drawn")
        require(not self.proposals or self.modality == "rgb", "DataConfig.proposals go with frames, not with flow")
        require(
            self.modality == "rgb" or not self.colour,
            f"DataConfig.colour is {self.colour}; flow has no colour: leave 0",
        )
        if self.limit is not None:
            self._require_above_zero("limit")
            require(
                self.limit < 1 or self.limit == int(self.limit),
                f"DataConfig.limit is {self.limit:g}; it must be a whole number of clips, or a share below 1",
            )
            require(
                self.drawing is None, "DataConfig.limit is for real data sets; a drawn one has its own small version"
            )
        require(0 <= self.colour < 1, f"DataConfig.colour is {self.colour}; it must be from 0 to below 1")
        require(
            len(self.resize) == 2 and min(self.resize) >= 1,
            f"DataConfig.resize is {self.resize}; it must be a height and a width of 1 or more",
        )
        side = min(self.resize) if self.test_side is None else self.test_side
        require(
            1 <= self.tested <= side,
            f"DataConfig.{'crop' if self.test_crop is None else 'test_crop'} is {self.tested}; evaluation scales the "
            f"shorter side to {side}: it must be from 1 to {side}",
        )
        if self.short_side is None:
            fits = self.crop <= min(self.resize)
            require(
                fits, f"DataConfig.crop is {self.crop}; resize is {self.resize}: it must be {min(self.resize)} or less"
            )
        else:
            require(
                len(self.short_side) == 2 and self.crop <= self.short_side[0] <= self.short_side[1],
                f"DataConfig.short_side is {self.short_side}; both must be {self.crop} (crop) or more, and grow",
            )


@dataclass(frozen=True)
class ViewsConfig(Checked):
    """The views of a clip that evaluation averages: temporal clips x spatial crops."""

    clips: int = 1
    crops: int = 1
    """1: the centre; 3: along the longer side."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "clips")
        require(self.crops in (1, 3), f"ViewsConfig.crops is {self.crops}; it must be 1 or 3")
