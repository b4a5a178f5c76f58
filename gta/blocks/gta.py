"""Global Temporal Attention: "GTA: Global Temporal Attention", section 3.3, eq. 5-6.

Legend: B clips, T frames, N = H*W positions, K = C / region_ratio regions, C channels, D = C / reduction.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from gta.blocks.mixing import build_mixing
from gta.blocks.residual import Projection, add_projected, normalise, zero_norm
from gta.blocks.tokens import from_tokens, to_tokens
from gta.config import GTAConfig


class PixelPath(nn.Module):
    """BN(mix(V_P) W_P^O): the learned matrices applied to every position by itself (eq. 6, left)."""

    def __init__(self, channels: int, frames: int, config: GTAConfig) -> None:
        """Build W_P^V, the mixing and W_P^O."""
        super().__init__()
        inner = channels // config.reduction
        self.value = nn.Linear(channels, inner, bias=False)
        self.mixing = build_mixing(config.mixing, frames, config.groups, config.matrix_gain)
        self.out = nn.Linear(inner, channels, bias=False)
        self.norm = zero_norm(channels)

    def forward(self, v_BTND: Tensor) -> Projection:
        """Return the path, not yet projected, for the values (B, T, N, D) of ``self.value``."""
        return Projection(self.mixing(v_BTND), self.out, self.norm)


class RegionPath(nn.Module):
    """BN(G_R^T mix(V_R) W_R^O) with V_R = (G_R X) W_R^V: the same on K soft regions of each frame (eq. 6, right).

    Every step after G_R is linear, so W_R^V and W_R^O may act on the regions or on the pixels: the function is the
    same, and the block takes the cheaper order. The scale of G_R, which the paper leaves open, follows ``region_norm``:

    * ``positions``: X_G = G_R X / (H*W), a mean over the positions; back by G_R^T as printed. The path is then cubic
      in X, but does not grow with the size of the map.
    * ``softmax``: into regions by the softmax of W_G X^T over the positions, back to pixels by its softmax over the
      regions, so both ways are weighted means and nothing grows with H*W or with K.
    """

    def __init__(self, channels: int, frames: int, config: GTAConfig) -> None:
        """Build W_G, W_R^V, the mixing and W_R^O."""
        super().__init__()
        inner = channels // config.reduction
        self.softmax = config.region_norm == "softmax"
        wide = channels if config.region_input == "input" else inner
        self.assign = nn.Linear(wide, channels // config.region_ratio, bias=False)
        self.value = nn.Linear(channels, inner, bias=False)
        self.mixing = build_mixing(config.mixing, frames, config.groups, config.matrix_gain)
        self.out = nn.Linear(inner, channels, bias=False)
        self.norm = zero_norm(channels)

    def weights(self, f_BTNF: Tensor) -> tuple[Tensor, Tensor]:
        """Return G_R for pooling positions into regions and for bringing them back, both (B, T, N, K).

        Args:
            f_BTNF: what W_G reads, the values or the input.
        """
        g_BTNK: Tensor = self.assign(f_BTNF)
        if self.softmax:
            return g_BTNK.softmax(dim=2), g_BTNK.softmax(dim=3)
        return g_BTNK, g_BTNK

    def _pool(self, g_BTNK: Tensor, x_BTNC: Tensor) -> Tensor:
        """Return the regions of any features of the positions, (B, T, K, C)."""
        pool_BTKN = g_BTNK.mT if self.softmax else g_BTNK.mT / g_BTNK.shape[2]
        return torch.matmul(pool_BTKN, x_BTNC)

    def on_pixels(self, v_BTND: Tensor, f_BTNF: Tensor) -> Projection:
        """Return the path, not yet projected, with both projections on the pixels.

        Args:
            v_BTND: the values of ``self.value``.
            f_BTNF: what W_G reads.
        """
        g_BTNK, back_BTNK = self.weights(f_BTNF)
        a_BTKD = self.mixing(self._pool(g_BTNK, v_BTND))
        return Projection(torch.matmul(back_BTNK, a_BTKD), self.out, self.norm)

    def on_regions(self, x_BTNC: Tensor, f_BTNF: Tensor) -> Tensor:
        """Return the path, (B, T, N, C), with both projections on the regions."""
        g_BTNK, back_BTNK = self.weights(f_BTNF)
        a_BTKC = self.out(self.mixing(self.value(self._pool(g_BTNK, x_BTNC))))
        return normalise(self.norm, torch.matmul(back_BTNK, a_BTKC))

    def prefers_regions(self, positions: int) -> bool:
        """Return whether W_R^V and W_R^O act on the regions: when that takes at most 5/8 of the multiplications.

        G_R (X W) = (G_R X) W, so both orders are the same function; on the pixels the normalisation can be folded.
        """
        channels, inner = self.out.weight.shape
        regions = self.assign.out_features
        there = regions * channels * (positions + inner)
        here = positions * inner * (regions + channels)
        return 1.6 * there <= here


class GlobalTemporalAttention(nn.Module):
    """Y = X + Pixel GTA + Region GTA (eq. 5), meant to follow a spatial attention block.

    Each path has its own batch normalisation with a gamma that starts at zero: the region path is cubic in X, the
    pixel path linear, and under a common normalisation one would drown the other. W_G reads the values of the pixel
    path (``region_input="values"``), in a block without pixel path a projection of its own of the same width, or X
    itself (``"input"``).

    The paper's columns do not tell which reading it built. It prints 31.2 M parameters and 50.2 G multiply-accumulates
    for R2D-50 (41.4 M and 169.9 G for SlowFast). Value and output projections of their own for both paths, C/4 wide,
    are C^2 parameters a block, as many as temporal attention has, so 31.2 M leaves nothing for W_G and M. Eq. 6 as
    printed, W_G in R^{C/8 x C} on X itself, gives 31.7 M and 50.8 G. The default, W_G in R^{C/8 x C/4} on the C/4-wide
    values, is NOT eq. 6 as printed; it gives 31.4 M and 50.0 G (41.7 M and 169.6 G): within 0.7 % in every cell. K =
    C/32 would be nearer in parameters, but is not the K of the paper's best row. ``python -m experiments.flops`` prints
    the deviations.

    Eq. 6 has no projection for W_G to read in a block without pixel path; this one is ours. With it SA + Region GTA
    (CCMH) has 30.44 M parameters, SA + Pixel GTA 29.41 M; of the difference 0.92 M are this projection and 0.11 M W_G.
    ``region_input="input"`` needs no projection: 29.87 M.
    """

    pixel: PixelPath | None
    region: RegionPath | None
    features: nn.Linear | None

    def __init__(self, channels: int, frames: int, config: GTAConfig = GTAConfig()) -> None:  # noqa: B008 - frozen
        """Build the paths that ``config`` switches on."""
        super().__init__()
        self.frames = frames
        self.reads_input = config.region_input == "input"
        self.pixel = PixelPath(channels, frames, config) if config.pixel else None
        self.region = RegionPath(channels, frames, config) if config.region else None
        own = config.region and not config.pixel and not self.reads_input
        self.features = nn.Linear(channels, channels // config.reduction, bias=False) if own else None

    @property
    def pixel_matrix(self) -> Tensor | None:
        """M_P as [group, head, out, in], or None without pixel path."""
        return None if self.pixel is None else self.pixel.mixing.matrix

    @property
    def region_matrix(self) -> Tensor | None:
        """M_R as [group, head, out, in], or None without region path."""
        return None if self.region is None else self.region.mixing.matrix

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of ``x``, which is (B*T, C, H, W) or (B, C, T, H, W).

        Raises:
            ValueError: T is not the ``frames`` the block was built with.
        """
        x_BTNC = y_BTNC = to_tokens(x, self.frames, fixed=True)
        on_regions = self.region is not None and self.region.prefers_regions(x_BTNC.shape[2])
        projections: list[nn.Linear] = [] if self._features is None else [self._features]
        if self.region is not None and not on_regions:
            projections.append(self.region.value)
        values = _project(x_BTNC, projections)
        f_BTNF = x_BTNC if self.reads_input else values[0]
        paths = [] if self.pixel is None else [self.pixel(values[0])]
        if self.region is not None and not on_regions:
            paths.append(self.region.on_pixels(values[-1], f_BTNF))
        elif self.region is not None:
            y_BTNC = y_BTNC + self.region.on_regions(x_BTNC, f_BTNF)
        return from_tokens(add_projected(y_BTNC, *paths) if paths else y_BTNC, x)

    @property
    def _features(self) -> nn.Linear | None:
        """The pixel path's values or, without one, the region path's own features; None when W_G reads X."""
        return self.features if self.pixel is None else self.pixel.value

    @torch.no_grad()
    def regions(self, x: Tensor) -> Tensor:
        """Return the weights G_R by which positions are pooled into regions, (B, T, K, H, W).

        Raises:
            ValueError: the block has no region path, or T is not ``frames``.
        """
        if self.region is None:
            raise ValueError("GTAConfig.region is False: the block has no regions to show")
        x_BTNC = to_tokens(x, self.frames, fixed=True)
        f_BTNF = x_BTNC if self.reads_input or self._features is None else self._features(x_BTNC)
        g_BTNK, _ = self.region.weights(f_BTNF)
        return g_BTNK.mT.reshape(*g_BTNK.shape[:2], -1, *x.shape[-2:])


def _project(x_BTNC: Tensor, projections: list[nn.Linear]) -> list[Tensor]:
    """Apply several projections to X in one matrix product."""
    if not projections:
        return []
    weight = projections[0].weight if len(projections) == 1 else torch.cat([p.weight for p in projections])
    return list(torch.split(linear(x_BTNC, weight), [p.out_features for p in projections], dim=-1))
