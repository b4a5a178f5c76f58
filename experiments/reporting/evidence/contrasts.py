"""Differences between the rows of a table: paired over clips and seeds, with an interval and what could be detected."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from experiments.reporting.evidence.bootstrap import each_replicate_means
from experiments.reporting.evidence.collect import TableData, judge_row, same_start
from experiments.reporting.evidence.verdicts import ALPHA, MIN_SEEDS
from experiments.store.store import Store
from experiments.study.claims import Contrast
from gta.config import EvaluationSplit
from gta.errors import UserError

POWER = 0.8


@dataclass(frozen=True)
class Difference:
    """A contrast of rows, in points of top-1."""

    contrast: Contrast
    value: float
    low: float
    high: float
    detectable: float
    """The smallest difference that would be found with 80 % power."""
    seeds: tuple[int, ...]
    """Those that all of its rows have and that started from the same weights."""
    clips: int
    unlike: tuple[int, ...]
    """Seeds that are left out, because their rows started from different weights."""
    replicates: NDArray[np.float64] = field(compare=False, repr=False)


class Differences:
    """The differences between the rows of one table; what a row gets right is read once."""

    def __init__(self, data: TableData, store: Store, split: EvaluationSplit | None = None) -> None:
        """Read nothing yet; ``split`` takes the place of every row's own, if it is given."""
        self._data, self._store, self._split = data, store, split
        self._hits: dict[tuple[str, int], tuple[tuple[str, ...], NDArray[np.bool_]]] = {}

    def of(self, contrast: Contrast) -> Difference:
        """Return a contrast over all seeds that its rows share.

        Raises:
            UserError: a row was not run, or its runs cannot be compared; the message is for a page.
        """
        return self.several([contrast])[0]

    def several(self, contrasts: Sequence[Contrast]) -> list[Difference]:
        """Return contrasts over the same clips, faster than one by one.

        Raises:
            UserError: as :meth:`of`.
        """
        wholes = [self._whole(contrast) for contrast in contrasts]
        drawn = each_replicate_means([whole_SN for whole_SN, _, _ in wholes])
        found = []
        for contrast, (whole_SN, seeds, unlike), means in zip(contrasts, wholes, drawn, strict=True):
            unit = 100 / _parts(contrast)
            replicates = means * unit
            low, high = (float(end) for end in np.quantile(replicates, [ALPHA / 2, 1 - ALPHA / 2]))
            found.append(
                Difference(
                    contrast,
                    float(whole_SN.mean()) * unit,
                    low,
                    high,
                    detectable(replicates),
                    seeds,
                    whole_SN.shape[1],
                    unlike,
                    replicates,
                )
            )
        return found

    def shared(self, *names: str) -> bool:
        """Return whether rows can be compared on enough seeds."""
        try:
            return len(self._seeds(names)[0]) >= MIN_SEEDS
        except UserError:
            return False

    def _whole(self, contrast: Contrast) -> tuple[NDArray[np.int64], tuple[int, ...], tuple[int, ...]]:
        """Return a contrast in its least parts for each seed and clip, its seeds and those that are left out."""
        seeds, unlike = self._seeds([name for name, _ in contrast])
        if len({self._of(name, seed)[0] for name, _ in contrast for seed in seeds}) > 1:
            raise UserError("its rows were measured on different clips")
        parts = _parts(contrast)
        whole_SN = np.array(
            [sum(round(weight * parts) * self._of(name, seed)[1] for name, weight in contrast) for seed in seeds]
        )
        return whole_SN, seeds, unlike

    def _seeds(self, names: Sequence[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        rows = [self._data.row(name) for name in names]
        missing = [row.row.name for row in rows if not row.results]
        if missing:
            raise UserError(f"no run of {', '.join(missing)}")
        common = sorted(set.intersection(*(set(row.results) for row in rows)))
        seeds = tuple(seed for seed in common if same_start(rows, seed, self._data.profile))
        if not common:
            raise UserError("its rows have no seed in common")
        if not seeds:
            raise UserError("its rows started from different pre-trained weights")
        return seeds, tuple(seed for seed in common if seed not in seeds)

    def _of(self, name: str, seed: int) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
        """Return the clip ids of a row's run, and whether each clip is right."""
        if (name, seed) not in self._hits:
            row = self._data.row(name).row
            row = row if self._split is None else dataclasses.replace(row, split=self._split)
            try:
                judged = judge_row(row, seed, self._data.profile, self._store)
            except UserError as error:
                raise UserError(str(error).replace(f"{self._store.results}/", "")) from error
            self._hits[name, seed] = judged.clip_ids, judged.hits
        return self._hits[name, seed]


def detectable(replicates: NDArray[np.float64]) -> float:
    """Return the smallest true difference that would be found with 80 % power.

    It is found when the lower end of its interval lies above zero; and in 80 % of all cases an estimate falls short of
    the truth by no more than 80 % of the replicates exceed their mean.
    """
    low, most = np.quantile(replicates, [ALPHA / 2, POWER])
    return float(most - low)


def _parts(contrast: Contrast) -> int:
    """Return the least number by which all weights are whole: sums of whole numbers are exact on every machine."""
    return math.lcm(*(Fraction(weight).limit_denominator(60).denominator for _, weight in contrast))
