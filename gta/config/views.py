"""The views of a video that evaluation averages, numbered through: as a list, and as the table in a file of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gta.config import ViewsConfig


@dataclass(frozen=True)
class View:
    """One temporal clip and one spatial crop of a video, both counted from 0."""

    clip: int
    clips: int
    crop: int
    crops: int


def view_list(settings: Sequence[ViewsConfig]) -> tuple[View, ...]:
    """Return every view of every setting in turn; a view's place is its number.

    ``(ViewsConfig(1, 1), ViewsConfig(2, 3))`` gives seven: view 0 is the first setting's, 1 to 3 are the crops of the
    second's first clip. A setting that is given twice is listed once.
    """
    return tuple(
        View(clip, setting.clips, crop, setting.crops)
        for setting in dict.fromkeys(settings)
        for clip in range(setting.clips)
        for crop in range(setting.crops)
    )


def view_table(settings: Sequence[ViewsConfig]) -> NDArray[np.int16]:
    """Return :func:`view_list` as an array (V, 4), one line a view: clips, crops, clip, crop."""
    lines = [(view.clips, view.crops, view.clip, view.crop) for view in view_list(settings)]
    return np.array(lines, dtype=np.int16).reshape(-1, 4)


def select_views(table: NDArray[np.integer], wanted: ViewsConfig) -> NDArray[np.intp]:
    """Return the numbers of the views of one setting in a :func:`view_table`.

    Raises:
        ValueError: one of them is not there.
    """
    numbers = np.flatnonzero((table[:, 0] == wanted.clips) & (table[:, 1] == wanted.crops))
    expected = {(view.clip, view.crop) for view in view_list([wanted])}
    if len(numbers) != len(expected) or {tuple(line) for line in table[numbers, 2:].tolist()} != expected:
        there = ", ".join(f"{clips}x{crops}" for clips, crops in dict.fromkeys(map(tuple, table[:, :2].tolist())))
        raise ValueError(f"the views {wanted.clips}x{wanted.crops} (clips x crops) are not scored; scored: {there}")
    return numbers
