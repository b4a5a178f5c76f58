"""Accuracies from scores: views and models averaged, top-1, top-5, by class, by kind of template, within order pairs.

Legend: V views, N clips, classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gta.scoring.percentages import Accuracies

UNKNOWN = -1
"""Label of a clip of a test split without answers."""


def merge_views(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average the probabilities of the views of a clip.

    Args:
        scores: (V, N, classes) log-probabilities.

    Returns:
        (N, classes) probabilities.
    """
    merged: NDArray[np.float64] = np.exp(scores.astype(np.float64)).mean(axis=0)
    return merged


def merge_models(members: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Average the probabilities (N, classes) of several models for the same clips."""
    if len({member.shape for member in members}) != 1:
        raise ValueError(f"models of an ensemble scored different clips: {[member.shape for member in members]}")
    merged: NDArray[np.float64] = np.mean([np.asarray(member, np.float64) for member in members], axis=0)
    return merged


def rank(probabilities: NDArray[np.floating], k: int) -> NDArray[np.intp]:
    """Return the ``k`` most probable classes of each clip (N, k), best first; ties go to the lower class."""
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :k]


def label_places(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many classes stand before the label of each clip (N,), 0 for a hit; ties go to the lower class."""
    places: NDArray[np.int64] = (rank(probabilities, probabilities.shape[1]) == labels[:, None]).argmax(axis=1)
    return places


def _within(places: NDArray[np.int64], k: int) -> float:
    return float((places < k).mean() * 100)


def pair_hits(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64], partner: Mapping[int, int]
) -> NDArray[np.float64]:
    """Return for each clip of an order pair whether it beats its reversal; an exact tie counts one half.

    Args:
        probabilities: (N, classes).
        labels: (N,).
        partner: class of the time-reversed template, by class.

    Returns:
        (clips of order pairs,) of 0, 0.5 or 1.
    """
    paired = np.isin(labels, list(partner))
    own = labels[paired]
    other = np.array([partner[int(label)] for label in own], dtype=np.int64)
    rows = np.flatnonzero(paired)
    difference = probabilities[rows, own] - probabilities[rows, other]
    hits: NDArray[np.float64] = (np.sign(difference) + 1) / 2
    return hits


def accuracies(
    scores: NDArray[np.floating],
    labels: NDArray[np.int64],
    kinds: Sequence[str] = (),
    partner: Mapping[int, int] | None = None,
) -> Accuracies:
    """Summarise the scores of a split.

    Args:
        scores: (V, N, classes) log-probabilities.
        labels: (N,).
        kinds: kind of each class's template; empty when the data set has none.
        partner: class of the time-reversed template, by class.
    """
    return summarise(merge_views(scores), labels, kinds, partner)


def summarise(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.int64],
    kinds: Sequence[str] = (),
    partner: Mapping[int, int] | None = None,
) -> Accuracies:
    """Summarise probabilities (N, classes), merged over views and models; see :func:`accuracies`."""
    hits = pair_hits(probabilities, labels, partner) if partner else np.array([])
    return count(labels, label_places(probabilities, labels), hits, kinds)


def count(
    labels: NDArray[np.int64], places: NDArray[np.int64], hits: NDArray[np.floating], kinds: Sequence[str] = ()
) -> Accuracies:
    """Count accuracies.

    Args:
        labels: (N,).
        places: of the labels (N,), see :func:`label_places`.
        hits: of the clips of order pairs, see :func:`pair_hits`.
        kinds: kind of each class's template; empty when the data set has none.
    """
    kind_of_clip = np.array(kinds)[labels] if kinds else np.array([])
    by_kind = {
        kind: _within(places[kind_of_clip == kind], 1) for kind in dict.fromkeys(kinds) if (kind_of_clip == kind).any()
    }
    return Accuracies(
        n_val=len(labels),
        top1=_within(places, 1),
        top5=_within(places, 5),
        kinds=by_kind,
        pair_accuracy=float(hits.mean() * 100) if len(hits) else None,
    )
