"""Where models look in a few clips: regions over frames, and attention of a query (paper figures 1, 8, 16 and 17).

Shape legend: T frames of a block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.reporting.pictures.style import GREY, VERMILLION, new_figure
from experiments.store.result import Result, check_recorded
from experiments.store.run_files import LOOKS
from gta.errors import UserError
from gta.explain.looks import Looks, read_looks
from gta.explain.overlay import overlay

ATTENTION = {
    "nl": "NL",
    "spatial": "spatial",
    "temporal": "temporal",
    "spatial_swapped": "spatial,\nswapped",
    "temporal_swapped": "temporal,\nswapped",
}
"""Kinds of :class:`~gta.explain.looks.Looks` that belong to a query, and what their lines are called."""
TILE = 0.92
STRIP = 0.42
"""Height in inches of a line of frames, and of one of numbers."""


def first_looks(runs: Iterable[tuple[Path, Result]]) -> Looks | None:
    """Return the first readable ``looks.npz`` of some runs, given by folder; damaged ones are passed over."""
    for folder, result in runs:
        try:
            return load_looks(folder / LOOKS, result)
        except UserError:
            continue
    return None


def load_looks(path: Path, result: Result) -> Looks:
    """Read ``looks.npz`` of a run.

    Raises:
        UserError: it is missing, damaged or of another run.
    """
    check_recorded(path, result.digests_of(path.name))
    return read_looks(path)


def same_clips(looks: Sequence[Looks]) -> bool:
    """Return whether several runs looked at the same frames with the same queries."""
    first = looks[0]
    return all(
        np.array_equal(each.frames, first.frames) and np.array_equal(each.query, first.query) for each in looks[1:]
    )


def describe(looks: Looks) -> str:
    """Return the figures behind a picture as text."""
    maps = {kind: values.round(3).tolist() for kind, values in looks.maps.items()}
    return f"{looks.place} {looks.truth} {looks.predicted} {looks.query.round(3).tolist()} {looks.frames.sum()} {maps}"


def draw_attention(looks: Sequence[tuple[str, Looks]], title: str, clips: int = 2) -> Figure:
    """Draw the attention maps of a query, one line a model and kind.

    Args:
        looks: of some models at the same clips, with the models' names.
        title: above the picture.
        clips: how many of the clips are shown.

    Raises:
        ValueError: the models looked at different clips, or there is no map.
    """
    if not looks or not same_clips([each for _, each in looks]):
        raise ValueError("attention maps are drawn of models that looked at the same clips")
    lines = [(name, each, kind) for name, each in looks for kind in ATTENTION if kind in each.maps]
    if not lines:
        raise ValueError("there is no attention map to draw")
    first = looks[0][1]
    clips = min(clips, len(first.frames))
    heights = [TILE, *(STRIP if first_line[1].maps[first_line[2]].ndim == 2 else TILE for first_line in lines)]
    figure, parts = _blocks(first, clips, sum(heights), title)
    for clip, part in enumerate(parts):
        guesses = "; ".join(f"{name}: “{each.predicted[clip]}”" for name, each in looks)
        part.suptitle(f"“{first.truth[clip]}”\nanswered by {guesses}", size=8.5)
        axes = part.subplots(len(heights), first.frames.shape[1], height_ratios=heights, squeeze=False)
        _frames(axes[0], first.frames[clip], "frames")
        frame, row, column = first.query[clip]
        height, width = first.frames.shape[2:4]
        for colour, line_width in (("black", 4.0), ("white", 1.8)):  # seen on every colour, by every eye
            place = (column * width - 0.5, row * height - 0.5)
            axes[0, int(frame)].plot(*place, "x", color=colour, markersize=8, mew=line_width)
        for line, (name, each, kind) in zip(axes[1:], lines, strict=True):
            label = name if kind == "nl" else f"{name}\n{ATTENTION[kind]}"
            values = each.maps[kind][clip]
            if values.ndim == 1:
                _strip(line, values, label)
            else:
                _frames(line, overlay(first.frames[clip], values), label)
    kinds = {kind for _, _, kind in lines}
    notes = ["white cross: the query, where most moves in the middle frame"]
    notes += ["maps: bright is more attention, scaled over a clip"] if kinds - {"temporal", "temporal_swapped"} else []
    notes += ["numbers: temporal weights in percent"] if "temporal" in kinds else []
    notes += ["swapped: with each other's query and key projections"] if "temporal_swapped" in kinds else []
    text = "; ".join(notes[:2]) + (";\n" + "; ".join(notes[2:]) if notes[2:] else "")
    figure.supxlabel(text, size=8, color=GREY)
    return figure


def draw_regions(looks: Looks, title: str) -> Figure:
    """Draw |G_R(t)| of two regions of every clip over its frames.

    Raises:
        ValueError: the model has no Region GTA.
    """
    if "regions" not in looks.maps:
        raise ValueError("the model has no regions")
    regions = looks.maps["regions"]
    figure, parts = _blocks(looks, len(regions), TILE * (1 + regions.shape[2]), title)
    for clip, part in enumerate(parts):
        part.suptitle(f"“{looks.truth[clip]}”, answered “{looks.predicted[clip]}”", size=8.5)
        axes = part.subplots(1 + regions.shape[2], regions.shape[1], squeeze=False)
        _frames(axes[0], looks.frames[clip], "frames")
        for number, line in enumerate(axes[1:]):
            _frames(line, overlay(looks.frames[clip], regions[clip, :, number]), f"region {'ab'[number]}")
    alike = (
        f"; mean cosine between all regions' maps {looks.maps['likeness'].mean():.2f} (1: they are one map)"
        if "likeness" in looks.maps
        else ""
    )
    figure.supxlabel(
        "a: the region whose weights vary most over the clip, b: one of the livelier half that is least like it;\n"
        f"bright is a larger weight, scaled over the clip{alike}",
        size=8,
        color=GREY,
    )
    return figure


def _blocks(looks: Looks, clips: int, height: float, title: str) -> tuple[Figure, NDArray[np.object_]]:
    """Return a figure and its part for each clip."""
    figure = new_figure(TILE * looks.frames.shape[1] + 0.9, 0.9 + clips * (height + 0.5))
    figure.suptitle(title, size=10.5)
    return figure, figure.subfigures(clips, 1, squeeze=False)[:, 0]


def _frames(line: Sequence[Axes], pictures: NDArray[np.uint8], label: str) -> None:
    for axes, picture in zip(line, pictures, strict=True):
        axes.imshow(picture, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
    for number, axes in enumerate(line if label == "frames" else ()):
        axes.set_title(str(number + 1), size=7, pad=2)
    _name(line[0], label)


def _strip(line: Sequence[Axes], weights: NDArray[np.float32], label: str) -> None:
    """Draw weights over the frames as bars with their numbers."""
    for axes, weight in zip(line, weights, strict=True):
        axes.bar([0], [float(weight)], width=1.0, color=VERMILLION)
        axes.set_xlim(-0.75, 0.75)
        axes.set_ylim(0, 1.45 * float(weights.max()))
        axes.text(0, float(weight), f"{100 * float(weight):.0f}", ha="center", va="bottom", size=7)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[["top", "right", "left"]].set_visible(False)
    _name(line[0], label)


def _name(axes: Axes, label: str) -> None:
    axes.set_ylabel(label, rotation=0, ha="right", va="center", size=8)
