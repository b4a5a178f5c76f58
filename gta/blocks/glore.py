"""Global reasoning unit: Chen et al., "Graph-based global reasoning networks", CVPR 2019.

Legend: M sets of L positions (:mod:`gta.blocks.domain`), C channels, K = C / reduction nodes, S = 2 K states.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.blocks.domain import from_sets, to_sets
from gta.blocks.residual import Projection, add_projected
from gta.blocks.tokens import from_tokens, to_tokens
from gta.config import GloReConfig


class GlobalReasoning(nn.Module):
    """Y = X + BN(W_e P V'): positions projected onto nodes, a graph convolution between the nodes, and back by P.

    V = S^T P (divided by L when ``config.normalised``), H = A V + V over the nodes, V' = W ReLU(H) over the states.
    S, P and A have biases when ``config.bias``.
    """

    def __init__(self, channels: int, frames: int, config: GloReConfig = GloReConfig()) -> None:  # noqa: B008 - frozen
        """Build the projections onto nodes and states, the graph convolution and the way back."""
        super().__init__()
        self.frames, self.domain, self.normalised = frames, config.domain, config.normalised
        nodes = channels // config.reduction
        self.sizes = (2 * nodes, nodes)
        self.state_projection = nn.Linear(channels, 3 * nodes, bias=config.bias)
        self.adjacency = nn.Linear(nodes, nodes, bias=config.bias)
        self.weight = nn.Linear(2 * nodes, 2 * nodes, bias=False)
        self.out = nn.Linear(2 * nodes, channels, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=1e-4)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: the number of pictures is not a multiple of ``frames``.
        """
        x_BTNC = to_tokens(x, self.frames)
        s_MLS, p_MLK = self.state_projection(to_sets(x_BTNC, self.domain)).split(self.sizes, dim=-1)
        v_MSK = torch.bmm(s_MLS.mT, p_MLK)
        if self.normalised:
            v_MSK = v_MSK / s_MLS.shape[1]
        h_MKS = (self.adjacency(v_MSK) + v_MSK).relu().mT
        z_MLS = torch.bmm(p_MLK, self.weight(h_MKS))
        z_BTNS = from_sets(z_MLS, x_BTNC, self.domain)
        return from_tokens(add_projected(x_BTNC, Projection(z_BTNS, self.out, self.norm)), x)
