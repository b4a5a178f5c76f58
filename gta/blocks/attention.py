"""Scaled dot-product attention, softmax(Q K^T / sqrt(D)) V (paper eq. 1), and what SA and NL share.

Legend: B clips, T frames, N = H*W positions, P positions after pooling, C channels, D = C / reduction; in
:func:`attend` M independent attentions, N queries, P keys.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from gta.blocks.residual import Projection, add_projected, full_precision, zero_norm
from gta.blocks.tokens import from_tokens, pool_positions, pooled_size, to_tokens

SMALL = 2**16
"""The most scores (N*P) that are always written out: here the fused kernel's backward is several times slower."""
LARGE = 2**26
"""The most scores that are written out in bfloat16 on a CPU (128 MB of a set): there the fused kernel is three times as
slow as two matrix products and a softmax."""


def attend(q_MND: Tensor, k_MPD: Tensor, v_MPD: Tensor) -> Tensor:
    """Return softmax(Q K^T / sqrt(D)) V, (M, N, D), in the way that is fastest for size, type and device."""
    scores = q_MND.shape[1] * k_MPD.shape[1]
    if scores <= SMALL:
        # keys come first in the scores, so that the softmax over few keys runs along long rows of queries
        s_MPN = torch.bmm(k_MPD, q_MND.mT) * q_MND.shape[-1] ** -0.5
        return torch.bmm(s_MPN.softmax(dim=1).mT, v_MPD)
    if q_MND.device.type == "cpu" and q_MND.dtype == torch.bfloat16 and scores <= LARGE:
        with full_precision("cpu"):  # autocast would keep the scores twice, the second time in float32
            s_MNP = torch.bmm(q_MND * q_MND.shape[-1] ** -0.5, k_MPD.mT)
            return torch.bmm(s_MNP.softmax(dim=2), v_MPD)
    fused = scaled_dot_product_attention(q_MND.unsqueeze(1), k_MPD.unsqueeze(1), v_MPD.unsqueeze(1))
    return fused.squeeze(1)


def attention_weights(q_MND: Tensor, k_MPD: Tensor) -> Tensor:
    """Return the softmax(Q K^T / sqrt(D)) of :func:`attend`, (M, N, P)."""
    return torch.softmax(torch.bmm(q_MND, k_MPD.mT) * q_MND.shape[-1] ** -0.5, dim=-1)


def attend_groups(q_MTD: Tensor, k_MTD: Tensor, v_MTD: Tensor, groups: int) -> Tensor:
    """Return attention with cross-channel multi-head (CCMH, eq. 7-8), (M, T, D).

    The channels fall into G groups of C = D / G. Head h is the sum over the groups g of
    softmax(Q_h K_g^T / sqrt(C)) V_g: the learned M[g, h] of eq. 7 is computed from the clip. The paper combines TAPE
    with CCMH (section 4.3) without a formula; this is the reading in which every head sees every group of values.
    """
    v_MGSC = torch.unflatten(v_MTD, 2, (groups, -1)).transpose(1, 2)
    m_MHTGS = group_weights(q_MTD, k_MTD, groups)
    a_MQC = torch.bmm(m_MHTGS.flatten(3).flatten(1, 2), v_MGSC.flatten(1, 2))  # Q = H*T queries, G*S keys
    return torch.unflatten(a_MQC, 1, (groups, -1)).transpose(1, 2).flatten(2)


def group_weights(q_MTD: Tensor, k_MTD: Tensor, groups: int) -> Tensor:
    """Return the softmax(Q_h K_g^T / sqrt(C)) of :func:`attend_groups`, (M, H, T, G, T), H = G heads."""
    q_MHTC, k_MGSC = (torch.unflatten(part, 2, (groups, -1)).transpose(1, 2) for part in (q_MTD, k_MTD))
    s_MQP = torch.bmm(q_MHTC.flatten(1, 2), k_MGSC.flatten(1, 2).mT) * q_MHTC.shape[-1] ** -0.5
    m_MHTGS: Tensor = s_MQP.view(s_MQP.shape[0], groups, -1, groups, k_MTD.shape[1]).softmax(dim=4)
    return m_MHTGS


class PooledAttention(nn.Module):
    """Y = X + BN(softmax(Q K^T / sqrt(D)) V W_O) with keys and values max-pooled 2x2 in space.

    They are pooled after or before their projections. A map that would shrink to one position is left unpooled.
    """

    joint: bool
    """Whether all frames of a clip attend to each other (eq. 1), or each frame to itself (eq. 3)."""

    def __init__(self, channels: int, frames: int, reduction: int, pool: Literal["after", "before", "none"]) -> None:
        """Build the four projections of ``channels`` to and from ``channels / reduction``."""
        super().__init__()
        self.frames = frames
        self.pool = pool
        inner = channels // reduction
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
        a_MND = attend(*self._project(x_BTNC, (x.shape[-2], x.shape[-1])))
        a_BTND = a_MND.view(*x_BTNC.shape[:3], -1)
        return from_tokens(add_projected(x_BTNC, Projection(a_BTND, self.out, self.norm)), x)

    def weights(self, x: Tensor, query: int | None = None) -> Tensor:
        """Return the attention weights of ``x``; those of each query sum to one.

        Args:
            x: a feature map as :meth:`forward` takes it.
            query: the only query of each set to compute, by its number; None: all of them. All queries of a large joint
                block take gigabytes.

        Returns:
            (M, N, F, h, w): N queries, and for each the F frames of h x w positions, after pooling, that it attends to.
            A joint block has M = B clips, N = T*H*W and F = T. Otherwise M = B*T frames, N = H*W and F = 1.
        """
        size = (x.shape[-2], x.shape[-1])
        q_MND, k_MPD, _ = self._project(to_tokens(x, self.frames), size)
        if query is not None:
            q_MND = q_MND[:, query : query + 1]
        weights_MNP = attention_weights(q_MND, k_MPD)
        height, width = size if self.pool == "none" else pooled_size(size)
        return torch.unflatten(weights_MNP, 2, (-1, height, width))

    def query_key(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries and keys of every position, both (B, T, N, D), before pooling.

        Appendix F of the paper uses those of spatial attention along time.
        """
        x_BTNC = to_tokens(x, self.frames)
        return self.query(x_BTNC), self.key_value(x_BTNC).chunk(2, dim=-1)[0]

    def _project(self, x_BTNC: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries (M, N, D), and keys and values (M, P, D), of M clips in a joint block, otherwise frames."""
        q_BTND = self.query(x_BTNC)
        kv_BTPD = self.key_value(pool_positions(x_BTNC, size) if self.pool == "before" else x_BTNC)
        if self.pool == "after":
            kv_BTPD = pool_positions(kv_BTPD, size)
        first = 1 if self.joint else 0  # (B, T*N, D): a clip at once, or (B*T, N, D): a frame at once
        k_MPD, v_MPD = kv_BTPD.flatten(first, first + 1).chunk(2, dim=-1)
        return q_BTND.flatten(first, first + 1), k_MPD, v_MPD
