"""Mixing values over time by learned matrices: "GTA: Global Temporal Attention", section 3.3, eq. 6-8.

The matrices are parameters: random at the start, without softmax, the same for every clip and position.

Legend: B clips, T or S frames (out, in), N positions or regions, D channels, G groups, H heads, C = D / G.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


class SingleMatrix(nn.Module):
    """A = M V with one T x T matrix for all channels (eq. 6)."""

    def __init__(self, frames: int, gain: float = 1.0) -> None:
        """Draw ``matrix`` (1, 1, T, T) as [group, head, out, in], normal with std gain / sqrt(T)."""
        super().__init__()
        self.matrix = nn.Parameter(torch.empty(1, 1, frames, frames).normal_(std=gain * frames**-0.5))

    def forward(self, v_BTND: Tensor) -> Tensor:
        """Return the mixed values, (B, T, N, D) as given."""
        m_TS = self.matrix[0, 0]
        return torch.matmul(m_TS, v_BTND.flatten(2)).view(v_BTND.shape)


class MultiHead(nn.Module):
    """Head g applies its own T x T matrix to channel group g, and nothing is summed (eq. 7 with g = k only)."""

    def __init__(self, frames: int, groups: int, gain: float = 1.0) -> None:
        """Draw ``matrix`` (G, 1, T, T) as [group, head of that group, out, in], normal with std gain / sqrt(T)."""
        super().__init__()
        self.groups = groups
        self.matrix = nn.Parameter(torch.empty(groups, 1, frames, frames).normal_(std=gain * frames**-0.5))

    def forward(self, v_BTND: Tensor) -> Tensor:
        """Return the mixed values, (B, T, N, D) as given; D is a multiple of the groups."""
        v_BGTNC = v_BTND.reshape(*v_BTND.shape[:3], self.groups, -1).permute(0, 3, 1, 2, 4)
        a_BGTNC = torch.matmul(self.matrix[:, 0], v_BGTNC.flatten(3)).view(v_BGTNC.shape)
        return a_BGTNC.permute(0, 2, 3, 1, 4).flatten(3)


class CrossChannelMultiHead(nn.Module):
    """Head k is the sum over the groups g of M[g, k] V_g, and the heads are concatenated (eq. 7-8, N_h = G).

    The double sum is one product of a (G*T, G*T) matrix with the values as a (G*T, N*D/G) matrix.
    """

    def __init__(self, frames: int, groups: int, gain: float = 1.0) -> None:
        """Draw ``matrix`` (G, H, T, T) as [group, head, out, in], normal with std gain / sqrt(G*T)."""
        super().__init__()
        self.groups = groups
        self.matrix = nn.Parameter(
            torch.empty(groups, groups, frames, frames).normal_(std=gain * (groups * frames) ** -0.5)
        )

    def forward(self, v_BTND: Tensor) -> Tensor:
        """Return the mixed values, (B, T, N, D) as given; D is a multiple of the groups."""
        m_GHTS = self.matrix
        m_HTGS = m_GHTS.permute(1, 2, 0, 3)
        v_BGTNC = v_BTND.reshape(*v_BTND.shape[:3], self.groups, -1).permute(0, 3, 1, 2, 4)
        operand = v_BGTNC.flatten(3).flatten(1, 2)
        square = m_HTGS.flatten(2).flatten(0, 1)
        a_BHTNC = torch.bmm(square.expand(operand.shape[0], -1, -1), operand).view(v_BGTNC.shape)
        return a_BHTNC.permute(0, 2, 3, 1, 4).flatten(3)


Mixing = SingleMatrix | MultiHead | CrossChannelMultiHead


def build_mixing(kind: Literal["ccmh", "multihead", "single"], frames: int, groups: int, gain: float) -> Mixing:
    """Return the mixing that ``GTAConfig.mixing`` names."""
    match kind:
        case "single":
            return SingleMatrix(frames, gain)
        case "multihead":
            return MultiHead(frames, groups, gain)
        case "ccmh":
            return CrossChannelMultiHead(frames, groups, gain)
