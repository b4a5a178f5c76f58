"""The whole of a run as frozen dataclasses; equal content means the same run.

Nothing here imports torch, so that command lines answer at once. A row of a table is a value of
:class:`ModelConfig`, never a subclass. Values that do not fit raise ``ValueError`` when the config is made.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Place = tuple[str, int]
"""Where a block is inserted: after residual block ``index`` of stage ``res2`` .. ``res5``."""

STAGES = ("res2", "res3", "res4", "res5")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


# ---------------------------------------------------------------------------------------- blocks
@dataclass(frozen=True)
class NLConfig:
    """Joint non-local block over all T*H*W positions (paper eq. 1-2)."""

    kind: Literal["nl"] = "nl"
    reduction: int = 2
    """Inner width is C / reduction."""
    pool: Literal["after", "before", "none"] = "after"
    """Max-pool keys and values 2x2 in space after or before their projections."""


@dataclass(frozen=True)
class SAConfig:
    """Spatial self-attention within each frame (eq. 3)."""

    kind: Literal["sa"] = "sa"
    reduction: int = 4
    pool: Literal["after", "before", "none"] = "after"


@dataclass(frozen=True)
class TAConfig:
    """Temporal self-attention at each position (eq. 4); with ``position`` it is the paper's TAPE."""

    kind: Literal["ta"] = "ta"
    reduction: int = 4
    position: bool = False
    """Add a learned temporal positional embedding (T, C) to the input of the projections."""
    position_std: float = 1.0
    """Standard deviation of the embedding at the start."""


@dataclass(frozen=True)
class GTAConfig:
    """Global Temporal Attention (eq. 5-8): learned T x T matrices on pixels and on regions."""

    kind: Literal["gta"] = "gta"
    reduction: int = 4
    pixel: bool = True
    region: bool = True
    mixing: Literal["ccmh", "multihead", "single"] = "ccmh"
    """Cross-channel multi-head (eq. 7-8), plain multi-head, or one T x T matrix (eq. 6)."""
    groups: int = 8
    """Channel groups G, equal to the number of heads; ignored by ``single``."""
    region_ratio: int = 8
    """K = C / region_ratio regions."""
    region_input: Literal["values", "input"] = "values"
    """What W_G reads: the C/reduction-wide values, or the C-wide input as eq. 6 is printed."""
    region_norm: Literal["positions", "softmax"] = "positions"
    """How G_R is scaled: divided by the number of positions H*W, or a softmax over the positions."""
    matrix_gain: float = 1.0
    """M starts normal with standard deviation gain / sqrt(number of summed terms)."""

    def __post_init__(self) -> None:
        _require(self.pixel or self.region, "GTAConfig: pixel and region are both off; switch at least one on")
        _require(self.groups >= 1, f"GTAConfig.groups is {self.groups}; it must be 1 or more")


BlockConfig = NLConfig | SAConfig | TAConfig | GTAConfig


