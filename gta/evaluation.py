"""Accuracies from stored scores: top-1, top-5, by kind of template, within order pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Accuracies:
    """Percentages over the clips of a split."""

    n_val: int
    top1: float
    top5: float
    kinds: dict[str, float]
    """Top-1 among the clips whose template is of the kind; all classes compete."""
    pair_accuracy: float | None
    """Among clips of order pairs, with only the two templates of the pair competing; chance is 50."""


def merge_views(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average the probabilities of the views of a clip.

    Args:
        scores: (V, N, classes) log-probabilities.

    Returns:
        (N, classes) probabilities.
    """
    merged: NDArray[np.float64] = np.exp(scores.astype(np.float64)).mean(axis=0)
    return merged


def top_k(probabilities: NDArray[np.floating], labels: NDArray[np.int64], k: int) -> float:
    """Return the percentage of clips whose label is among the ``k`` highest; ties go to the lower class."""
    ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((ranked == labels[:, None]).any(axis=1).mean() * 100)


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
    probabilities = merge_views(scores)
    kind_of_clip = np.array(kinds)[labels] if kinds else np.array([])
    by_kind = {
        kind: top_k(probabilities[kind_of_clip == kind], labels[kind_of_clip == kind], 1)
        for kind in dict.fromkeys(kinds)
        if (kind_of_clip == kind).any()
    }
    hits = pair_hits(probabilities, labels, partner) if partner else np.array([])
    return Accuracies(
        n_val=len(labels),
        top1=top_k(probabilities, labels, 1),
        top5=top_k(probabilities, labels, 5),
        kinds=by_kind,
        pair_accuracy=float(hits.mean() * 100) if len(hits) else None,
    )
