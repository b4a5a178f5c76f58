"""Explain one clip: what speaks for a class, where the blocks look, what they mix in time (paper figures 9, 15).

Legend: T frames of a block, h x w positions of a map, K regions, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gta.blocks import GlobalTemporalAttention, NonLocal, SpatialAttention, TemporalAttention
from gta.errors import UserError
from gta.explain.maps import Query, joint_map, received_map, region_map, temporal_weights
from gta.explain.watch import attending_blocks, watch
from gta.model import VideoModel

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Explanation:
    """What can be seen of one clip in one model; every array is float32."""

    probabilities: Array
    """(classes,)."""
    target: int
    """The class that ``evidence`` is about."""
    evidence: Array
    """(T, h, w): what each position of the last features adds to the score of the target; of SlowFast the slow
    pathway's share, of ECO Full the 2D network's. The mean over frames and positions is the score without its bias
    (class activation mapping, Zhou et al., CVPR 2016; exact, for the classifier is linear in the averaged
    features)."""
    maps: dict[str, Array]
    """By place and kind: ``res3[0].sa`` (T, h, w), attention that each position receives from its frame;
    ``res3[0].nl`` (T, h, w), where the query looks; ``res3[0].regions`` (T, K, h, w), the weights G_R(t)."""
    matrices: dict[str, Array]
    """By place and kind, (T, T) as [out, in]: ``res3[0].ta``, temporal attention averaged over positions, groups and
    heads; ``res3[0].pixel`` and ``res3[0].region``, see :func:`temporal_matrices`."""
    query: Query
    """Where evidence is highest, the query of the non-local maps: frame (of the last features' T), height and width
    (0..1)."""


@torch.no_grad()
def temporal_matrices(model: VideoModel) -> dict[str, Array]:
    """Return the learned temporal weights of every GTA block (paper appendix D, figure 15).

    Returns:
        By path, such as ``res3[0].pixel`` and ``res3[0].region``: the mean of |M| over groups and heads, (T, T) as
        [out, in]; empty for a model without GTA.
    """
    matrices: dict[str, Array] = {}
    for place, block in attending_blocks(model):
        if not isinstance(block, GlobalTemporalAttention):
            continue
        for path, matrix in (("pixel", block.pixel_matrix), ("region", block.region_matrix)):
            if matrix is not None:
                matrices[f"{place}.{path}"] = _array(matrix.detach().abs().mean(dim=(0, 1)))
    return matrices


@torch.no_grad()
def explain(model: VideoModel, clip: Tensor, target: int | None = None) -> Explanation:
    """Explain one clip with a model in evaluation mode.

    Args:
        model: of any row.
        clip: (1, 3, T, H, W), normalised.
        target: the class to give evidence for; None: the most probable one.

    Raises:
        ValueError: there is more than one clip.
        UserError: the scores are those of a head other than the mean.
    """
    if clip.shape[0] != 1:
        raise ValueError(f"one clip is explained at a time; got {clip.shape[0]}")
    if model.head is not None:
        raise UserError(f"ModelConfig.head is {type(model.head).__name__}; evidence is shown for the mean head alone")
    inputs, features, scores = watch(model, clip)
    probabilities = scores.float().softmax(dim=1)[0]
    target = int(probabilities.argmax()) if target is None else target
    assert features is not None  # the mean head pools them
    evidence = _evidence(model, features, target)
    at = divmod(int(evidence.flatten().argmax()), evidence[0].numel())
    row, column = divmod(at[1], evidence.shape[2])
    query = at[0], (row + 0.5) / evidence.shape[1], (column + 0.5) / evidence.shape[2]
    maps, matrices = {}, temporal_matrices(model)
    for place, block, x in inputs:
        match block:
            case SpatialAttention():
                maps[f"{place}.sa"] = _array(received_map(block, x))
            case NonLocal():
                frame = at[0] * len(x) // len(evidence)  # later stages may have fewer frames
                maps[f"{place}.nl"] = _array(joint_map(block, x, (frame, *query[1:])))
            case TemporalAttention():
                matrices[f"{place}.ta"] = _array(temporal_weights(block, x).mean(dim=0))
            case GlobalTemporalAttention():
                regions = region_map(block, x)
                if regions is not None:
                    maps[f"{place}.regions"] = _array(regions)
    return Explanation(_array(probabilities), target, _array(evidence), maps, matrices, query)


def _evidence(model: VideoModel, features: Tensor, target: int) -> Tensor:
    classifier = model.backbone.fc
    assert isinstance(classifier.weight, Tensor)
    weight_C = classifier.weight[target, : features.shape[1]]
    return torch.einsum("tchw,c->thw", features, weight_C)


def _array(values: Tensor) -> Array:
    array: Array = values.detach().float().cpu().numpy()
    return array
