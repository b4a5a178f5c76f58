"""Global context block: Cao et al., "GCNet: non-local networks meet squeeze-excitation networks", ICCVW 2019.

Legend: M sets of L positions (:mod:`gta.blocks.domain`), C channels.
"""

from __future__ import annotations

from torch import Tensor, nn

from gta.blocks.domain import from_sets, to_sets
from gta.blocks.tokens import from_tokens, to_tokens
from gta.config import GCConfig


class GlobalContext(nn.Module):
    """Y = X + W_2 ReLU(LN(W_1 c)), where c is one mean of X over all positions, weighted by a softmax."""

    def __init__(self, channels: int, frames: int, config: GCConfig = GCConfig()) -> None:  # noqa: B008 - frozen
        """Build the mask and the bottleneck of ``channels / config.reduction``."""
        super().__init__()
        self.frames, self.domain = frames, config.domain
        inner = channels // config.reduction
        self.mask = nn.Linear(channels, 1, bias=False)  # a bias would not change the softmax
        last = nn.Linear(inner, channels)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.transform = nn.Sequential(nn.Linear(channels, inner), nn.LayerNorm(inner), nn.ReLU(inplace=True), last)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: the number of pictures is not a multiple of ``frames``.
        """
        x_BTNC = to_tokens(x, self.frames)
        x_MLC = to_sets(x_BTNC, self.domain)
        w_ML1 = self.mask(x_MLC).softmax(dim=1)
        context_M1C = w_ML1.mT @ x_MLC
        return from_tokens(x_BTNC + from_sets(self.transform(context_M1C), x_BTNC, self.domain), x)
