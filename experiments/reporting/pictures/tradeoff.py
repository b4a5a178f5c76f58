"""Accuracy against multiply-accumulates of every measured row."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter
from matplotlib.transforms import Bbox

from experiments.reporting.pictures.distinct import Distinct
from experiments.reporting.pictures.marks import BACKBONES, BLOCKS, backbone_of, block_of
from experiments.reporting.pictures.style import GREY, grid, new_figure
from experiments.reporting.pictures.table_picture import where

LABELLED = ("table_main", "table_kinetics", "table_sota", "table_ablation_order", "table_peers")
"""Tables whose rows carry their name; the ablations' points would hide each other's."""


OFFSETS = (
    *((7, 0), (-7, 0), (0, 9), (0, -9)),
    *((right * far, up * far) for far in (11, 18, 26, 36, 48) for right in (1, -1) for up in (0.7, -0.7, 1.4, -1.4)),
)
"""Where a name may stand, in points from its point; the first free place is taken, after the fourth with a line."""
TICKS = 5
"""The most numbers below the narrower panel."""
LEADER = {"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}


def draw_tradeoff(rows: Sequence[Distinct], table: str | None = None) -> Figure:
    """Return one point a row: colour for the block, shape for the backbone; with ``table`` all rows are its own.

    Rows that crowd at the top have a second panel of their own, and their names only there.
    """
    points = [(found, _macs(found), _top1(found)) for found in rows if found.row.row.split == "validation"]
    crowd = _crowd([top1 for _, _, top1 in points])
    figure = new_figure(12.4 if crowd else 8.6, 5.6)
    panels = list(figure.subplots(1, 2 if crowd else 1, squeeze=False, width_ratios=(2, 3) if crowd else None)[0])
    shown = [points] + ([[point for point in points if point[2] >= crowd]] if crowd else [])
    for axes, own in zip(panels, shown, strict=True):
        _scatter(axes, own)
    panels[0].set_ylabel(f"top-1 (%), mean over seeds\n{where(rows[0].table)}")
    figure.supxlabel("multiply-accumulates of one answer, all models and views (10⁶, logarithmic)", fontsize=10)
    kinds = {block_of(found.row.row) for found, _, _ in points}
    backbones = {backbone_of(found.row.row) for found, _, _ in points}
    handles = [Line2D([], [], color=c, marker="o", ls="", label=text) for k, (text, c) in BLOCKS.items() if k in kinds]
    shapes = [text for text in BACKBONES.items() if text[0] in backbones]
    handles += [Line2D([], [], color=GREY, marker=m, ls="", label=text) for _, (text, m) in shapes if len(shapes) > 1]
    panels[-1].legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    panels[0].set_title("Accuracy against cost" + ("" if table else ", all measured rows"))
    if crowd:
        panels[1].set_title(f"those above {crowd:g} %")
    figure.draw_without_rendering()  # the places of the labels depend on the final layout
    for axes, own in zip(panels, shown, strict=True):
        named = [(found.name, macs, top1) for found, macs, top1 in own if found.table.table.name in (*LABELLED, table)]
        apart = [one for one in named if not crowd or axes is panels[1] or one[2] < crowd]
        _label(axes, apart, own)
    return figure


def _crowd(values: Sequence[float]) -> float | None:
    """Return the accuracy above which rows crowd: half of them or more in the top quarter of the range."""
    if len(values) < 8:
        return None
    low, high = min(values), max(values)
    edge = 5.0 * math.floor((high - (high - low) / 4) / 5.0)
    above = sum(value >= edge for value in values)
    return edge if high - low > 20 and len(values) / 2 <= above < len(values) else None


def _scatter(axes: Axes, points: Sequence[tuple[Distinct, float, float]]) -> None:
    for found, macs, top1 in points:
        (_, colour), (_, marker) = BLOCKS[block_of(found.row.row)], BACKBONES[backbone_of(found.row.row)]
        size = 90 if marker == "*" else 38
        axes.scatter(macs, top1, s=size, marker=marker, color=colour, edgecolors="white", linewidths=0.6, zorder=3)
    axes.set_xscale("log")
    axes.margins(x=0.16, y=0.08)
    _plain_ticks(axes, [macs for _, macs, _ in points])
    grid(axes)


def _macs(found: Distinct) -> float:
    measure, views = found.row.measure("gmacs"), found.row.row.views
    assert measure is not None
    return measure.mean * 1e3 * (1 if views is None else views.clips * views.crops)


def _top1(found: Distinct) -> float:
    measure = found.row.measure("top1")
    assert measure is not None
    return measure.mean


def _plain_ticks(axes: Axes, values: list[float]) -> None:
    """Put ticks at round numbers; a logarithmic axis of less than a decade has none of its own."""
    low, high = min(values) / 1.3, max(values) * 1.3
    axes.xaxis.set_major_locator(FixedLocator(_rounds(low, high)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _rounds(low: float, high: float) -> list[float]:
    """Return as many round numbers as have room for their digits, the densest set of them."""
    for bases in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 7), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3)):
        found = [base * 10**power for power in range(7) for base in bases if low <= base * 10**power <= high]
        if len(found) <= TICKS:
            return found
    return found


def _label(
    axes: Axes, named: Sequence[tuple[str, float, float]], points: Sequence[tuple[Distinct, float, float]]
) -> None:
    """Write each name near its point, with a line to it, where it hides neither a point nor another name."""
    pixels = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr] # drawn axes have a figure
    taken = [
        Bbox.from_bounds(x - 4 * pixels, y - 4 * pixels, 8 * pixels, 8 * pixels)
        for x, y in axes.transData.transform([(macs, top1) for _, macs, top1 in points])
    ]
    for name, macs, top1 in named:
        x, y = axes.transData.transform((macs, top1))
        width, height = 4.9 * len(name) * pixels, 9 * pixels
        for right, up in OFFSETS:
            left = x + right * pixels - (0 if right > 0 else width if right < 0 else width / 2)
            box = Bbox.from_bounds(left, y + up * pixels - height / 2, width, height)
            inside = axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1 and axes.bbox.y0 < box.y0 and box.y1 < axes.bbox.y1
            if not inside or any(box.overlaps(other) for other in taken):
                continue
            taken.append(box)
            axes.annotate(
                name,
                (macs, top1),
                xytext=(right, up),
                textcoords="offset points",
                ha="left" if right > 0 else "right" if right < 0 else "center",
                va="center",
                size=8,
                arrowprops=LEADER if (right, up) in OFFSETS[4:] else None,
            )
            break
