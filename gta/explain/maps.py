"""The weights of one block in one clip, laid out over frames and positions (paper figures 8, 16, 17).

Legend: T frames of a block, N = H*W positions, h x w positions of a map, K regions, C and D channels. A block's input
x is that of one clip, (T, C, H, W).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gta.blocks import GlobalTemporalAttention, NonLocal, SpatialAttention, TemporalAttention

Query = tuple[int, float, float]
"""Frame of a block, and height and width from 0 to 1."""


def position(x: Tensor, query: Query) -> int:
    """Return the number of the query's position among the H*W of ``x``."""
    height, width = x.shape[-2:]
    return min(int(query[1] * height), height - 1) * width + min(int(query[2] * width), width - 1)


def received_map(block: SpatialAttention, x: Tensor) -> Tensor:
    """Return the attention that each position receives, summed over the queries of its frame, (T, h, w)."""
    return block.weights(x).sum(dim=1)[:, 0]


def joint_map(block: NonLocal, x: Tensor, query: Query) -> Tensor:
    """Return how one query attends to all frames and positions, (T, h, w), summing to one."""
    at = query[0] * x.shape[-2] * x.shape[-1] + position(x, query)
    return block.weights(x, at)[0, 0]


def spatial_map(block: nn.Module, x: Tensor, query: Query) -> Tensor:
    """Return how the query's position attends within each frame, (T, h, w), each frame summing to one.

    Args:
        block: spatial attention; or temporal attention, whose queries and keys are then used within a frame.
        x: the block's input.
        query: only its position counts.

    Raises:
        TypeError: the block is of another kind.
    """
    at = position(x, query)
    if isinstance(block, SpatialAttention):
        return block.weights(x)[:, at, 0]
    q_TND, k_TND = _query_key(block, x)
    scores_TN = torch.einsum("td,tnd->tn", q_TND[:, at], k_TND) * q_TND.shape[-1] ** -0.5
    weights_TN: Tensor = scores_TN.softmax(dim=-1)
    return weights_TN.view(-1, x.shape[-2], x.shape[-1])


def temporal_map(block: nn.Module, x: Tensor, query: Query) -> Tensor:
    """Return how the query attends to the frames at its position, (T,), summing to one.

    Args:
        block: temporal attention; or spatial attention, whose queries and keys are then used along time.
        x: the block's input.
        query: frame and position.

    Raises:
        TypeError: the block is of another kind.
    """
    at = position(x, query)
    if isinstance(block, TemporalAttention):
        return temporal_weights(block, x)[at, query[0]]
    q_TND, k_TND = _query_key(block, x)
    scores_T: Tensor = k_TND[:, at] @ q_TND[query[0], at] * q_TND.shape[-1] ** -0.5
    return scores_T.softmax(dim=-1)


def temporal_weights(block: TemporalAttention, x: Tensor) -> Tensor:
    """Return how each position attends to the frames, averaged over heads and groups, (N, T, T) as [.., out, in]."""
    return block.weights(x)[0].mean(dim=(1, 2))


def region_map(block: nn.Module, x: Tensor) -> Tensor | None:
    """Return the weights G_R(t) of the regions, (T, K, h, w), or None for a block without regions."""
    if isinstance(block, GlobalTemporalAttention) and block.region is not None:
        weights: Tensor = block.regions(x)[0]
        return weights
    return None


def _query_key(block: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return queries and keys of every pixel, both (T, N, D)."""
    if not isinstance(block, SpatialAttention | TemporalAttention):
        raise TypeError(f"expected spatial or temporal attention, got {type(block).__name__}")
    q_BTND, k_BTND = block.query_key(x)
    return q_BTND[0], k_BTND[0]
