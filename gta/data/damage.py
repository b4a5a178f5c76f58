"""What happens to clips that cannot be read.

Training shows another clip in the place of one that cannot be read, chosen by (seed, epoch, index), and counts and
names it; too many of them stop the run. Evaluation never drops or replaces a clip.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from gta.data.splits import Split
from gta.errors import UserError

ATTEMPTS = 3
"""So many clips in turn are tried for one place in a batch."""
LIMIT = 0.001
"""Largest part of the clips read that may be replaced."""
_LOG = logging.getLogger(__name__)


class Damage:
    """Counts what was read and what was replaced, in the process that trains, whatever the workers."""

    def __init__(self, split: Split) -> None:
        """Begin at nothing."""
        self.split = split
        self.read = 0
        self.replaced = 0
        self.names: dict[str, int] = {}
        """How often each clip was replaced, by id."""

    def add(self, names: Mapping[str, int]) -> None:
        """Take over how often another process has replaced each clip."""
        for name, count in names.items():
            self.names[name] = self.names.get(name, 0) + count

    def note(self, unreadable: list[list[int]]) -> None:
        """Take down a batch: for each sample the indices of the clips that could not be read, padded with -1.

        Raises:
            UserError: more than 0.1 % of the clips read so far (an epoch's worth at least) had to be replaced.
        """
        self.read += len(unreadable)
        for index in (index for sample in unreadable for index in sample if index >= 0):
            clip = self.split.clips[index]
            if clip.id not in self.names:
                _LOG.warning("%s cannot be read; training shows another clip in its place", clip.path)
            self.names[clip.id] = self.names.get(clip.id, 0) + 1
            self.replaced += 1
        if self.replaced > LIMIT * max(self.read, len(self.split.clips)):
            first = self.split.clips[next(i for sample in unreadable for i in sample if i >= 0)]
            raise UserError(
                f"{self.replaced} of {self.read} clips could not be read, the last one {first.path}: more than "
                f"{LIMIT:.1%}; run `python -m gta.data.check` on the data set and download what it names"
            )
