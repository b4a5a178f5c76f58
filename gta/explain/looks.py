"""Compute where a model looks in a few clips, as a run keeps it: one query a clip, two regions, swapped projections.

Legend: M clips, T frames of a block, h x w positions of a map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gta.backbones import SlowFast
from gta.blocks import NonLocal, SpatialAttention, TemporalAttention
from gta.explain.looks_file import KINDS, SIDE, Array, Looks
from gta.explain.maps import Query, Seen, region_weights, seen_from, seen_in_frames, seen_in_time, watch
from gta.model import VideoModel


def moving_query(frames: NDArray[np.uint8]) -> Query:
    """Return the query of the maps, chosen from the frames alone so that all models answer the same one.

    It stands in the middle frame where most has changed since the frame before, in windows of an eighth of the side.

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
def look(
    model: VideoModel, clips: torch.Tensor, pictures: NDArray[np.uint8], labels: Sequence[int], names: Sequence[str]
) -> Looks | None:
    """Look at a few clips with a model in evaluation mode.

    Args:
        model: of any row.
        clips: (M, 3, T', H, W), normalised; T' frames, of which the blocks see T.
        pictures: the same clips, (M, T', H, W, 3).
        labels: class numbers of the clips, -1 where unknown.
        names: of the classes.

    Returns:
        None when the model has no block that can be looked into.
    """
    queries, found, predicted, place = [], [], [], ""
    if isinstance(model.backbone, SlowFast):
        pictures = pictures[:, model.backbone.slow_frames]
    for clip, picture in zip(torch.split(clips, 1), pictures, strict=True):
        seen, _, scores = watch(model, clip)
        seen = _finest(seen)
        if not seen:
            return None
        place = seen[0].place
        queries.append(moving_query(picture))
        found.append(_maps(seen, queries[-1]))
        predicted.append(names[int(scores.argmax())])
    return Looks(
        np.stack([_small(picture) for picture in pictures]),
        np.array([names[label] if label >= 0 else "unknown" for label in labels]),
        np.array(predicted),
        np.array(queries, np.float32),
        place,
        {kind: np.stack([maps[kind] for maps in found]) for kind in KINDS if kind in found[0]},
    )


def _finest(seen: Sequence[Seen]) -> list[Seen]:
    """Return the blocks of the last place among those whose input has the most positions."""
    if not seen:
        return []
    most = max(each.x.shape[-2] * each.x.shape[-1] for each in seen)
    last = [each.place for each in seen if each.x.shape[-2] * each.x.shape[-1] == most][-1]
    return [each for each in seen if each.place == last]


def _maps(seen: Sequence[Seen], query: Query) -> dict[str, Array]:
    found: dict[str, torch.Tensor] = {}
    spatial = next((each for each in seen if isinstance(each.block, SpatialAttention)), None)
    temporal = next((each for each in seen if isinstance(each.block, TemporalAttention)), None)
    for each in seen:
        if isinstance(each.block, NonLocal):
            found["nl"] = seen_from(each.block, each.x, query)
        regions = region_weights(each)
        if regions is not None:
            weights_TKhw = regions.abs()
            found["regions"] = weights_TKhw[:, _two_regions(weights_TKhw)]
            found["likeness"] = _likeness(regions)
    if spatial is not None:
        found["spatial"] = seen_in_frames(spatial.block, spatial.x, query)
    if temporal is not None:
        found["temporal"] = seen_in_time(temporal.block, temporal.x, query)
    if spatial is not None and temporal is not None and _can_swap(temporal.block):
        found["spatial_swapped"] = seen_in_frames(temporal.block, spatial.x, query)
        found["temporal_swapped"] = seen_in_time(spatial.block, temporal.x, query)
    return {kind: values.float().cpu().numpy() for kind, values in found.items()}


def _two_regions(weights_TKhw: torch.Tensor) -> list[int]:
    """Return the region whose weights vary most and, of the half that varies most, the one least like it."""
    values = weights_TKhw.transpose(0, 1).flatten(1)
    centred = values - values.mean(dim=1, keepdim=True)
    order = centred.norm(dim=1).argsort(descending=True)
    lively = centred[order[: max(2, len(order) // 2)]]
    likeness = torch.nn.functional.cosine_similarity(lively[1:], lively[:1]).abs()
    return [int(order[0])] + ([int(order[1 + likeness.argmin()])] if len(likeness) else [])


def _likeness(weights_TKhw: torch.Tensor) -> torch.Tensor:
    values = weights_TKhw.flatten(2)
    unit = torch.nn.functional.normalize(values - values.mean(dim=2, keepdim=True), dim=2)
    cosines_TKK = torch.bmm(unit, unit.mT).abs()
    number = values.shape[1]
    return (cosines_TKK.sum(dim=(1, 2)) - number) / max(1, number * (number - 1))


def _can_swap(block: torch.nn.Module) -> bool:
    """Return whether the projections mean something in another block: an embedding of frames or groups do not."""
    return isinstance(block, TemporalAttention) and block.position is None and block.groups == 1


def _small(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frames.shape[1:3]
    if max(height, width) <= SIDE:
        return frames
    size = round(height * SIDE / max(height, width)), round(width * SIDE / max(height, width))
    scaled = torch.nn.functional.interpolate(torch.from_numpy(frames).permute(0, 3, 1, 2).float(), size, mode="area")
    pictures: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).round().byte().numpy()
    return pictures
