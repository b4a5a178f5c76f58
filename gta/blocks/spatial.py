"""Spatial self-attention within each frame: "GTA: Global Temporal Attention", section 3.2, eq. 3."""

from __future__ import annotations

from gta.blocks.attention import PooledAttention
from gta.config import SAConfig


class SpatialAttention(PooledAttention):
    """Y(t) = X(t) + BN(softmax(Q(t) K(t)^T / sqrt(D)) V(t) W_O), frame by frame (eq. 3)."""

    joint = False

    def __init__(self, channels: int, frames: int, config: SAConfig = SAConfig()) -> None:  # noqa: B008 - frozen
        """Build the four projections of ``channels`` to and from ``channels / config.reduction``."""
        super().__init__(channels, frames, config.reduction, config.pool)
