"""Configs of the blocks, one dataclass for each idea of the paper and of its related work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gta.config.block import Block
from gta.config.identity import later, require
from gta.config.matching import CorrelationConfig, MotionSqueezeConfig

Pool = Literal["after", "before", "none"]
Domain = Literal["joint", "space", "time"]
"""What one application of a non-local variant spans: all T*H*W positions of a clip, the H*W positions of each frame,
or the T frames of each position. "Decoupled" is a block of ``space`` followed by a block of ``time``."""


@dataclass(frozen=True)
class NLConfig(Block):
    """Joint non-local block over all T*H*W positions (paper eq. 1-2)."""

    kind: Literal["nl"] = "nl"
    reduction: int = 2
    """Inner width is C / reduction."""
    pool: Pool = "after"
    """Max-pool keys and values 2x2 in space after or before their projections."""

    def __str__(self) -> str:
        return f"NL(pool {self.pool})"


@dataclass(frozen=True)
class SAConfig(Block):
    """Spatial self-attention within each frame (eq. 3)."""

    kind: Literal["sa"] = "sa"
    reduction: int = 4
    pool: Pool = "after"

    def __str__(self) -> str:
        return "SA"


@dataclass(frozen=True)
class TAConfig(Block):
    """Temporal self-attention at each position (eq. 4); with ``position`` it is the paper's TAPE."""

    kind: Literal["ta"] = "ta"
    reduction: int = 4
    position: bool = False
    """Add a learned temporal positional embedding; see ``position_on``."""
    position_std: float = 1.0
    """Standard deviation of the embedding at the start."""
    position_on: Literal["input", "projected"] = later("input")
    """Where the embedding is added: (T, C) to the input of the three projections, or (T, C/reduction) to the queries,
    keys and values. The paper does not say; only the second has the 31.2 M parameters that it prints for TAPE."""
    groups: int = later(1)
    """Channel groups G of the keys and values and heads of the queries: M[g, k] = softmax(Q_k K_g^T / sqrt(D/G)) in
    place of the learned matrices of eq. 7-8. The paper combines TAPE with CCMH but gives no formula; 1 is eq. 4."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "groups")
        self._require_at_least(0, "position_std")

    @property
    def family(self) -> str:
        """TAPE is tuned by itself."""
        return "tape" if self.position else "ta"

    @property
    def knows_order(self) -> bool:
        """By its embedding alone."""
        return self.position

    def __str__(self) -> str:
        return ("TAPE" if self.position else "TA") + ("" if self.groups == 1 else f"(ccmh G={self.groups})")


@dataclass(frozen=True)
class GTAConfig(Block):
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
        super().__post_init__()
        require(self.pixel or self.region, "GTAConfig: pixel and region are both off; switch at least one on")
        self._require_at_least(1, "groups")
        self._require_at_least(0, "matrix_gain")

    @property
    def knows_order(self) -> bool:
        """Its matrices have a row for each frame."""
        return True

    def __str__(self) -> str:
        paths = "+".join(name for name, on in (("pixel", self.pixel), ("region", self.region)) if on)
        mixing = self.mixing if self.mixing == "single" else f"{self.mixing} G={self.groups}"
        regions = f", K=C/{self.region_ratio}" if self.region else ""
        return f"GTA({paths}, {mixing}{regions})"


class Variant(Block):
    """A variant of the non-local block, joint or decoupled."""

    domain: Domain

    def __str__(self) -> str:
        return f"{type(self).__name__.removesuffix('Config')}({self.domain})"


@dataclass(frozen=True)
class CGNLConfig(Variant):
    """Compact generalised non-local block (Yue et al., NeurIPS 2018): one scalar affinity in each channel group."""

    kind: Literal["cgnl"] = "cgnl"
    domain: Domain = "joint"
    reduction: int = 2
    groups: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "groups")


@dataclass(frozen=True)
class GCConfig(Variant):
    """Global context block (Cao et al., GCNet, ICCV workshops 2019): one query-independent attention map."""

    kind: Literal["gc"] = "gc"
    domain: Domain = "joint"
    reduction: int = 16


@dataclass(frozen=True)
class GloReConfig(Variant):
    """Graph-based global reasoning (Chen et al., CVPR 2019): a graph convolution between projected nodes."""

    kind: Literal["glore"] = "glore"
    domain: Domain = "joint"
    reduction: int = 4
    """C / reduction nodes, with states twice as wide."""
    normalised: bool = True
    """Divide the projection onto nodes by the number of positions."""
    bias: bool = later(False)
    """Projections onto states and nodes and the convolution over the nodes have biases, as the authors' code has."""


BlockConfig = (
    NLConfig
    | SAConfig
    | TAConfig
    | GTAConfig
    | CGNLConfig
    | GCConfig
    | GloReConfig
    | MotionSqueezeConfig
    | CorrelationConfig
)


def check_block(block: BlockConfig, stage: str, channels: int) -> None:
    """Raise ``ValueError`` when ``block`` cannot be built for the ``channels`` of ``stage``."""
    name = type(block).__name__
    require(
        block.reduction >= 1 and channels % block.reduction == 0,
        f"{name}.reduction is {block.reduction}; it must divide the {channels} channels of {stage}",
    )
    inner = channels // block.reduction
    groups = getattr(block, "groups", 1) if getattr(block, "mixing", None) != "single" else 1
    fits = [g for g in range(1, inner + 1) if inner % g == 0]
    require(
        inner % groups == 0,
        f"{name}.groups is {groups}; it must divide the inner width {inner} of {stage}: one of {_listed(fits)}",
    )
    if isinstance(block, GTAConfig) and block.region:
        require(
            block.region_ratio >= 1 and channels % block.region_ratio == 0,
            f"GTAConfig.region_ratio is {block.region_ratio}; it must divide the {channels} channels of {stage}",
        )


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:12])) + (", ..." if len(numbers) > 12 else "")
