"""Optical flow as the input of a network: each frame is five consecutive flow fields, stacked.

Simonyan and Zisserman, "Two-stream convolutional networks", NeurIPS 2014; as in TSN and TSM a field is two grey
pictures, its x and its y part, in which 128 is no motion. Until a clip is cropped and scaled its fields are pictures of
three channels (x, y, unused), so that all that is done to frames is done to them.

Legend: T frames of the network, P fields of each, L fields of the clip.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gta.config.data import FLOW_FIELDS
from gta.data.beside import places
from gta.data.read.fields import STILL
from gta.data.sets.splits import Clip, Split
from gta.data.transforms import Frames

FOLDER = "flow"
"""Part of a real data set's folder that holds a folder of fields for every clip, named by its id without suffix."""


def starts(length: int) -> int:
    """Return how many fields of a clip of L can be the first of P: the last P - 1 cannot; at least one is."""
    return max(1, length - FLOW_FIELDS + 1)


def following(first: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return the fields that T frames show, (T * P,): P from each of ``first`` on; a short clip repeats its last."""
    shown: NDArray[np.int64] = np.minimum(first[:, None] + np.arange(FLOW_FIELDS), length - 1).ravel()
    return shown


def mirrored(fields: Frames) -> Frames:
    """Return fields (n, H, W, 3) as a mirror shows them: their x parts point the other way."""
    turned = fields[:, :, ::-1].copy()
    turned[..., 0] = np.minimum(2 * STILL - turned[..., 0].astype(np.int16), 255)
    return turned


def stacked(fields: Frames) -> Frames:
    """Return fields (T * P, H, W, 3) as the frames of a network, (T, H, W, 2 * P): x, y, x, y, ..."""
    frames = fields[..., :2].reshape(-1, FLOW_FIELDS, *fields.shape[1:3], 2)
    return np.moveaxis(frames, 1, 3).reshape(len(frames), *fields.shape[1:3], 2 * FLOW_FIELDS)


def folders(root: Path, clips: Iterable[Clip]) -> list[Path]:
    """Return the folder of each clip's stored fields, whether it is there or not.

    Raises:
        UserError: the data set has no folder of flow.
    """
    needed = (
        "a network of flow reads a folder of pairs such as flow_x_00001.jpg and flow_y_00001.jpg for every clip there, "
        "named by its id; rows of flow can be left out"
    )
    return places(root, FOLDER, clips, needed)


def of_split(split: Split, root: Path) -> Split:
    """Return a split of a real data set whose clips are the folders of their stored fields.

    Raises:
        UserError: as :func:`folders`.
    """
    stored = zip(split.clips, folders(root, split.clips), strict=True)
    clips = tuple(dataclasses.replace(clip, path=path) for clip, path in stored)
    return dataclasses.replace(split, clips=clips, looked=(root / FOLDER,))
