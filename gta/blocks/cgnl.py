"""Compact generalised non-local block: Yue et al., "Compact generalized non-local network", NeurIPS 2018.

Legend: M sets of L positions (:mod:`gta.blocks.domain`), C channels, D = C / reduction, G groups, E = D / G.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.blocks.domain import from_sets, to_sets
from gta.blocks.tokens import from_tokens, to_tokens
from gta.config import CGNLConfig


class CompactGeneralizedNonLocal(nn.Module):
    """Y = X + GN(W_z (s theta)): in each channel group one scalar s = <phi, g> over all positions and channels.

    There is no scale factor, as published. W_z and the normalisation both stay within a group, so the normalisation
    removes the size of s and leaves its sign. The published block has this property too.
    """

    def __init__(self, channels: int, frames: int, config: CGNLConfig = CGNLConfig()) -> None:  # noqa: B008 - frozen
        """Build theta, phi, g from ``channels`` to ``channels / config.reduction`` and the way back."""
        super().__init__()
        self.frames, self.groups, self.domain = frames, config.groups, config.domain
        inner = channels // config.reduction
        self.theta_phi_g = nn.Linear(channels, 3 * inner, bias=False)
        self.out = nn.Conv1d(inner, channels, 1, groups=config.groups, bias=False)
        self.norm = nn.GroupNorm(config.groups, channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: the number of pictures is not a multiple of ``frames``.
        """
        x_BTNC = to_tokens(x, self.frames)
        parts = torch.unflatten(self.theta_phi_g(to_sets(x_BTNC, self.domain)), -1, (3, self.groups, -1))
        t_MLGE, p_MLGE, g_MLGE = parts.unbind(dim=2)
        s_MG = torch.einsum("mlge,mlge->mg", p_MLGE, g_MLGE)
        y_MLD = (t_MLGE * s_MG[:, None, :, None]).flatten(2)
        y_MCL = self.norm(self.out(y_MLD.mT))
        return from_tokens(x_BTNC + from_sets(y_MCL.mT, x_BTNC, self.domain), x)
