"""Configs of the heads: what turns the features of a backbone into the scores of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.identity import Checked


@dataclass(frozen=True)
class MeanHeadConfig(Checked):
    """The backbone's own classifier, its scores averaged over the frames."""

    kind: Literal["mean"] = "mean"


@dataclass(frozen=True)
class RelationHeadConfig(Checked):
    """TRN's head: multi-scale temporal relations (Zhou et al., "Temporal relational reasoning in videos", ECCV 2018)."""

    kind: Literal["relation"] = "relation"
    width: int = 256
    """Channels that the features of a frame are brought to."""
    bottleneck: int = 256
    """Hidden units of the network of each scale."""
    tuples: int = 3
    """Ordered tuples of frames drawn at each scale below T."""
    evaluation: Literal["all", "draw"] = "all"
    """In evaluation all tuples, their sum scaled to the number of those drawn in training; or drawn as in training, as
    the authors' code does, whose scores therefore change from call to call."""
    evaluate_tuples: int = 256
    """A scale with more tuples than this is evaluated on as many fixed ones of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width", "bottleneck", "tuples", "evaluate_tuples")


HeadConfig = MeanHeadConfig | RelationHeadConfig
MEAN = MeanHeadConfig()
