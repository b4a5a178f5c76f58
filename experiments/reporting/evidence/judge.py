"""From stored scores to what a row gets right, clip by clip: single runs, further views and splits, ensembles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.store.result import Result, check_recorded
from gta.config import ViewsConfig
from gta.data.drawn.templates import TEMPLATES, kinds_and_partners
from gta.errors import UserError
from gta.scoring.answers import answer
from gta.scoring.percentages import Accuracies
from gta.scoring.scores import ensemble, read_scores

COUNTED = ("top1", "top5", "order", "pair_accuracy", "motion", "static")
TOLERANCE = 1e-6
"""In percent; the same numbers are counted from the same file, so that only rounding may differ."""
EMBEDDED_LABELS = tuple(sorted(template.name for template in TEMPLATES))


@dataclass(frozen=True)
class Member:
    """The scores of a trained run that a row is judged by."""

    path: Path
    views: ViewsConfig
    recorded: tuple[str, ...]
    """Digests of the file in the run's result, see :func:`check_recorded`."""


@dataclass(frozen=True)
class Judged:
    """What the class probabilities of a row say of every clip, in the order of the clip ids."""

    clip_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    accuracies: Accuracies

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Whether each clip is right at top-1, (N,)."""
        hits: NDArray[np.bool_] = self.predicted == self.labels
        return hits


def judge(members: Sequence[Member], classes: int, embedded: bool) -> Judged:
    """Judge every clip by one member's answers, or by the averaged probabilities of several, each over its views.

    Args:
        members: one, or those whose probabilities are averaged.
        classes: of their models.
        embedded: whether the classes are the embedded data set's templates.

    Raises:
        UserError: a file is missing or torn, a view was not scored, an answer is not public, or clips differ.
    """
    read = []
    for member in members:
        check_recorded(member.path, member.recorded)
        stored = read_scores(member.path)
        if stored.classes != classes:
            raise UserError(f"{member.path}: scores of {stored.classes} classes, its model has {classes}")
        read.append((stored, member.views))
    path = members[0].path
    first = read[0][0]
    if not first.labelled:
        raise UserError(f"{path}: the labels of these clips are not public; their accuracy is unknown")
    if len(set(first.clip_ids.tolist())) != len(first.clip_ids):
        raise UserError(f"{path}: a clip stands twice")
    kinds, partner = kinds_and_partners_of(embedded)
    try:
        if len(read) == 1:
            found = first.answers(read[0][1], partner)
        else:
            probabilities_NK, labels = ensemble(read)
            found = answer(first.clip_ids, labels, probabilities_NK, partner)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    return Judged(tuple(found.clip_ids.tolist()), found.labels, found.predicted, found.accuracies(kinds))


def kinds_and_partners_of(embedded: bool) -> tuple[tuple[str, ...], dict[int, int]]:
    """Return :func:`kinds_and_partners` of the embedded data set, or those of any other one."""
    return kinds_and_partners(EMBEDDED_LABELS if embedded else ())


def disagreement(result: Result, judged: Judged) -> str | None:
    """Return what of ``result`` does not follow from the scores of its clips, or None when all of it does."""
    stated, counted = result.accuracies, judged.accuracies
    if len(judged.clip_ids) != stated.n_val:
        return f"the scores hold {len(judged.clip_ids)} clips, result.json says {stated.n_val}"
    if stated.kinds.keys() != counted.kinds.keys():
        return f"the scores give the kinds {sorted(counted.kinds)}, result.json says {sorted(stated.kinds)}"
    for name in COUNTED:
        said, own = stated.by_metric().get(name), counted.by_metric().get(name)
        if (said is None) != (own is None) or not math.isclose(said or 0, own or 0, abs_tol=TOLERANCE):
            return f"the scores give {name} {own}, result.json says {said}"
    return None
