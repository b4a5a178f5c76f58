"""The scores that a run leaves for every clip of a split, view by view.

``scores.npz`` (the run's evaluation split) and ``scores-<split>.npz`` (further ones) hold ``clip_ids`` (N,), ``labels``
(N,), ``scores`` (V, N, classes) of log-probabilities and ``views`` (V, 4): view v is the ``clip``-th of ``clips``
temporal clips and the ``crop``-th of ``crops`` spatial crops. Without ``views`` there is one view, 1 x 1.

Shape legend: V views, N clips, K classes.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gta.config import EvaluationSplit, ViewsConfig
from gta.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Scores:
    """The content of a scores file, clips in the order of their ids."""

    path: Path
    clip_ids: NDArray[np.str_]
    labels: NDArray[np.int64]
    scores_VNK: NDArray[np.floating]
    views: tuple[tuple[int, int, int, int], ...]
    """Clips, crops, clip and crop of each view."""

    def of(self, wanted: ViewsConfig) -> NDArray[np.floating]:
        """Return the scores (clips x crops, N, K) of the views of ``wanted``.

        Raises:
            UserError: one of them was not scored.
        """
        chosen = [i for i, view in enumerate(self.views) if view[:2] == (wanted.clips, wanted.crops)]
        expected = wanted.clips * wanted.crops
        if len({self.views[i] for i in chosen}) != expected or len(chosen) != expected:
            raise UserError(f"{self.path}: has {len(chosen)} of the {wanted.clips} x {wanted.crops} views")
        return self.scores_VNK[chosen]


def scores_path(folder: Path, split: EvaluationSplit, own: EvaluationSplit) -> Path:
    """Return the scores file of a split in a run's folder; ``own`` is the split of the run's own figures."""
    return folder / ("scores.npz" if split == own else f"scores-{split}.npz")


def read_scores(path: Path) -> Scores:
    """Read a scores file.

    Raises:
        UserError: it is missing, torn, or its arrays do not fit together.
    """
    import numpy as np

    if not path.exists():
        raise UserError(f"{path}: the scores of a finished run are missing; commit them with its result.json")
    try:
        with np.load(path, allow_pickle=False) as stored:
            ids, labels, scores = stored["clip_ids"].astype(str), stored["labels"], stored["scores"]
            views = stored["views"] if "views" in stored else np.ones((1, 4), dtype=np.int16) * (1, 1, 0, 0)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: unreadable: {error}") from error
    if scores.ndim != 3 or scores.shape[:2] != (len(views), len(ids)) or labels.shape != ids.shape:
        raise UserError(
            f"{path}: scores {scores.shape} do not fit {len(views)} views, {len(ids)} clips and {len(labels)} labels"
        )
    order = np.argsort(ids, kind="stable")
    listed = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in views)
    return Scores(path, ids[order], labels[order].astype(np.int64), scores[:, order], listed)
