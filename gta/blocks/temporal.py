"""Temporal self-attention at each position: "GTA: Global Temporal Attention", section 3.2, eq. 4; with TAPE.

Legend: B clips, T frames, N = H*W positions, C channels, D = C / reduction.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.blocks.attention import attend, attend_groups, group_weights
from gta.blocks.residual import Projection, add_projected, zero_norm
from gta.blocks.tokens import from_tokens, to_tokens
from gta.config import TAConfig


class TemporalAttention(nn.Module):
    """Y(i, j) = X(i, j) + BN(softmax(Q(i, j) K(i, j)^T / sqrt(D)) V(i, j) W_O) along the frames of a pixel (eq. 4).

    With ``config.position`` (TAPE) a learned embedding of the frame is added, of (T, D) to queries, keys and
    values or of (T, C) to the input of their projections, as ``config.position_on`` says; the residual goes around it.
    With ``config.groups`` the attention is cross-channel multi-head.
    """

    position: nn.Parameter | None

    def __init__(self, channels: int, frames: int, config: TAConfig = TAConfig()) -> None:  # noqa: B008 - frozen
        """Build the four projections of ``channels`` to and from ``channels / config.reduction``."""
        super().__init__()
        self.frames = frames
        self.groups = config.groups
        inner = channels // config.reduction
        self.qkv = nn.Linear(channels, 3 * inner, bias=False)
        self.out = nn.Linear(inner, channels, bias=False)
        self.norm = zero_norm(channels)
        self.on_input = config.position_on == "input"
        if config.position:
            width = channels if self.on_input else inner
            self.position = nn.Parameter(torch.empty(frames, width).normal_(std=config.position_std))
        else:
            self.register_parameter("position", None)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: the number of pictures is not a multiple of ``frames``, or T is not ``frames`` in a block
                with positional embedding.
        """
        x_BTNC = self._tokens(x)
        clips, time, positions, _ = x_BTNC.shape
        q_MTD, k_MTD, v_MTD = self._project(x_BTNC)
        mixed = attend(q_MTD, k_MTD, v_MTD) if self.groups == 1 else attend_groups(q_MTD, k_MTD, v_MTD, self.groups)
        a_BNTD = mixed.view(clips, positions, time, -1)
        return from_tokens(add_projected(x_BTNC, Projection(a_BNTD.transpose(1, 2), self.out, self.norm)), x)

    def weights(self, x: Tensor) -> Tensor:
        """Return the attention weights of ``x``; those of each query sum to one over the keys.

        Args:
            x: a feature map as :meth:`forward` takes it.

        Returns:
            (B, N, H, G, T, T) as [clip, position, head, group, query, key]; H = G = 1 without cross-channel multi-head.
        """
        x_BTNC = self._tokens(x)
        q_MTD, k_MTD, _ = self._project(x_BTNC)
        weights_MHGTS = group_weights(q_MTD, k_MTD, self.groups).transpose(2, 3).contiguous()
        return torch.unflatten(weights_MHGTS, 0, (x_BTNC.shape[0], -1))

    def query_key(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries and keys of every position, both (B, T, N, D), without positional embedding.

        Appendix F of the paper uses those of temporal attention within a frame.
        """
        q_BTND, k_BTND, _ = self.qkv(to_tokens(x, self.frames)).chunk(3, dim=-1)
        return q_BTND, k_BTND

    def _tokens(self, x: Tensor) -> Tensor:
        return to_tokens(x, self.frames, fixed=self.position is not None)

    def _project(self, x_BTNC: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, all (M, T, D), of the M = B*N pixels."""
        on_input = self.position if self.on_input else None
        qkv_BTND: Tensor = self.qkv(x_BTNC if on_input is None else x_BTNC + on_input.unsqueeze(1))
        q_MTD, k_MTD, v_MTD = (
            part_BTND.transpose(1, 2).flatten(0, 1)  # three small copies beat attention on strided rows
            for part_BTND in qkv_BTND.chunk(3, dim=-1)
        )
        if self.position is not None and not self.on_input:
            return q_MTD + self.position, k_MTD + self.position, v_MTD + self.position
        return q_MTD, k_MTD, v_MTD
