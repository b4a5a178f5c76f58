"""Compute where a model looks in a few clips: one query a clip, two regions, swapped projections.

A run keeps the result in its ``looks.npz``, see :mod:`gta.explain.looks`.

Legend: M clips, T frames of a block, h x w positions of a map, K regions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gta.backbones import SlowFast
from gta.blocks import NonLocal, SpatialAttention, TemporalAttention
from gta.explain.looks import MAPS, SIDE, Array, Looks
from gta.explain.maps import Query, joint_map, region_map, spatial_map, temporal_map
from gta.explain.watch import BlockInput, watch
from gta.model import VideoModel


def moving_query(frames: NDArray[np.uint8]) -> Query:
    """Return the query of the maps: the window of the middle frame that has changed most since the frame before.

    A window is an eighth of the shorter side. The frames alone decide, so all models answer the same query.

    Args:
        frames: (T, H, W, 3).
    """
    middle = len(frames) // 2
    change = np.abs(frames[middle].astype(np.float32) - frames[max(middle - 1, 0)]).sum(axis=-1)
    window = max(1, min(change.shape) // 8)
    sums = torch.nn.functional.avg_pool2d(torch.from_numpy(change)[None], window, stride=1)[0].numpy()
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    height, width = change.shape
    return middle, (float(row) + window / 2) / height, (float(column) + window / 2) / width


@torch.no_grad()
def capture_looks(
    model: VideoModel, clips: torch.Tensor, pictures: NDArray[np.uint8], labels: Sequence[int], names: Sequence[str]
) -> Looks | None:
    """Return where a model in evaluation mode looks in a few clips, or None when it has no attending block.

    Args:
        model: of any row.
        clips: (M, 3, T', H, W), normalised; T' frames, of which the blocks see T.
        pictures: the same clips, (M, T', H, W, 3). Where a network has fewer frames than it was given, the first of
            those that it joins are shown.
        labels: class numbers of the clips, -1 where unknown.
        names: of the classes.
    """
    queries, maps, predicted, seen, place = [], [], [], [], ""
    if isinstance(model.backbone, SlowFast):
        pictures = pictures[:, model.backbone.slow_frames]
    for clip, picture in zip(torch.split(clips, 1), pictures, strict=True):
        inputs, _, scores = watch(model, clip)
        if not inputs:
            return None
        shown = _finest(inputs)
        place = shown[0].place
        seen.append(picture[:: max(1, len(picture) // len(shown[0].x))])
        queries.append(moving_query(seen[-1]))
        maps.append(_maps(shown, queries[-1]))
        predicted.append(names[int(scores.argmax())])
    return Looks(
        np.stack([_small(picture) for picture in seen]),
        np.array([names[label] if label >= 0 else "unknown" for label in labels]),
        np.array(predicted),
        np.array(queries, np.float32),
        place,
        {name: np.stack([each[name] for each in maps]) for name in MAPS if name in maps[0]},
    )


def _finest(inputs: Sequence[BlockInput]) -> list[BlockInput]:
    """Return the blocks of the last place among those whose input has the most positions."""
    most = max(each.x.shape[-2] * each.x.shape[-1] for each in inputs)
    last = [each.place for each in inputs if each.x.shape[-2] * each.x.shape[-1] == most][-1]
    return [each for each in inputs if each.place == last]


def _maps(inputs: Sequence[BlockInput], query: Query) -> dict[str, Array]:
    """Return the maps of :class:`Looks` by name, of one clip and the blocks of one place."""
    maps: dict[str, torch.Tensor] = {}
    for _, block, x in inputs:
        if isinstance(block, NonLocal):
            maps["nl"] = joint_map(block, x, query)
        regions = region_map(block, x)
        if regions is not None:
            weights_TKhw = regions.abs()
            maps["regions"] = weights_TKhw[:, _two_regions(weights_TKhw)]
            maps["likeness"] = _likeness(regions)
    spatial = next((each for each in inputs if isinstance(each.block, SpatialAttention)), None)
    temporal = next((each for each in inputs if isinstance(each.block, TemporalAttention)), None)
    if spatial is not None:
        maps["spatial"] = spatial_map(spatial.block, spatial.x, query)
    if temporal is not None:
        maps["temporal"] = temporal_map(temporal.block, temporal.x, query)
    if spatial is not None and temporal is not None and _can_swap(temporal.block):
        maps["spatial_swapped"] = spatial_map(temporal.block, spatial.x, query)
        maps["temporal_swapped"] = temporal_map(spatial.block, temporal.x, query)
    return {name: values.float().cpu().numpy() for name, values in maps.items()}


def _two_regions(weights_TKhw: torch.Tensor) -> list[int]:
    """Return the region whose weights vary most and, of the half that varies most, the region least like it."""
    values = weights_TKhw.transpose(0, 1).flatten(1)
    centred = values - values.mean(dim=1, keepdim=True)
    order = centred.norm(dim=1).argsort(descending=True)
    lively = centred[order[: max(2, len(order) // 2)]]
    likeness = torch.nn.functional.cosine_similarity(lively[1:], lively[:1]).abs()
    return [int(order[0])] + ([int(order[1 + likeness.argmin()])] if len(likeness) else [])


def _likeness(weights_TKhw: torch.Tensor) -> torch.Tensor:
    """Return how alike the regions of each frame are, (T,), as :class:`Looks` says."""
    values = weights_TKhw.flatten(2)
    unit = torch.nn.functional.normalize(values - values.mean(dim=2, keepdim=True), dim=2)
    cosines_TKK = torch.bmm(unit, unit.mT).abs()
    number = values.shape[1]
    return (cosines_TKK.sum(dim=(1, 2)) - number) / max(1, number * (number - 1))


def _can_swap(block: torch.nn.Module) -> bool:
    """Return whether the block is plain: an embedding of frames, or groups, mean nothing within a frame."""
    return isinstance(block, TemporalAttention) and block.position is None and block.groups == 1


def _small(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames (T, H, W, 3) at most :data:`SIDE` pixels high and wide."""
    height, width = frames.shape[1:3]
    if max(height, width) <= SIDE:
        return frames
    size = round(height * SIDE / max(height, width)), round(width * SIDE / max(height, width))
    scaled = torch.nn.functional.interpolate(torch.from_numpy(frames).permute(0, 3, 1, 2).float(), size, mode="area")
    pictures: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).round().byte().numpy()
    return pictures
