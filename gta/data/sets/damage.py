"""Count, name and limit the training clips that cannot be read.

Training shows another clip in the place of one that cannot be read, chosen by (seed, epoch, index), and counts and
names it; too many of them stop the run. Evaluation never drops or replaces a clip.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from gta.data.sets.splits import Split
from gta.errors import UserError
from gta.variables import read_variables

ATTEMPTS = 10
"""So many clips in turn are tried for one place in a batch; with 6 of 1000 broken, a long run meets three by chance."""
LIMIT = 0.001
"""Largest part of the clips read that may be replaced, unless ``GTA_DAMAGED`` says otherwise."""
_LOG = logging.getLogger(__name__)


def damage_limit() -> float | None:
    """Return what ``GTA_DAMAGED`` allows; None when it is not set.

    Raises:
        UserError: it is no part of the whole.
    """
    text = (read_variables().damaged or "").strip()
    if not text:
        return None
    match = re.fullmatch(r"(\d*\.?\d+) *(%?)", text, re.ASCII)
    limit = float(match[1]) / (100 if match[2] else 1) if match else 2.0
    if limit > 1:
        raise UserError(f"GTA_DAMAGED is {text!r}; expected the part of the clips that may be replaced, as 0.01 or 1%")
    return limit


class Damage:
    """Counts what was read and what was replaced, in the process that trains, whatever the workers."""

    def __init__(self, split: Split, limit: float | None = None) -> None:
        """Begin at nothing.

        Args:
            split: of the training.
            limit: largest part of the clips read that may be replaced.
        """
        self.split = split
        self.limit = LIMIT if limit is None else limit
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
            UserError: more than the limit of the clips read so far (an epoch's worth at least) had to be replaced.
        """
        self.read += len(unreadable)
        for index in (index for sample in unreadable for index in sample if index >= 0):
            clip = self.split.clips[index]
            if clip.id not in self.names:
                _LOG.warning("%s cannot be read; training shows another clip in its place", clip.path)
            self.names[clip.id] = self.names.get(clip.id, 0) + 1
            self.replaced += 1
        if self.replaced > self.limit * max(self.read, len(self.split.clips)):
            first = self.split.clips[next(i for sample in unreadable for i in sample if i >= 0)]
            raise UserError(
                f"{self.replaced} of {self.read} clips could not be read, the last one {first.path}: more than "
                f"{100 * self.limit:g}% of them; run `python -m gta.data.check` on the data set and download what it "
                f"names, or allow a larger part, such as GTA_DAMAGED={self._enough():g}"
            )

    def _enough(self) -> float:
        """Return a round limit that this training would stay below."""
        part = self.replaced / max(self.read, len(self.split.clips))
        return next((limit for limit in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if limit > max(2 * part, self.limit)), 1.0)
