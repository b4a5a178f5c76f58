"""Configs of the training and of a whole run."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gta.config.backbones import BackboneConfig, BNInceptionConfig
from gta.config.data import DataConfig, EvaluationSplit, ViewsConfig
from gta.config.identity import Checked, digest, later, require, to_dict
from gta.config.model import ModelConfig


@dataclass(frozen=True)
class TrainConfig(Checked):
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
    clip_norm: float | None = 20.0
    """Largest norm of all gradients together; None: they are not clipped."""
    label_smoothing: float = 0.0
    frozen: tuple[str, ...] = ()
    """Stages of the backbone that keep their pre-trained weights and statistics, such as ``stem`` and ``res2``; in
    SlowFast those of the slow pathway."""
    warmup_start: float = later(1e-3)
    """Smallest factor of the learning rate in the warm-up."""
    precise_bn: int = later(0)
    """Batches that estimate the statistics of the normalisations anew before evaluation; 0: keep the running ones."""
    warmup_from: Literal["zero", "start"] = later("zero")
    """The warm-up is a line from zero, held at ``warmup_start`` or above, or one from ``warmup_start`` (PySlowFast)."""
    cosine_from: Literal["warmup", "start"] = later("warmup")
    """``cosine`` begins after the warm-up, or at epoch 0 and the warm-up rises to meet it (PySlowFast)."""
    nesterov: bool = later(False)
    """SGD with Nesterov's momentum."""
    head_rate: float = later(1.0)
    """Factor of the classifier's learning rate."""
    bias_rate: float = later(1.0)
    """Factor of the learning rate of the biases of convolutions and linear layers, the classifier's too."""
    first_rate: float = later(1.0)
    """Factor of the learning rate of the first convolution, whose weights of pictures say little of flow."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_above_zero("lr", "head_rate", "bias_rate", "first_rate")
        if self.clip_norm is not None:
            self._require_above_zero("clip_norm")
        require(
            not self.nesterov or (self.optimizer == "sgd" and self.momentum > 0),
            "TrainConfig.nesterov is True; it needs the optimizer sgd and a momentum of more than 0",
        )
        self._require_at_least(1, "batch_size", "epochs")
        self._require_at_least(0, "weight_decay", "warmup_epochs", "warmup_start", "precise_bn")
        self._require_share("momentum", "label_smoothing")
        rising = all(one < other for one, other in zip(self.milestones, self.milestones[1:], strict=False))
        require(
            rising and min(self.milestones, default=1) > 0,
            f"TrainConfig.milestones is {self.milestones}; they must be epochs above 0, each later than the one before",
        )


@dataclass(frozen=True)
class PretrainConfig(Checked):
    """Still-picture pre-training of the narrow backbone, shared by every row as ImageNet weights are in the paper."""

    seed: int = 0
    stills: int = 30_000
    batch_size: int = 128
    lr: float = 2e-3
    weight_decay: float = 0.05
    stills_a_scene: int = later(16)
    """Stills that share objects and background: with 16 of them, 30,000 stills show 1,875 different things only."""
    dtype: Literal["float32", "float16"] = later("float32")
    """Type of the weights in the file that runs start from; float16 takes half the room."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_above_zero("lr")
        self._require_at_least(1, "stills", "batch_size", "stills_a_scene")
        self._require_at_least(0, "weight_decay", "seed")


Colour = Literal["imagenet", "pyslowfast", "tsn", "eco"]
"""Whose statistics of colours; see :data:`gta.training.colours.COLOURS`."""


def colour_of(names: object) -> Colour:
    """Return whose statistics weights know whose names or source are ``names``: their own, or ImageNet's."""
    return next((colour for colour in get_args(Colour) if colour == names), "imagenet")


@dataclass(frozen=True)
class WeightsConfig(Checked):
    """Public weights that a run starts from."""

    source: Literal["torchvision", "pyslowfast", "mmaction2", "timm", "tsn", "eco", "blvnet", "run"]
    """torchvision's enumeration of weights, PySlowFast's or mmaction2's names of Kinetics weights, timm's names, TSN's
    BNInception, what ECO's or bLVNet-TAM's authors have, or a run of this repository on another data set."""
    name: str
    """Such as ``ResNet50_Weights.IMAGENET1K_V1``, ``SLOWFAST_8x8_R50`` or ``res2net50_26w_4s.in1k``."""

    @property
    def colour(self) -> Colour:
        """Statistics of the colours that they were trained with."""
        return colour_of(self.source)


