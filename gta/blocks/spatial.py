"""Spatial self-attention within each frame: "GTA: Global Temporal Attention", section 3.2, eq. 3.

Legend: B clips, T frames, N = H*W positions, P positions after pooling, C channels, D = C / reduction.
"""

from __future__ import annotations

from torch import Tensor, nn

from gta.blocks.attention import attend
from gta.blocks.residual import Projection, add_projected, zero_norm
from gta.blocks.tokens import from_tokens, pool_positions, to_tokens
from gta.config import SAConfig


class SpatialAttention(nn.Module):
    """Y(t) = X(t) + BN(softmax(Q(t) K(t)^T / sqrt(D)) V(t) W_O), frame by frame (eq. 3).

    Keys and values are max-pooled 2x2 after or before their projections; a map too small to pool is left alone.
    """

    def __init__(self, channels: int, frames: int, config: SAConfig = SAConfig()) -> None:  # noqa: B008 - frozen
        """Build the four projections of ``channels`` to and from ``channels / config.reduction``."""
        super().__init__()
        self.frames = frames
        self.pool = config.pool
        inner = channels // config.reduction
        self.query = nn.Linear(channels, inner, bias=False)
        self.key_value = nn.Linear(channels, 2 * inner, bias=False)
        self.out = nn.Linear(inner, channels, bias=False)
        self.norm = zero_norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: the number of pictures is not a multiple of ``frames``.
        """
        x_BTNC = to_tokens(x, self.frames)
        size = (x.shape[-2], x.shape[-1])
        q_BTND = self.query(x_BTNC)
        kv_BTPD = self.key_value(pool_positions(x_BTNC, size) if self.pool == "before" else x_BTNC)
        if self.pool == "after":
            kv_BTPD = pool_positions(kv_BTPD, size)
        k_MPD, v_MPD = kv_BTPD.flatten(0, 1).chunk(2, dim=-1)  # M = B*T frames
        a_BTND = attend(q_BTND.flatten(0, 1), k_MPD, v_MPD).view(q_BTND.shape)
        return from_tokens(add_projected(x_BTNC, Projection(a_BTND, self.out, self.norm)), x)
