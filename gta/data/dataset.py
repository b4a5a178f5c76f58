"""Clips by (epoch, index): frames sampled, cropped and flipped by a generator keyed with the seed and that key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NotRequired, TypedDict, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from gta.config import DataConfig, ViewsConfig
from gta.config.views import View, view_list
from gta.data import flow, proposals, transforms
from gta.data.epoch import Key
from gta.data.frames import dense_indices, segment_indices, span_indices
from gta.data.packed import PackedPaths
from gta.data.proposals import Proposals
from gta.data.read.reader import ClipError, Reader, choose_reader
from gta.data.read.video import Stored, Video
from gta.data.sets.damage import ATTEMPTS
from gta.data.sets.splits import Split
from gta.data.transforms import Box, Frames
from gta.errors import UserError
from gta.scoring.accuracy import UNKNOWN

T = TypeVar("T")
Boxes = NDArray[np.float32]
_WHOLE = View(0, 1, 0, 1)


class Batch(TypedDict):
    """What a data loader yields."""

    video: Tensor
    """uint8 (B, C, T, H, W), channels last in memory; C is :attr:`gta.config.DataConfig.channels`."""
    label: Tensor
    """int64 (B,); -1 where the label is unknown (a test split without answers)."""
    boxes: NotRequired[Tensor]
    """float32 (B, T, K, 4), of a set with proposals: see :mod:`gta.data.proposals`."""
    index: Tensor
    """int64 (B,): position in the split's list of clips."""
    view: NotRequired[Tensor]
    """int64 (B,): number of the view, in evaluation with more than one; see :func:`gta.config.views.view_list`."""
    unreadable: NotRequired[Tensor]
    """bool (B,), in evaluation that allows unreadable clips: the video is black and must be counted as wrong."""
    replaced: NotRequired[Tensor]
    """int64 (B, ATTEMPTS), in training: clips that could not be read, or -1; the loader takes it out."""