@dataclass(frozen=True)
class CheckpointConfig(Checked):
    """A checkpoint that a run is fine-tuned from; its content decides, not where it lies."""

    names: Literal["run", "torchvision", "tsm", "pyslowfast", "msnet", "blvnet", "mmaction2", "tsn", "eco"]
    """Whose names its weights have: one of our runs', or those of other code."""
    sha256: str
    """Of the file, its first 16 hex digits."""
    colour: Colour = "imagenet"
    """Statistics of the colours that it was trained with."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = len(self.sha256) == 16 and set(self.sha256) <= set("0123456789abcdef")
        require(fits, f"CheckpointConfig.sha256 is {self.sha256!r}; it must be 16 hex digits")

    @property
    def file(self) -> str:
        """Name of the file in which its weights are kept beside the results."""
        return f"from-{self.sha256}.safetensors"

    def __str__(self) -> str:
        return f"{self.names}@{self.sha256}@{self.colour}"


@dataclass(frozen=True)
class RunConfig(Checked):
    """Everything that decides a run's numbers; where and how it runs (paths, workers, precision) is not here."""

    profile: str
    seed: int
    model: ModelConfig
    data: DataConfig
    train: TrainConfig
    pretrain: PretrainConfig | WeightsConfig | CheckpointConfig | None = None
    views: tuple[ViewsConfig, ...] = later((ViewsConfig(),))
    """Views that are scored; the first one is the run's own top-1, the others serve rows that read more views."""
    splits: tuple[EvaluationSplit, ...] = later(())
    """Splits that a run scores at its end beside ``data.evaluation_split``."""
    changes: tuple[str, ...] = later(())
    """What a command line changed of the profile's recipe, as ``FIELD=VALUE``; such a run is read by no table."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(0, "seed")
        require(
            self.model.frames == self.data.frames,
            f"ModelConfig.frames is {self.model.frames}, DataConfig.frames {self.data.frames}; they must be equal",
        )
        require(
            self.model.backbone.inputs == self.data.channels,
            f"DataConfig.modality is {self.data.modality!r}, frames of {self.data.channels} channels; the backbone "
            f"reads {self.model.backbone.inputs}",
        )
        require(
            self.model.head.proposals == self.data.proposals,
            f"the head's proposals are {self.model.head.proposals}, DataConfig.proposals {self.data.proposals}; they "
            "must be equal",
        )
        require(
            not self.train.precise_bn or not self.data.proposals,
            f"TrainConfig.precise_bn is {self.train.precise_bn}; it reads clips without proposals: leave 0",
        )
        require(
            self.train.first_rate == 1 or isinstance(self.model.backbone, BackboneConfig | BNInceptionConfig),
            f"TrainConfig.first_rate is {self.train.first_rate:g}; it is for a 2D ResNet or BNInception: leave 1",
        )
        stages = ("stem", *self.model.backbone.stages)
        for stage in self.train.frozen:
            require(stage in stages, f"TrainConfig.frozen: {stage!r} is not one of {', '.join(stages)}")
        require(len(self.views) > 0, "RunConfig.views is empty; evaluation needs at least one view")

    @property
    def id(self) -> str:
        """Twelve hex digits of the sha256 of the canonical json of the whole config."""
        return digest(self)


def run_from_dict(content: dict[str, Any]) -> RunConfig:
    """Rebuild a :class:`RunConfig` from :func:`to_dict`'s output; unknown or missing fields are errors.

    Raises:
        ValueError: a field is unknown, missing or of the wrong type.
    """
    run: RunConfig = _reader().validate_python(content)
    if to_dict(run) != content:
        raise ValueError("the config lacks fields of this version or has fields that it does not know")
    return run


@functools.cache
def _reader() -> Any:  # noqa: ANN401 - pydantic is imported when the first config is read
    from pydantic import TypeAdapter

    return TypeAdapter(RunConfig)
