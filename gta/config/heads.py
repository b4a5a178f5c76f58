"""Configs of the heads: what turns the features of a backbone into the scores of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gta.config.identity import Checked, later, require


class Head(Checked):
    """What the config of a head says of itself; ``str`` of one is its name for people."""

    kind: str
    proposals: int = 0
    """Stored proposals of each frame that it reads."""
    least_frames: ClassVar[int] = 1
    """The fewest frames of features that it can be built for."""


@dataclass(frozen=True)
class MeanHeadConfig(Head):
    """The backbone's own classifier, its scores averaged over the frames."""

    kind: Literal["mean"] = "mean"


@dataclass(frozen=True)
class RelationHeadConfig(Head):
    """TRN's head: multi-scale temporal relations (Zhou et al., "Temporal relational reasoning", ECCV 2018)."""

    least_frames: ClassVar[int] = 2
    kind: Literal["relation"] = "relation"

    def __str__(self) -> str:
        return f"relations({self.bottleneck})"

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


@dataclass(frozen=True)
class RegionGraphHeadConfig(Head):
    """Regions as nodes of graphs (Wang and Gupta, ECCV 2018), beside the mean of the map."""

    kind: Literal["region_graph"] = "region_graph"

    def __str__(self) -> str:
        return f"region graph({self.proposals or sum(n * n for n in self.grid)} boxes)"

    width: int = 512
    """Channels of the reduced map, of the nodes and of the graphs' layers."""
    layers: int = 3
    """Graph convolutions of each kind of graph."""
    grid: tuple[int, ...] = (1, 2, 3, 6)
    """Regions where no boxes are given: n x n boxes tile the frame for each n; the default makes 50, as many as the
    paper takes of its detector's."""
    side: int = 7
    """A region is the maximum of side x side samples."""
    proposals: int = later(0)
    """So many stored proposals of each frame are its regions (:mod:`gta.data.proposals`); 0: the grid's."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "width", "layers", "side")
        self._require_at_least(0, "proposals")
        fits = len(self.grid) > 0 and all(type(n) is int and n >= 1 for n in self.grid)
        require(fits, f"RegionGraphHeadConfig.grid is {self.grid}; it must be whole numbers of 1 or more")


HeadConfig = MeanHeadConfig | RelationHeadConfig | RegionGraphHeadConfig
MEAN = MeanHeadConfig()
