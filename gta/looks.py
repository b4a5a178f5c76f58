"""What a run keeps of a few clips, so that the paper's figures 1, 8, 16 and 17 are drawn without its checkpoint.

``looks.npz`` of a run is compressed and holds, without pickle, the fields of :class:`Looks`; every kind of map has an
array of its own. Three drawn clips of 32 x 32 pixels take 45 kB, most of it their frames.

Legend: M clips, T frames of a block, h x w positions of a map.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gta.backbones import SlowFast
from gta.blocks import NonLocal, SpatialAttention, TemporalAttention
from gta.errors import UserError
from gta.files import replacing
from gta.model import VideoModel
from gta.visualize import (
    Array,
    Query,
    Seen,
    region_weights,
    seen_from,
    seen_in_frames,
    seen_in_time,
    watch,
)

SIDE = 64
"""Largest height or width of a kept frame in pixels."""
KINDS = ("nl", "spatial", "temporal", "spatial_swapped", "temporal_swapped", "regions", "likeness")
_FIELDS = ("frames", "truth", "predicted", "query", "place")


@dataclass(frozen=True)
class Looks:
    """A few clips and where a model looks in them, at its last place among those with the most positions."""

    frames: NDArray[np.uint8]
    """(M, T, H, W, 3), at most :data:`SIDE` pixels high and wide."""
    truth: NDArray[np.str_]
    """(M,), names of the classes."""
    predicted: NDArray[np.str_]
    """(M,)."""
    query: NDArray[np.float32]
    """(M, 3): frame, and height and width from 0 to 1; see :func:`moving_query`."""
    place: str
    """Of the blocks that were looked into, such as ``res3[2]``."""
    maps: dict[str, Array]
    """By kind:

    * ``nl`` (M, T, h, w): joint attention of the query over all frames;
    * ``spatial`` (M, T, h, w): attention of the query's position within each frame, by SA;
    * ``temporal`` (M, T): attention of the query over the frames at its position, by TA;
    * ``spatial_swapped``, ``temporal_swapped``: the same with the query and key projections of SA and TA swapped, each
      on the input that its block had (appendix F);
    * ``regions`` (M, T, 2, h, w): |G_R(t)| of two regions: of the one that varies most over the clip, and of the one of
      the livelier half that is least like it;
    * ``likeness`` (M, T): how alike the K regions of a frame are, the mean over their pairs of the cosine between their
      weights less the mean over positions, without its sign: 1 when all are the same map, up to scale.
    """


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


def write_looks(path: Path, looks: Looks) -> None:
    """Write ``looks.npz`` atomically, the maps as float16.

    Raises:
        UserError: the folder cannot be written.
    """
    arrays = {name: np.asarray(getattr(looks, name)) for name in _FIELDS}
    arrays |= {f"map_{kind}": values.astype(np.float16) for kind, values in looks.maps.items()}
    with replacing(path) as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type] # its own keyword is a bool


def read_looks(path: Path) -> Looks:
    """Read ``looks.npz``.

    Raises:
        UserError: it is missing or torn, or its arrays do not fit each other.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            fields = {name: stored[name] for name in _FIELDS}
            maps = {kind: stored[f"map_{kind}"].astype(np.float32) for kind in KINDS if f"map_{kind}" in stored}
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist") from error
    except KeyError as error:
        raise UserError(f"{path} is no file of looks: {error.args[0]}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is unreadable: {error}") from error
    shape = fields["frames"].shape
    if len(shape) != 5 or any(values.shape[:2] != shape[:2] for values in maps.values()):
        found = {kind: values.shape for kind, values in maps.items()}
        raise UserError(f"{path}: the arrays do not fit each other: frames {shape}, {found}")
    place = str(fields.pop("place"))
    return Looks(**fields, place=place, maps=maps)


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
