"""Where a model looks, in space and time, as arrays (paper figures 8, 9, 15 to 17); ``overlay`` draws them.

Legend: T frames of a block, N = H*W positions, P positions after pooling, h x w positions of a map, K regions,
C and D channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gta.blocks import GlobalTemporalAttention, NonLocal, SpatialAttention, TemporalAttention
from gta.blocks.attention import PooledAttention
from gta.blocks.tokens import pool_positions, to_tokens
from gta.errors import UserError
from gta.model import VideoModel, inserted_blocks

Array = NDArray[np.float32]
Query = tuple[int, float, float]
"""Frame of a block, and height and width from 0 to 1."""
BLOCKS = (SpatialAttention, NonLocal, TemporalAttention, GlobalTemporalAttention)
"""Blocks that can be looked into."""


@dataclass(frozen=True)
class Seen:
    """A block of a forward pass."""

    place: str
    """Such as ``res3[0]``."""
    block: nn.Module
    x: Tensor
    """Its input of one clip, (T, C, H, W)."""


@dataclass(frozen=True)
class Explanation:
    """What can be seen of one clip in one model; every array is float32."""

    probabilities: Array
    """(classes,)."""
    target: int
    """The class that ``evidence`` is about."""
    evidence: Array
    """(T, h, w): what each position of the last features adds to the score of the target; of SlowFast the slow
    pathway's share. The mean over frames and positions is the score without its bias (class activation mapping, Zhou et
    al., CVPR 2016; exact, for the classifier is linear in the averaged features)."""
    maps: dict[str, Array]
    """By place and kind: ``res3[0].sa`` (T, h, w), attention that each position receives from its frame;
    ``res3[0].nl`` (T, h, w), where the query looks; ``res3[0].regions`` (T, K, h, w), the weights G_R(t)."""
    matrices: dict[str, Array]
    """By place and kind, (T, T) as [out, in]: ``res3[0].ta``, temporal attention averaged over positions, groups and
    heads; ``res3[0].pixel`` and ``res3[0].region``, see :func:`temporal_matrices`."""
    query: Query
    """Where evidence is highest, the query of the non-local maps: frame (of the blocks' T), height and width (0..1)."""


def blocks_of(model: VideoModel, kind: type[nn.Module]) -> dict[str, nn.Module]:
    """Return the inserted modules of a kind by place, such as ``res3[0]``, in the order of the forward pass."""
    return {
        place: module
        for place, block in inserted_blocks(model.backbone).items()
        for module in block.modules()
        if isinstance(module, kind)
    }


@torch.no_grad()
def temporal_matrices(model: VideoModel) -> dict[str, Array]:
    """Return the learned temporal weights of every GTA block (paper appendix D, figure 15).

    Returns:
        By path, such as ``res3[0].pixel`` and ``res3[0].region``: the mean of |M| over groups and heads, (T, T) as
        [out, in]; empty for a model without GTA.
    """
    found: dict[str, Array] = {}
    for place, block in blocks_of(model, GlobalTemporalAttention).items():
        assert isinstance(block, GlobalTemporalAttention)
        for path, matrix in (("pixel", block.pixel_matrix), ("region", block.region_matrix)):
            if matrix is not None:
                found[f"{place}.{path}"] = _array(matrix.detach().abs().mean(dim=(0, 1)))
    return found


@torch.no_grad()
def explain(model: VideoModel, clip: Tensor, target: int | None = None) -> Explanation:
    """Look at one clip with a model in evaluation mode.

    Args:
        model: of any row.
        clip: (1, 3, T, H, W), normalised.
        target: the class to give evidence for; None: the most probable one.

    Raises:
        ValueError: there is more than one clip.
    """
    if clip.shape[0] != 1:
        raise ValueError(f"one clip is explained at a time; got {clip.shape[0]}")
    inputs, features, scores = watch(model, clip)
    probabilities = scores.float().softmax(dim=1)[0]
    target = int(probabilities.argmax()) if target is None else target
    evidence = _evidence(model, features, target)
    at = divmod(int(evidence.flatten().argmax()), evidence[0].numel())
    row, column = divmod(at[1], evidence.shape[2])
    query = at[0], (row + 0.5) / evidence.shape[1], (column + 0.5) / evidence.shape[2]
    maps, matrices = {}, temporal_matrices(model)
    for seen in inputs:
        name, block, x = seen.place, seen.block, seen.x
        match block:
            case SpatialAttention():
                maps[f"{name}.sa"] = _array(received(block, x))
            case NonLocal():
                maps[f"{name}.nl"] = _array(seen_from(block, x, query))
            case TemporalAttention():
                matrices[f"{name}.ta"] = _array(temporal_weights(block, x).mean(dim=0))
            case GlobalTemporalAttention():
                regions = region_weights(seen)
                if regions is not None:
                    maps[f"{name}.regions"] = _array(regions)
    return Explanation(_array(probabilities), target, _array(evidence), maps, matrices, query)


def received(block: PooledAttention, x: Tensor) -> Tensor:
    """Return the attention that each position receives, summed over the queries of its frame, (T, h, w).

    Args:
        block: a spatial attention block.
        x: its input for one clip, (T, C, H, W).
    """
    weights_TNP, size = _attention(block, x)
    return weights_TNP.sum(dim=1).view(-1, *size)


def seen_from(block: PooledAttention, x: Tensor, query: Query) -> Tensor:
    """Return the weights over all frames and positions of one query of a joint block, (T, h, w), summing to one.

    Args:
        block: a non-local block.
        x: its input for one clip, (T, C, H, W).
        query: frame, and height and width from 0 to 1.
    """
    weights_MQP, size = _attention(block, x, query[0] * x.shape[-2] * x.shape[-1] + position(x, query))
    return weights_MQP[0, 0].view(-1, *size)


def position(x: Tensor, query: Query) -> int:
    """Return the number of the query's position among the H*W of ``x`` (T, C, H, W)."""
    height, width = x.shape[-2:]
    return min(int(query[1] * height), height - 1) * width + min(int(query[2] * width), width - 1)


def seen_in_frames(block: nn.Module, x: Tensor, query: Query) -> Tensor:
    """Return the spatial weights of the query's position within each frame, (T, h, w), each frame summing to one.

    Args:
        block: spatial attention; or temporal attention, whose projections are then used as if it were spatial.
        x: (T, C, H, W).
        query: its frame is of no concern.

    Raises:
        TypeError: the block is of another kind.
    """
    if isinstance(block, SpatialAttention):
        weights_TNP, size = _attention(block, x)
        return weights_TNP[:, position(x, query)].view(-1, *size)
    q_TND, k_TND = _query_key(block, x)
    scores_TN = torch.einsum("td,tnd->tn", q_TND[:, position(x, query)], k_TND) * q_TND.shape[-1] ** -0.5
    weights_TN: Tensor = scores_TN.softmax(dim=-1)
    return weights_TN.view(-1, x.shape[-2], x.shape[-1])


def seen_in_time(block: nn.Module, x: Tensor, query: Query) -> Tensor:
    """Return the temporal weights of a query along the frames at its position, (T,), summing to one.

    Args:
        block: temporal attention; or spatial attention, whose projections are then used as if it were temporal.
        x: (T, C, H, W).
        query: frame and position.

    Raises:
        TypeError: the block is of another kind.
    """
    if isinstance(block, TemporalAttention):
        return temporal_weights(block, x)[position(x, query), query[0]]
    q_TND, k_TND = _query_key(block, x)
    at = position(x, query)
    scores_T: Tensor = k_TND[:, at] @ q_TND[query[0], at] * q_TND.shape[-1] ** -0.5
    return scores_T.softmax(dim=-1)


def region_weights(seen: Seen) -> Tensor | None:
    """Return G_R(t) of a GTA block, (T, K, h, w); None of any other."""
    if isinstance(seen.block, GlobalTemporalAttention) and seen.block.region is not None:
        weights: Tensor = seen.block.regions(seen.x)[0]
        return weights
    return None


def _query_key(block: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return queries and keys (T, N, D) of every pixel of one clip, nothing pooled."""
    if isinstance(block, TemporalAttention):
        q_TND, k_TND, _ = block.qkv(to_tokens(x, block.frames)[0]).chunk(3, dim=-1)
    elif isinstance(block, SpatialAttention):
        x_TNC = to_tokens(x, block.frames)[0]
        q_TND, k_TND = block.query(x_TNC), block.key_value(x_TNC).chunk(2, dim=-1)[0]
    else:
        raise TypeError(f"expected spatial or temporal attention, got {type(block).__name__}")
    return q_TND, k_TND


def temporal_weights(block: TemporalAttention, x: Tensor) -> Tensor:
    """Return softmax(Q K^T / sqrt(D)) along time at every position, averaged over groups and heads, (N, T, T).

    Args:
        block: a temporal attention block, with or without positional embedding.
        x: its input for one clip, (T, C, H, W).
    """
    x_TNC = to_tokens(x, block.frames)[0]
    on_input = block.position is not None and block.on_input
    qkv_TND = block.qkv(x_TNC + block.position.unsqueeze(1) if on_input and block.position is not None else x_TNC)
    q_NTD, k_NTD, _ = (part.transpose(0, 1) for part in qkv_TND.chunk(3, dim=-1))
    if block.position is not None and not on_input:
        q_NTD, k_NTD = q_NTD + block.position, k_NTD + block.position
    q_NHTC, k_NGSC = (part.unflatten(2, (block.groups, -1)).transpose(1, 2) for part in (q_NTD, k_NTD))
    scores = torch.einsum("nhtc,ngsc->nhgts", q_NHTC, k_NGSC) * q_NHTC.shape[-1] ** -0.5
    weights_NTT: Tensor = scores.softmax(dim=-1).mean(dim=(1, 2))
    return weights_NTT


def _attention(block: PooledAttention, x: Tensor, query: int | None = None) -> tuple[Tensor, tuple[int, int]]:
    """Return the weights (sets, queries, keys) of a block for one clip, and the size of a map of keys.

    Args:
        block: its sets are the T frames, or the clip when it is joint.
        x: (T, C, H, W).
        query: number of the only query, of a joint block.
    """
    size = (x.shape[-2], x.shape[-1])
    x_TNC = to_tokens(x, block.frames)
    keys = block.key_value(pool_positions(x_TNC, size) if block.pool == "before" else x_TNC)
    if block.pool == "after":
        keys = pool_positions(keys, size)
    pooled = keys.shape[2] != size[0] * size[1]
    first = 1 if block.joint else 0
    k_MPD = keys.flatten(first, first + 1).chunk(2, dim=-1)[0]
    q_MQD = block.query(x_TNC).flatten(first, first + 1)
    if query is not None:
        q_MQD = q_MQD[:, query : query + 1]
    weights = torch.softmax(q_MQD @ k_MPD.mT * q_MQD.shape[-1] ** -0.5, dim=-1)
    return weights, (size[0] // 2, size[1] // 2) if pooled else size


def watch(model: VideoModel, clip: Tensor) -> tuple[list[Seen], Tensor, Tensor]:
    """Run the model on a clip (1, 3, T, H, W); return its blocks, the last features (T, C, h, w), and the scores."""
    inputs: list[Seen] = []
    features: list[Tensor] = []  # of SlowFast first those of the slow pathway
    hooks = [model.backbone.avgpool.register_forward_pre_hook(lambda _, given: features.append(given[0]))]

    def note(place: str, block: nn.Module) -> None:
        hooks.append(block.register_forward_pre_hook(lambda _, given: inputs.append(Seen(place, block, given[0]))))

    for place, inserted in inserted_blocks(model.backbone).items():
        for block in inserted.modules():
            if isinstance(block, BLOCKS):
                note(place, block)
    try:
        scores: Tensor = model(clip)
    finally:
        for hook in hooks:
            hook.remove()
    return inputs, features[0], scores


def _evidence(model: VideoModel, features: Tensor, target: int) -> Tensor:
    classifier = model.backbone.fc
    if isinstance(classifier, nn.Identity):
        raise UserError(f"ModelConfig.head is {type(model.head).__name__}; evidence is shown for the mean head alone")
    weight_C = classifier.weight[target, : features.shape[1]]
    return torch.einsum("tchw,c->thw", features, weight_C)


def _array(values: Tensor) -> Array:
    found: Array = values.detach().float().cpu().numpy()
    return found