# --------------------------------------------------------------------------------------- backbone
@dataclass(frozen=True)
class BackboneConfig:
    """A 2D ResNet of bottleneck blocks, applied to each frame."""

    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    width: int = 64
    """Planes of res2; its output has 4 * width channels."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """7x7 stride 2 with max-pool, or 5x5 stride 2 without (small pictures)."""

    def channels(self, stage: str) -> int:
        """Return the output channels of ``stage``."""
        return 4 * self.width << STAGES.index(stage)


@dataclass(frozen=True)
class ModelConfig:
    """A backbone, the blocks inserted at every place (in sequence, each with its own residual), a classifier."""

    classes: int
    frames: int = 8
    backbone: BackboneConfig = BackboneConfig()
    blocks: tuple[BlockConfig, ...] = ()
    places: tuple[Place, ...] = (("res3", 0), ("res3", 2), ("res4", 0), ("res4", 2), ("res4", 4))
    dropout: float = 0.5

    def __post_init__(self) -> None:
        _require(self.classes >= 2, f"ModelConfig.classes is {self.classes}; a classifier needs 2 or more")
        _require(self.frames >= 1, f"ModelConfig.frames is {self.frames}; it must be 1 or more")
        for stage, index in self.places:
            _require(stage in STAGES, f"ModelConfig.places: stage {stage!r} is not one of {', '.join(STAGES)}")
            depth = self.backbone.depths[STAGES.index(stage)]
            _require(
                0 <= index < depth,
                f"ModelConfig.places: {stage}[{index}] does not exist; {stage} has residual blocks 0..{depth - 1}",
            )
        _require(len(set(self.places)) == len(self.places), f"ModelConfig.places repeats a place: {self.places}")
        for block in self.blocks:
            for stage in dict.fromkeys(stage for stage, _ in self.places):
                _check_block(block, stage, self.backbone.channels(stage))


def _check_block(block: BlockConfig, stage: str, channels: int) -> None:
    name = type(block).__name__
    _require(
        block.reduction >= 1 and channels % block.reduction == 0,
        f"{name}.reduction is {block.reduction}; it must divide the {channels} channels of {stage}",
    )
    if isinstance(block, GTAConfig):
        inner = channels // block.reduction
        _require(
            block.mixing == "single" or inner % block.groups == 0,
            f"GTAConfig.groups is {block.groups}; it must divide the inner width {inner} of {stage}",
        )
        _require(
            block.region_ratio >= 1 and channels % block.region_ratio == 0,
            f"GTAConfig.region_ratio is {block.region_ratio}; it must divide the {channels} channels of {stage}",
        )


# ------------------------------------------------------------------------------------------- data
@dataclass(frozen=True)
class DrawingConfig:
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


@dataclass(frozen=True)
class DataConfig:
    """Which clips, how frames are taken from them and how they are augmented."""

    dataset: str
    frames: int = 8
    resize: tuple[int, int] = (240, 320)
    """Height and width to which every frame is scaled first."""
    crop: int = 224
    augment: Literal["crop", "multiscale"] = "multiscale"
    """Training crop: a random ``crop`` x ``crop`` window, or the paper's multi-scale crop resized to it."""
    flip: float = 0.5
    """Probability of a horizontal flip in training; templates with "left" or "right" are spared."""
    evaluation_split: Literal["validation", "tune"] = "validation"
    drawing: DrawingConfig | None = None
    """Set for the embedded data sets only."""


# ---------------------------------------------------------------------------------------- training
@dataclass(frozen=True)
class TrainConfig:
    """Optimiser, schedule and length."""

    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    """Of SGD; the first beta of AdamW."""
    weight_decay: float = 5e-4
    batch_size: int = 32
    epochs: int = 50
    warmup_epochs: float = 2.0
    schedule: Literal["step", "cosine"] = "step"
    milestones: tuple[int, ...] = (30, 40, 45)
    """Epochs at which ``step`` multiplies the learning rate by 0.1."""
    clip_norm: float = 20.0
    label_smoothing: float = 0.0
    frozen: tuple[str, ...] = ()
    """Stages that keep their pre-trained weights and statistics: ``stem``, ``res2`` .. ``res5``."""

    def __post_init__(self) -> None:
        for stage in self.frozen:
            _require(
                stage in ("stem", *STAGES), f"TrainConfig.frozen: {stage!r} is not one of stem, {', '.join(STAGES)}"
            )


@dataclass(frozen=True)
class PretrainConfig:
    """Still-picture pre-training of the narrow backbone, shared by every row as ImageNet weights are in the paper."""

    seed: int = 0
    stills: int = 30_000
    batch_size: int = 128
    lr: float = 2e-3
    weight_decay: float = 0.05


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's numbers; where and how it runs (paths, workers, precision) is not here."""

    profile: str
    seed: int
    model: ModelConfig
    data: DataConfig
    train: TrainConfig
    pretrain: PretrainConfig | None = None

    @property
    def id(self) -> str:
        """Twelve hex digits of the sha256 of the canonical json of the whole config."""
        return digest(self)


def to_dict(config: Any) -> dict[str, Any]:  # noqa: ANN401 - any config dataclass
    """Return a config as plain json-able values, every field spelt out."""
    return dict(json.loads(json.dumps(dataclasses.asdict(config), allow_nan=False)))


def digest(config: Any) -> str:  # noqa: ANN401 - any config dataclass
    """Return 12 hex digits that identify the content of a config."""
    return content_id(to_dict(config))


def content_id(content: Mapping[str, Any]) -> str:
    """Return :func:`digest` of a config that is given as :func:`to_dict`'s output."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def run_from_dict(content: dict[str, Any]) -> RunConfig:
    """Rebuild a :class:`RunConfig` from :func:`to_dict`'s output; unknown or missing fields are errors.

    Raises:
        ValueError: a field is unknown, missing or of the wrong type.
    """
    from pydantic import TypeAdapter

    run = TypeAdapter(RunConfig).validate_python(content)
    if to_dict(run) != content:
        raise ValueError("the config lacks fields of this version or has fields that it does not know")
    return run
