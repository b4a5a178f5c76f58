"""The views of a video that evaluation averages, numbered through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gta.config import ViewsConfig


@dataclass(frozen=True)
class View:
    """One temporal clip and one spatial crop of a video."""

    clip: int
    clips: int
    crop: int
    crops: int


def number_views(views: Sequence[ViewsConfig]) -> tuple[View, ...]:
    """Return every view of every setting in turn; the crops of a clip follow one another.

    ``(ViewsConfig(1, 1), ViewsConfig(2, 3))`` gives seven: view 0 is the first setting's, 1 to 3 are the crops of the
    second's first clip. A setting that is given twice is listed once. The lines of
    :func:`gta.scoring.accuracy.view_table` are in the same order.
    """
    return tuple(
        View(clip, setting.clips, crop, setting.crops)
        for setting in dict.fromkeys(views)
        for clip in range(setting.clips)
        for crop in range(setting.crops)
    )
