"""The order of an epoch as a function of (seed, epoch) alone, whatever the workers and the restarts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

Key = tuple[int, int] | tuple[int, int, int]
"""(epoch, index of the clip): all that a training sample depends on, beside the seed; then the view's number."""


class EpochSampler(Sampler[Key]):
    """Yields (epoch, index), or (epoch, index, view); Lightning announces each epoch by :meth:`set_epoch`.

    Several processes share an epoch as ``rank::world``. A shuffled (training) epoch is cut to equal shares; an
    ordered (evaluation) one is not padded, so every view of every clip is seen exactly once; the views of a clip
    stay together, for they are read in one go.
    """

    def __init__(
        self,
        length: int,
        seed: int,
        shuffle: bool,
        start_epoch: int = 0,
        rank: int = 0,
        world: int = 1,
        views: int = 1,
    ) -> None:
        """Make the sampler of process ``rank`` of ``world`` for a data set of ``length`` clips with ``views`` each."""
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} is not within 0..{world - 1}")
        self.length, self.seed, self.shuffle, self.views = length, seed, shuffle, views
        self.epoch, self.rank, self.world = start_epoch, rank, world

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration yields."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Number of samples of this process."""
        return self._clips() * self.views

    def __iter__(self) -> Iterator[Key]:
        """Yield this process's share of the epoch."""
        epoch = self.epoch
        order = np.arange(self.length)
        if self.shuffle:
            order = np.random.default_rng((self.seed, epoch)).permutation(self.length)
        for index in order[self.rank :: self.world][: self._clips()]:
            if self.views == 1:
                yield epoch, int(index)
            else:
                yield from ((epoch, int(index), view) for view in range(self.views))

    def _clips(self) -> int:
        if self.shuffle:
            return self.length // self.world
        return len(range(self.rank, self.length, self.world))
