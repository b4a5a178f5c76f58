"""Sample the numbers of the frames that a network sees.

One of each of T equal segments (TSN; the paper's appendix E) or of T spans that share their ends (PySlowFast on
Something-Something), or T frames spread over a window (PySlowFast on Kinetics).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def segment_indices(
    length: int, frames: int, rng: np.random.Generator | None = None, clip: int = 0, clips: int = 1
) -> NDArray[np.int64]:
    """Return ``frames`` non-decreasing frame numbers of a clip of ``length`` frames.

    Segment i spans [round(L/T i), round(L/T (i+1))). In training (``rng`` given) each segment gives a random frame.
    In testing it gives its middle one; of two middle frames the first half of the segments takes the earlier and the
    second half the later, so that a clip and its reversal are seen at mirrored frames: for L=32, T=8 at
    1, 5, 9, 13, 18, 22, 26, 30. (With odd T and even L the middle segment has no mirrored choice.)
    Clips shorter than T repeat frames.

    Of several test clips the first is the one above; clip i of n takes each segment's frame at the fraction
    (1/2 + i/n) mod 1 of its width. With two clips that is TSM's "twice sample": the middles, then the first frames.

    Raises:
        ValueError: ``length`` or ``frames`` is below 1, or there is no such clip.
    """
    _check(length, frames, clip, clips)
    edges: NDArray[np.int64] = np.floor(np.arange(frames + 1) * (length / frames) + 0.5).astype(np.int64)
    starts = np.minimum(edges[:-1], length - 1)
    widths = np.maximum(edges[1:] - edges[:-1], 1)
    if rng is not None:
        chosen: NDArray[np.int64] = starts + rng.integers(widths)
        return chosen
    if clip > 0:
        shifted: NDArray[np.int64] = starts + (widths * ((clips + 2 * clip) % (2 * clips))) // (2 * clips)
        return shifted
    middles: NDArray[np.int64] = starts + (widths - 1) // 2
    half = frames // 2
    middles[:half] = np.minimum(middles[:half], (length - 1) // 2)  # repeats of a short clip may reach past its middle
    middles[frames - half :] = length - 1 - middles[:half][::-1]
    return middles


def span_indices(
    length: int, frames: int, rng: np.random.Generator | None = None, clip: int = 0, clips: int = 1
) -> NDArray[np.int64]:
    """Return ``frames`` non-decreasing frame numbers of a clip of ``length`` frames, as PySlowFast takes them on SSv2.

    Span i goes from round((L-1)/T i) to round((L-1)/T (i+1)), halves to the even number, both ends included; so
    neighbours share an end. In training (``rng`` given) each span gives any of its frames, in testing the middle one,
    the earlier of two. Clip i of n takes the fraction (1/2 + i/n) mod 1; PySlowFast repeats the middles.

    Raises:
        ValueError: ``length`` or ``frames`` is below 1, or there is no such clip.
    """
    _check(length, frames, clip, clips)
    ends: NDArray[np.int64] = np.round(np.arange(frames + 1) * ((length - 1) / frames)).astype(np.int64)
    starts, widths = ends[:-1], np.diff(ends)
    if rng is not None:
        chosen: NDArray[np.int64] = starts + rng.integers(widths + 1)
        return chosen
    shifted: NDArray[np.int64] = starts + (widths * ((clips + 2 * clip) % (2 * clips))) // (2 * clips)
    return shifted


def dense_indices(
    length: int, frames: int, stride: int, rng: np.random.Generator | None = None, clip: int = 0, clips: int = 1
) -> NDArray[np.int64]:
    """Return ``frames`` frame numbers spread evenly from the first to the last frame of a window, as PySlowFast does.

    The window has W = ``frames * stride`` frames; frame k of it is number floor(start + (W - 1) k / (T - 1)), so eight
    with a stride of 8 are 0, 9, ..., 63. In training (``rng`` given) the window starts at any frame, all equally
    likely. In testing window i of n starts at (L - W) i / n, not rounded (the paper's appendix E), so a single one at
    the beginning. A video that ends earlier repeats its last frame. The rate of the video is not looked at.

    Raises:
        ValueError: ``length``, ``frames`` or ``stride`` is below 1, or there is no such clip.
    """
    _check(length, frames, clip, clips)
    if stride < 1:
        raise ValueError(f"cannot take every {stride}th frame")
    free = max(length - frames * stride, 0)
    start, parts = (free * clip, clips) if rng is None else (int(rng.integers(free + 1)), 1)  # start / parts
    gaps = max(frames - 1, 1)
    steps = np.arange(frames, dtype=np.int64) * (frames * stride - 1)
    return np.minimum((start * gaps + steps * parts) // (parts * gaps), length - 1)


def _check(length: int, frames: int, clip: int, clips: int) -> None:
    if length < 1 or frames < 1:
        raise ValueError(f"cannot take {frames} frames from a clip of {length}")
    if not 0 <= clip < clips:
        raise ValueError(f"clip {clip} is not within 0..{clips - 1}")
