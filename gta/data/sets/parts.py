"""Parts of a split: few clips for a first try, or some of the training clips held out; the same ones each time."""

from __future__ import annotations

import dataclasses
import hashlib
import math

from gta.data.sets.splits import Clip, Split

HELD_OUT = 0.2
"""Share of each class."""


def limited(split: Split, limit: float | None) -> Split:
    """Return a split with some of its clips, in the order of its list; the classes stay.

    Args:
        split: of a data set.
        limit: the most clips, taken evenly over the classes; below 1 the share of each class, one clip at least;
            None: all.
    """
    if limit is None:
        return split
    classes = _by_class(split)
    if limit < 1:
        kept = {clip.id for clips in classes.values() for clip in clips[: math.ceil(limit * len(clips))]}
    else:
        ranked = sorted(
            (rank, clip.label is None, clip.label or 0, clip.id)
            for clips in classes.values()
            for rank, clip in enumerate(clips)
        )
        kept = {clip_id for *_, clip_id in ranked[: int(limit)]}
    return dataclasses.replace(split, clips=tuple(clip for clip in split.clips if clip.id in kept))


def held_out(split: Split, share: float = HELD_OUT) -> tuple[Split, Split]:
    """Return a training split without a part of each class, and that part.

    Args:
        split: whose clips all have a label.
        share: of each class that is held out, at least one clip where the class has two or more.
    """
    held = set()
    for clips in _by_class(split).values():
        count = max(1, round(share * len(clips))) if len(clips) > 1 else 0
        held |= {clip.id for clip in clips[:count]}
    kept, rest = ([clip for clip in split.clips if (clip.id in held) is side] for side in (False, True))
    return dataclasses.replace(split, clips=tuple(kept)), dataclasses.replace(split, clips=tuple(rest))


def _by_class(split: Split) -> dict[int | None, list[Clip]]:
    """Return the clips of each class, in an order that their names alone decide."""
    classes: dict[int | None, list[Clip]] = {}
    for clip in sorted(split.clips, key=lambda clip: hashlib.sha256(clip.id.encode(errors="surrogatepass")).digest()):
        classes.setdefault(clip.label, []).append(clip)
    return classes
