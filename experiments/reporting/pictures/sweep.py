"""Accuracy along a parameter: the number of groups (the paper's figure 9), regions, and places of the blocks."""

from __future__ import annotations

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.measure import RowData
from experiments.reporting.pages.frames import short
from experiments.reporting.pictures.style import BLUE, GREY, VERMILLION, grid, new_figure
from experiments.reporting.pictures.table_picture import title_of, where

SWEEPS = {
    "table_ablation_groups": ("number of groups and heads G", r"G = (\d+)"),
    "table_ablation_regions": ("number of regions K (C: channels of the feature map)", r"K = (C(?:/\d+)?)"),
    "table_ablation_positions": ("places of the blocks", r"(.*)"),
}
"""Label of the axis by table, and what of a row's name stands on it; other rows are drawn as a level."""


def draw_sweep(data: TableData) -> Figure:
    """Return measured top-1 above and the paper's below, over the same axis."""
    label, pattern = SWEEPS[data.table.name]
    ticks = [match[1] if (match := re.fullmatch(pattern, row.row.name)) else None for row in data.rows]
    along = [(tick, row) for tick, row in zip(ticks, data.rows, strict=True) if tick is not None]
    beside = [row for tick, row in zip(ticks, data.rows, strict=True) if tick is None]
    printed = [(tick, row) for tick, row in along if "top1" in row.row.paper]
    ordered = "positions" not in data.table.name
    seeds = set.intersection(*(set(row.results) for row in data.rows if row.results))
    figure = new_figure(7.4, 5.2)
    measured, paper = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _measured(measured, along, beside, "-" if ordered else "", seeds)
    measured.set_ylabel(f"measured top-1 (%)\n{where(data)}")
    places = [along.index(entry) for entry in printed]
    values = [row.row.paper["top1"] for _, row in printed]
    joined = "--" if ordered and len(values) > 1 else "none"
    paper.plot(places, values, linestyle=joined, marker="D", color=GREY)
    for place, value in zip(places, values, strict=True):
        paper.annotate(f"{value:.1f}", (place, value), xytext=(0, 6), textcoords="offset points", ha="center", size=8)
    for row in beside:
        _level(paper, row.row.paper.get("top1"), row.row.name)
    paper.set_ylabel(f"paper top-1 (%)\n{short(data.table.paper_data)}")
    if len(values) < len(along):
        paper.set_title("the paper's other values are lost", fontsize=8, color=GREY, loc="left")
    paper.set_xticks(range(len(along)), [tick.replace(" ", "\n") for tick, _ in along])
    paper.set_xlabel(label)
    for axes in (measured, paper):
        axes.margins(x=0.06, y=0.25)
        grid(axes)
    figure.suptitle(title_of(data))
    figure.supxlabel(
        f"square: mean over the {len(seeds)} seeds that all rows have, with its standard deviation where that is "
        "wider;\ndots: single seeds; the two axes differ",
        fontsize=8,
        color=GREY,
    )
    return figure


def _measured(axes: Axes, along: list[tuple[str, RowData]], beside: list[RowData], line: str, seeds: set[int]) -> None:
    found = [(place, row.measure("top1", seeds)) for place, (_, row) in enumerate(along)]
    points = [(place, measure) for place, measure in found if measure is not None]
    axes.errorbar(
        [place for place, _ in points],
        [measure.mean for _, measure in points],
        yerr=[measure.std or 0 for _, measure in points],
        fmt=f"{line}s",
        color=BLUE,
        capsize=4,
    )
    for place, (_, row) in enumerate(along):
        single = [result.accuracies.top1 for seed, result in row.results.items() if seed in seeds]
        if len(single) > 1:
            axes.plot([place + 0.12] * len(single), single, "o", color=VERMILLION, markersize=3.5, alpha=0.8)
    for row in beside:
        measure = row.measure("top1", seeds)
        _level(axes, None if measure is None else measure.mean, row.row.name)


def _level(axes: Axes, value: float | None, name: str) -> None:
    if value is None:
        return
    axes.axhline(value, color=GREY, linestyle=":", linewidth=1.2)
    axes.annotate(
        f"{name}:\n{value:.1f}",
        (1.01, value),
        xycoords=axes.get_yaxis_transform(),
        va="center",
        size=8,
        annotation_clip=False,
    )
