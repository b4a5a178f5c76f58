"""A paired hierarchical bootstrap: seeds and clips are drawn again, the same ones for every row of a difference.

With S seeds of N clips, a replicate draws S seeds and, independently, N clips with replacement; all seeds of a row see
the same clips. Drawing S seeds again gives (S - 1) / S of their variance, so each seed's distance from the mean is
first widened by sqrt(S / (S - 1)). What is neither the seed's nor the clip's own share of the noise is counted up to
three times, which makes the intervals a little wide; that the spread of few seeds is hardly known makes them narrow.

Shape legend: B replicates, S seeds, N clips.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REPLICATES = 5_000
SEED = 0


def replicate_means(differences_SN: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean of every replicate, (B,).

    Args:
        differences_SN: a contrast of rows for each seed and clip, in the same unit as the result. Multiples of 1/2 are
            summed exactly, so that every machine gives the same replicates.
    """
    import numpy as np

    seeds, clips = differences_SN.shape
    sums_BS = np.zeros((REPLICATES, seeds))
    counts_BN = _clip_counts(clips)
    step = max(1, 4_000_000 // clips)
    for first in range(0, REPLICATES, step):
        part = counts_BN[first : first + step].astype(np.float32)
        sums_BS[first : first + step] = part @ differences_SN.T.astype(np.float32)
    means_BS = sums_BS / clips
    if seeds > 1:
        own_S = differences_SN.mean(axis=1)
        means_BS += ((seeds / (seeds - 1)) ** 0.5 - 1) * (own_S - own_S.mean())
    means: NDArray[np.float64] = (means_BS * _seed_counts(seeds)).sum(axis=1) / seeds
    return means


@functools.lru_cache(maxsize=2)
def _clip_counts(clips: int) -> NDArray[np.uint8]:
    """Return how often each replicate draws each clip, (B, N)."""
    import numpy as np

    rng = np.random.default_rng([SEED, clips])
    counts = np.empty((REPLICATES, clips), dtype=np.uint8)
    step = max(1, 1_000_000 // clips)
    for first in range(0, REPLICATES, step):
        size = min(step, REPLICATES - first)
        drawn = rng.integers(clips, size=(size, clips)) + np.arange(size)[:, None] * clips
        counts[first : first + size] = np.bincount(drawn.ravel(), minlength=size * clips).reshape(size, clips)
    return counts


@functools.cache
def _seed_counts(seeds: int) -> NDArray[np.int64]:
    """Return how often each replicate draws each seed, (B, S)."""
    import numpy as np

    drawn = np.random.default_rng([SEED, 0, seeds]).integers(seeds, size=(REPLICATES, seeds))
    counts: NDArray[np.int64] = (drawn[:, :, None] == np.arange(seeds)).sum(axis=1)
    return counts
