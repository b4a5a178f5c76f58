"""What a model answered to the clips of a split. Accuracies, kinds, pairs and confusions are counted from it alone.

Legend: N clips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gta.scoring.accuracy import count, label_places, pair_hits, rank
from gta.scoring.percentages import Accuracies

NO_PAIR = 255
"""In :attr:`Answers.pairs`: the clip's template has no reversal."""


@dataclass(frozen=True)
class Answers:
    """What each clip was answered, in the order of the clip ids."""

    clip_ids: NDArray[np.str_]
    """(N,)."""
    labels: NDArray[np.int64]
    """(N,)."""
    predicted: NDArray[np.int64]
    """(N,) the most probable class; ties go to the lower one."""
    places: NDArray[np.int64]
    """(N,) how many classes stand before the label, 0 for a hit; ties go to the lower class."""
    pairs: NDArray[np.uint8]
    """(N,) whether a clip of an order pair beats its reversal, in halves: 0, 1 for an exact tie, 2; else NO_PAIR."""

    def accuracies(self, kinds: Sequence[str] = ()) -> Accuracies:
        """Summarise the answers; ``kinds`` as in :func:`gta.scoring.accuracy.accuracies`."""
        return count(self.labels, self.places, self.pairs[self.pairs != NO_PAIR] / 2, kinds)


def answer(
    clip_ids: NDArray[np.str_],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    partner: Mapping[int, int],
) -> Answers:
    """Return what probabilities (N, classes), merged over views and models, answer.

    Args:
        clip_ids: (N,).
        labels: (N,), all known.
        probabilities: (N, classes).
        partner: class of the time-reversed template, by class.
    """
    order = np.argsort(clip_ids, kind="stable")
    ids, own, sorted_NK = clip_ids[order], labels[order].astype(np.int64), probabilities[order]
    pairs = np.full(len(own), NO_PAIR, np.uint8)
    pairs[np.isin(own, list(partner))] = 2 * pair_hits(sorted_NK, own, partner)
    return Answers(ids, own, rank(sorted_NK, 1)[:, 0].astype(np.int64), label_places(sorted_NK, own), pairs)
