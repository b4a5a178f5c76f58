"""The scores of a split on disk, so that views, ensembles and classes are studied without another forward pass.

``scores.npz`` of a run (``scores-test.npz`` for another split) is compressed and holds, without pickle:

* ``clip_ids`` (N,) text;
* ``labels`` (N,) int64, -1 where the answer is not public;
* ``scores_bytes`` (2, V, N, classes) uint8, the low and the high bytes of little-endian float16 log-probabilities,
  which take a tenth less room apart than side by side; a file may hold ``scores`` (V, N, classes) float16 instead;
* ``views`` (V, 4) int16, one line a view: clips, crops, clip, crop, see
  :func:`gta.config.views.view_table`. Files of one view may lack it: the middle clip, cropped in the centre.

Runs of the second study keep a compact file in its place, see :mod:`gta.scoring.compact`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gta.config import ViewsConfig
from gta.config.views import select_views, view_table
from gta.errors import UserError
from gta.files import array_of, read_arrays, write_arrays
from gta.scoring.accuracy import UNKNOWN, merge_models, merge_views
from gta.scoring.answers import Answers, answer
from gta.scoring.compact import UNITS, CompactScores, unpack

ROUNDING = 0.01
"""No log-probability is above 0 by more."""


@dataclass(frozen=True)
class StoredScores:
    """What a scores file holds."""

    clip_ids: NDArray[np.str_]
    """(N,)."""
    labels: NDArray[np.int64]
    """(N,)."""
    scores: NDArray[np.float16]
    """(V, N, classes) log-probabilities."""
    views: NDArray[np.int16]
    """(V, 4)."""

    @property
    def labelled(self) -> bool:
        """Whether the answers of all clips are known."""
        return bool((self.labels != UNKNOWN).all())

    @property
    def classes(self) -> int:
        """How many classes were scored."""
        return int(self.scores.shape[2])

    def of(self, views: ViewsConfig) -> NDArray[np.float16]:
        """Return the log-probabilities of some of the views, (V', N, classes).

        Raises:
            ValueError: they were not scored.
        """
        return self.scores[select_views(self.views, views)]

    def probabilities(self, views: ViewsConfig) -> NDArray[np.float64]:
        """Return the probabilities averaged over some of the views, (N, classes).

        Raises:
            ValueError: they were not scored.
        """
        return merge_views(self.of(views))

    def units(self, views: ViewsConfig) -> NDArray[np.uint16]:
        """Return the probabilities averaged over some of the views in whole :data:`UNITS`, (N, classes).

        Raises:
            ValueError: they were not scored.
        """
        units: NDArray[np.uint16] = np.rint(np.minimum(self.probabilities(views), 1) * UNITS).astype(np.uint16)
        return units

    def answers(self, views: ViewsConfig, partner: Mapping[int, int]) -> Answers:
        """Return the answers to the clips over some of the views; ``partner`` as in ``answer``.

        Raises:
            ValueError: they were not scored.
        """
        return answer(self.clip_ids, self.labels, self.probabilities(views), partner)


Scores: TypeAlias = StoredScores | CompactScores
"""What a scores file may hold."""


def scores_name(split: str | None = None) -> str:
    """Return the file name of the scores of the run's own evaluation split (None), or of another one."""
    return "scores.npz" if split is None else f"scores-{split}.npz"


def scores_of(split: str, own: str) -> str:
    """Return the file name of the scores of a split in a run that evaluates ``own``, its validation clips."""
    return scores_name(None if split in ("validation", own) else split)


def write_scores(path: Path, stored: StoredScores) -> None:
    """Write a scores file atomically.

    Raises:
        UserError: the folder cannot be written.
    """
    pairs = np.ascontiguousarray(stored.scores, "<f2")[..., None].view(np.uint8)
    arrays = {"clip_ids": stored.clip_ids, "labels": stored.labels, "scores_bytes": np.moveaxis(pairs, -1, 0)}
    if not np.array_equal(stored.views, view_table([ViewsConfig()])):
        arrays["views"] = stored.views
    write_arrays(path, arrays)


def read_scores(path: Path) -> Scores:
    """Read a scores file, whole or compact.

    Raises:
        UserError: it is missing, torn, or its arrays are not of their types and ranges or do not fit each other.
    """
    stored = read_arrays(path)
    try:
        if "answers" in stored:
            return unpack(path, stored)
        ids, labels = array_of(stored, "clip_ids", 1, "U"), array_of(stored, "labels", 1, "iu")
        if "scores" in stored:
            scores = array_of(stored, "scores", 3, "f").astype(np.float16, copy=False)
        else:
            scores = _joined(array_of(stored, "scores_bytes", 4, "u"))
        views = array_of(stored, "views", 2, "i") if "views" in stored else view_table([ViewsConfig()])
        _check(ids, labels, scores, views)
    except ValueError as error:
        raise UserError(f"{path} is no file of scores: {error}") from error
    return StoredScores(ids, labels.astype(np.int64), scores, views)


def _check(ids: NDArray[Any], labels: NDArray[Any], scores: NDArray[np.float16], views: NDArray[Any]) -> None:
    if scores.shape[:2] != (len(views), len(ids)) or labels.shape != ids.shape or views.shape[1] != 4:
        shapes = f"clip_ids {ids.shape}, labels {labels.shape}, scores {scores.shape}, views {views.shape}"
        raise ValueError(f"the arrays do not fit each other: {shapes}")
    if labels.min() < UNKNOWN or labels.max() >= scores.shape[2]:
        raise ValueError(f"labels from {labels.min()} to {labels.max()}, scores of {scores.shape[2]} classes")
    if not scores.max() <= ROUNDING:  # nor is nan
        raise ValueError(f"the largest log-probability is {scores.max()}")


def _joined(planes: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Return the float16 numbers whose low and high bytes are the two ``planes``."""
    if planes.dtype != np.uint8 or len(planes) != 2:
        raise ValueError(f"scores_bytes is {planes.dtype} {planes.shape}, expected the two bytes of every score")
    low, high = planes
    joined: NDArray[np.float16] = np.stack((low, high), axis=-1).view("<f2")[..., 0].astype(np.float16)
    return joined


def ensemble(members: Sequence[tuple[Scores, ViewsConfig]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Average the probabilities of several runs, each over its own views, clip by clip.

    Those of each run are whole :data:`UNITS`, so that compact scores give the same to the last digit.

    Args:
        members: scores and views of each; the clips may stand in different orders.

    Returns:
        Probabilities (N, classes) and labels (N,) in the order of the first member's clips.

    Raises:
        ValueError: the members scored different clips or have other labels for them.
        UserError: compact scores of a member are without its probabilities.
    """
    first = members[0][0]
    order = np.argsort(first.clip_ids, kind="stable")
    merged = []
    for stored, views in members:
        own = np.argsort(stored.clip_ids, kind="stable")
        same = np.array_equal(stored.clip_ids[own], first.clip_ids[order])
        if not same or not np.array_equal(stored.labels[own], first.labels[order]):
            raise ValueError("the members of an ensemble scored different clips, or the same under other labels")
        at = np.empty_like(own)
        at[order] = own
        merged.append(stored.units(views)[at].astype(np.float64))
    return merge_models(merged) / UNITS, first.labels
