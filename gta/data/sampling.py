"""Which frames of a clip a network sees: one of each of T equal segments (TSN; the paper's appendix E)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def segment_indices(length: int, frames: int, rng: np.random.Generator | None = None) -> NDArray[np.int64]:
    """Return ``frames`` non-decreasing frame numbers of a clip of ``length`` frames.

    Segment i spans [round(L/T i), round(L/T (i+1))). In training (``rng`` given) each segment gives a random frame.
    In testing it gives its middle one; of two middle frames the first half of the segments takes the earlier and the
    second half the later, so that a clip and its reversal are seen at mirrored frames: for L=32, T=8 at
    1, 5, 9, 13, 18, 22, 26, 30. (With odd T and even L the middle segment has no mirrored choice.)
    Clips shorter than T repeat frames.

    Raises:
        ValueError: ``length`` or ``frames`` is below 1.
    """
    if length < 1 or frames < 1:
        raise ValueError(f"cannot take {frames} frames from a clip of {length}")
    edges: NDArray[np.int64] = np.floor(np.arange(frames + 1) * (length / frames) + 0.5).astype(np.int64)
    starts = np.minimum(edges[:-1], length - 1)
    widths = np.maximum(edges[1:] - edges[:-1], 1)
    if rng is not None:
        chosen: NDArray[np.int64] = starts + rng.integers(widths)
        return chosen
    middles: NDArray[np.int64] = starts + (widths - 1) // 2
    half = frames // 2
    middles[:half] = np.minimum(middles[:half], (length - 1) // 2)  # repeats of a short clip may reach past its middle
    middles[frames - half :] = length - 1 - middles[:half][::-1]
    return middles
