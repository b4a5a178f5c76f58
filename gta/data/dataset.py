"""Clips by (epoch, index): frames sampled, cropped and flipped by a generator keyed with the seed and that key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from gta.config import DataConfig
from gta.data import transforms
from gta.data.decode import count_frames, read_frames
from gta.data.sampler import Key
from gta.data.sampling import segment_indices
from gta.data.splits import Split
from gta.errors import UserError


class Batch(TypedDict):
    """What a data loader yields."""

    video: Tensor
    """uint8 (B, 3, T, H, W), channels last in memory."""
    label: Tensor
    """int64 (B,)."""
    index: Tensor
    """int64 (B,): position in the split's list of clips."""
    view: NotRequired[Tensor]
    """int64 (B,): number of the view in :func:`gta.evaluation.view_table`; absent when there is one view only."""


class ClipDataset(Dataset[Batch]):
    """One split; training clips are augmented, evaluation clips are the middle frames, cropped in the centre."""

    def __init__(
        self, split: Split, data: DataConfig, seed: int, training: bool, frames: NDArray[np.uint8] | None = None
    ) -> None:
        """Make the data set.

        Args:
            split: the clips; each must have a label.
            data: how frames are taken and augmented.
            seed: of the augmentation.
            training: augment or not.
            frames: the decoded split (clips, L, H, W, 3); without it the videos are decoded as they are asked for.

        Raises:
            UserError: a clip has no label.
        """
        unlabelled = [clip.id for clip in split.clips if clip.label is None]
        if unlabelled:
            raise UserError(f"{len(unlabelled)} clips, such as {unlabelled[0]}, have no label; add test-answers.csv")
        self.split, self.data, self.seed, self.training = split, data, seed, training
        self._frames = frames
        self._labels = torch.tensor([clip.label for clip in split.clips], dtype=torch.int64)
        self._flips = [training and transforms.may_flip(clip.template) for clip in split.clips]
        self._lengths: dict[int, int] = {}

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.split.clips)

    def __getitem__(self, key: Key) -> Batch:
        """Return one sample as a batch of one."""
        return self.__getitems__([key])

    def __getitems__(self, keys: Sequence[Key]) -> Batch:
        """Return a whole batch; the loader's ``collate_fn`` has nothing left to do."""
        crop = self.data.crop
        video = np.empty((len(keys), self.data.frames, crop, crop, 3), np.uint8)
        for row, (epoch, index) in zip(video, keys, strict=True):
            self._fill(row, epoch, index)
        at = torch.tensor([index for _, index in keys], dtype=torch.int64)
        return {"video": torch.from_numpy(video).permute(0, 4, 1, 2, 3), "label": self._labels[at], "index": at}

    def _fill(self, row: NDArray[np.uint8], epoch: int, index: int) -> None:
        """Write one clip into (T, crop, crop, 3)."""
        data = self.data
        rng = np.random.default_rng((self.seed, epoch, index)) if self.training else None
        at = segment_indices(self._length(index), data.frames, rng)
        if rng is None:
            box, flip = transforms.centre_box(data.resize, data.crop), False
        else:
            box = transforms.training_box(rng, data.resize, data.crop, data.augment)
            flip = rng.random() < data.flip and self._flips[index]
        if self._frames is None:
            clip = box.cut(read_frames(self.split.clips[index].path, at, data.resize))
        else:
            clip = box.cut(self._frames[index])[at]
        clip = transforms.resize(clip, data.crop)
        row[:] = clip[:, :, ::-1] if flip else clip

    def _length(self, index: int) -> int:
        if self._frames is not None:
            return int(self._frames.shape[1])
        if index not in self._lengths:
            self._lengths[index] = count_frames(self.split.clips[index].path)
        return self._lengths[index]


def keep(batch: Any) -> Batch:  # noqa: ANN401 - torch types a collate_fn's argument as a list
    """The loader's ``collate_fn``: :meth:`ClipDataset.__getitems__` has made the batch already."""
    return cast(Batch, batch)