class ClipDataset(Dataset[Batch]):
    """One split; training clips are augmented, evaluation clips are seen in fixed views."""

    def __init__(
        self,
        split: Split,
        data: DataConfig,
        seed: int,
        training: bool,
        cache: NDArray[np.uint8] | None = None,
        views: Sequence[ViewsConfig] = (ViewsConfig(),),
        reader: Reader | None = None,
        allow_unreadable: bool = False,
        proposals: Proposals | None = None,
    ) -> None:
        """Make the data set.

        Args:
            split: the clips; for training each must have a label.
            data: how frames are taken and augmented.
            seed: of the augmentation.
            training: augment or not.
            cache: the decoded split (clips, L, H, W, 3); without it the videos are decoded as they are asked for.
            views: of evaluation.
            reader: how videos are decoded.
            allow_unreadable: mark clips of the evaluation that cannot be read; otherwise they are errors.
            proposals: of the clips, for a head that reads them.

        Raises:
            UserError: a training clip has no label.
        """
        unlabelled = [clip.id for clip in split.clips if clip.label is None]
        if training and unlabelled:
            raise UserError(f"{len(unlabelled)} clips, such as {unlabelled[0]}, have no label to train on")
        self.split, self.data, self.seed, self.training = split, data, seed, training
        self.views: tuple[View, ...] = (_WHOLE,) if training else view_list(views)
        self.crop = data.crop if training else data.tested
        self._reader = reader or choose_reader()
        self._allow_unreadable = allow_unreadable and not training
        self._cache, self._proposals = cache, proposals
        self._labels = torch.tensor(
            [UNKNOWN if clip.label is None else clip.label for clip in split.clips], dtype=torch.int64
        )
        self._flips = np.array([training and transforms.may_flip(clip.template) for clip in split.clips], bool)
        self._paths = PackedPaths(clip.path for clip in split.clips)

    def __len__(self) -> int:
        """Number of clips."""
        return len(self._paths)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a loader's worker needs: all but the clips as objects."""
        return {name: value for name, value in self.__dict__.items() if name != "split"}

    def __getitem__(self, key: Key) -> Batch:
        """Return one sample as a batch of one."""
        return self.__getitems__([key])

    def __getitems__(self, keys: Sequence[Key]) -> Batch:
        """Return a whole batch; the loader's ``collate_fn`` has nothing left to do.

        Raises:
            UserError: a clip of the evaluation cannot be read, or several of the training in turn.
        """
        video = np.empty((len(keys), self.data.frames, self.crop, self.crop, self.data.channels), np.uint8)
        count = 0 if self._proposals is None else self._proposals.count
        boxes = np.empty((len(keys), self.data.frames, count, 4), np.float32)
        shown = [key[1] for key in keys]
        lost = np.full((len(keys), ATTEMPTS), -1, np.int64)
        if self.training:
            for row, key in enumerate(keys):
                shown[row] = self._fill_training(video[row], boxes[row], key[0], key[1], lost[row])
        else:
            for index, group in groupby(range(len(keys)), key=lambda row: keys[row][1]):
                rows = list(group)
                self._fill_views(video, boxes, rows, index, [_view(keys[row]) for row in rows], lost)
        at = torch.tensor(shown, dtype=torch.int64)
        batch: Batch = {"video": torch.from_numpy(video).permute(0, 4, 1, 2, 3), "label": self._labels[at], "index": at}
        if len(self.views) > 1:
            batch["view"] = torch.tensor([_view(key) for key in keys], dtype=torch.int64)
        if count:
            batch["boxes"] = torch.from_numpy(boxes)
        if self._allow_unreadable:
            batch["unreadable"] = torch.from_numpy(lost[:, 0] >= 0)
        if self.training:
            batch["replaced"] = torch.from_numpy(lost)
        return batch

    # ------------------------------------------------------------------------------------ training
    def _fill_training(self, row: Frames, boxes: Boxes, epoch: int, index: int, lost: NDArray[np.int64]) -> int:
        """Write one augmented clip, or another one when it cannot be read; return the index of the one shown."""
        for attempt in range(ATTEMPTS):
            try:
                self._augment(row, boxes, epoch, index)
                return index
            except ClipError as error:
                lost[attempt] = index
                rng = np.random.default_rng((self.seed, epoch, index, attempt + 1))
                index = (index + 1 + int(rng.integers(max(len(self) - 1, 1)))) % len(self)  # any but itself
                last = error
        raise UserError(f"{ATTEMPTS} clips in turn cannot be read; the last: {last}")

    def _augment(self, row: Frames, boxes: Boxes, epoch: int, index: int) -> None:
        """Write one clip into (T, crop, crop, C) and its proposals into (T, K, 4)."""
        data = self.data

        def sample(video: Video) -> tuple[np.random.Generator, Frames, NDArray[np.int64], int]:
            # The generator begins here, not outside: a damaged video is sampled anew when its length turns out.
            rng = np.random.default_rng((self.seed, epoch, index))
            indices = self._indices(video.length, _WHOLE, rng)
            return rng, video.take(indices), indices, video.length

        # Recorded runs rest on the order of the draws: frames, box, flip, colours.
        rng, frames, indices, length = self._read(index, sample)
        if data.short_side is not None:
            box = transforms.jitter_box(rng, _size(frames), data.crop, data.short_side, data.jitter)
        else:
            frames = transforms.scale(frames, data.resize)
            scales = transforms.SCALES if data.modality == "rgb" else transforms.FLOW_SCALES
            box = transforms.training_box(rng, _size(frames), data.crop, data.augment, scales)
        # The number is drawn for every clip, also for those that are spared, so that the colours do not depend on it.
        flip = rng.random() < data.flip and self._flips[index]
        if self._proposals is not None:
            boxes[:] = self._proposals.seen(index, indices, length, _size(frames), box, bool(flip))
        frames = transforms.resize(box.cut(frames), data.crop)
        if data.colour:
            frames = transforms.jitter_colour(rng, frames, data.colour)
        if data.modality == "flow":
            row[:] = flow.stacked(flow.mirrored(frames) if flip else frames)
        else:
            row[:] = frames[:, :, ::-1] if flip else frames

    # ---------------------------------------------------------------------------------- evaluation
    def _fill_views(
        self, out: Frames, boxes: Boxes, rows: Sequence[int], index: int, views: Sequence[int], lost: NDArray[np.int64]
    ) -> None:
        """Write views of one clip, which is read once, into rows of (B, T, crop, crop, C) and of (B, T, K, 4)."""
        chosen = [self.views[view] for view in views]

        def sample(video: Video) -> tuple[Frames, list[NDArray[np.int64]], NDArray[np.int64], int]:
            """Take every frame that a view shows once; return also where each view finds its own among them."""
            indices = [self._indices(video.length, view) for view in chosen]
            union = np.unique(np.concatenate(indices))
            return video.take(union), [np.searchsorted(union, of_view) for of_view in indices], union, video.length

        try:
            frames, places, numbers, length = self._read(index, sample)
        except ClipError:
            if not self._allow_unreadable:
                raise
            out[rows], boxes[rows], lost[rows, 0] = 0, proposals.WHOLE, index
            return
        if self.data.test_side is None:
            frames = transforms.scale(frames, self.data.resize)
        for row, view, place in zip(rows, chosen, places, strict=True):
            box = self._box(frames, view)
            if self._proposals is not None:
                boxes[row] = self._proposals.seen(index, numbers[place], length, _size(frames), box)
            seen = transforms.resize(box.cut(frames)[place], self.crop)
            out[row] = flow.stacked(seen) if self.data.modality == "flow" else seen

    def _box(self, frames: Frames, view: View) -> Box:
        size, side = _size(frames), self.crop
        if self.data.test_side is not None:
            side = transforms.side_of_crop(size, self.crop, self.data.test_side)
        return transforms.view_box(size, side, side, view.crop, view.crops)

    # --------------------------------------------------------------------------------------- parts
    def _indices(self, length: int, view: View, rng: np.random.Generator | None = None) -> NDArray[np.int64]:
        """Return the numbers of the frames or fields of flow that are shown; with ``rng`` those of training."""
        if self.data.modality == "flow":
            return flow.following(self._first(flow.starts(length), view, rng), length)
        return self._first(length, view, rng)

    def _first(self, length: int, view: View, rng: np.random.Generator | None) -> NDArray[np.int64]:
        if self.data.sampling == "dense":
            return dense_indices(length, self.data.frames, self.data.stride, rng, view.clip, view.clips)
        choose = span_indices if self.data.sampling == "spans" else segment_indices
        return choose(length, self.data.frames, rng, view.clip, view.clips)

    def _read(self, index: int, sample: Callable[[Video], T]) -> T:
        """Return what ``sample`` takes from a clip; see :meth:`Reader.read`."""
        if self._cache is not None:
            return sample(Stored(self._cache[index]))
        data = self.data
        size = data.resize if data.drawn else None  # as the cache of a drawn set is decoded
        side = max(data.short_side or (0,)) if self.training else data.test_side or 0
        floor = (side, side) if side else data.resize
        return self._reader.read(self._paths[index], sample, size, floor)


def _view(key: Key) -> int:
    return key[2] if len(key) == 3 else 0


def _size(frames: Frames) -> tuple[int, int]:
    return frames.shape[1], frames.shape[2]
