"""Joint non-local block: "GTA: Global Temporal Attention", section 3.1, eq. 1-2 (Wang et al., CVPR 2018)."""

from __future__ import annotations

from gta.blocks.attention import PooledAttention
from gta.config import NLConfig


class NonLocal(PooledAttention):
    """Y = X + BN(softmax(Q K^T / sqrt(D)) V W_O), over all T*N positions of a clip at once (eq. 1-2)."""

    joint = True

    def __init__(self, channels: int, frames: int, config: NLConfig = NLConfig()) -> None:  # noqa: B008 - frozen
        """Build the four projections of ``channels`` to and from ``channels / config.reduction``."""
        super().__init__(channels, frames, config.reduction, config.pool)
