"""Training curves of a table's rows: validation top-1 by epoch, averaged over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.pictures.marks import BACKBONES, backbone_of, lines_of
from experiments.reporting.pictures.style import BLUE, grid, new_figure
from experiments.reporting.pictures.table_picture import title_of, where
from experiments.store.result import Result

Curves = list[tuple[str, dict[float, float]]]
ONE_LINE = {"color": BLUE, "marker": "o", "markersize": 4}
SOME = "\na few hundred of the clips"
"""What of a drawn data set's validation clips the curve reads."""
MANY, ABREAST = 12, 3
"""The most lines of one panel, and panels side by side."""


def read_curves(data: TableData) -> Curves:
    """Return the mean curve of every row that is trained and has one."""
    rows = [row for row in data.rows if not row.row.members]
    return [(row.row.name, curve) for row in rows if (curve := _mean_curve(list(row.results.values())))]


def run_curve(result: Result) -> dict[float, float]:
    """Return validation top-1 of one run by epoch; empty when it kept none."""
    return _mean_curve([result])


def draw_curves(data: TableData, curves: Curves) -> Figure:
    """Return one line a row, told apart by colour, dashes and marker; many rows have a panel for each backbone."""
    named = {row.row.name: row.row for row in data.rows}
    label, title = f"{_label(data)}, mean over seeds", title_of(data)
    if any(row.row.members and row.results for row in data.rows):
        title += "\n(averages of several networks have no curve)"
    if len(curves) <= MANY:
        return draw_lines(curves, label, title, lines_of(named[name] for name, _ in curves))
    groups: dict[str, Curves] = {}
    for name, curve in curves:
        groups.setdefault(backbone_of(named[name]), []).append((name, curve))
    height = math.ceil(len(groups) / ABREAST)
    figure = new_figure(11.0, 0.8 + 2.7 * height)
    panels = figure.subplots(height, ABREAST, sharex=True, sharey=True, squeeze=False).flatten()
    for axes, (group, own) in zip(panels, groups.items(), strict=False):
        _plot(axes, own, lines_of(named[name] for name, _ in own))
        axes.set_title(BACKBONES[group][0], fontsize=10)
        axes.legend(loc="lower right", fontsize=8, handlelength=3)
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    _limit(panels[0], curves)
    figure.supxlabel("epoch", fontsize=10)
    figure.supylabel(label, fontsize=10)
    figure.suptitle(title)
    return figure


def draw_lines(curves: Curves, label: str, title: str, lines: Sequence[Mapping[str, Any]] = (ONE_LINE,)) -> Figure:
    """Return named curves over epochs in one plot.

    Args:
        curves: name, and percent by epoch.
        label: of the axis of accuracy.
        title: above the plot.
        lines: matplotlib's options, one set a curve.
    """
    figure = new_figure(8.2, max(4.2, 1.4 + 0.26 * len(curves)))
    axes = figure.subplots()
    _plot(axes, curves, lines)
    _limit(axes, curves)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=3)
    axes.set_title(title)
    return figure


def _plot(axes: Axes, curves: Curves, lines: Sequence[Mapping[str, Any]]) -> None:
    for (name, curve), line in zip(curves, lines, strict=True):
        axes.plot(list(curve), list(curve.values()), **line, label=name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid(axes)


def _limit(axes: Axes, curves: Curves) -> None:
    values = [value for _, curve in curves for value in curve.values()]
    axes.set_ylim(max(0, 10 * math.floor(min(values) / 10 - 0.2)), min(102, 1.1 * max(values)))


def _label(data: TableData) -> str:
    return f"validation top-1 (%), {where(data)}{SOME if data.profile.data.drawn else ''}"


def _mean_curve(results: Sequence[Result]) -> dict[float, float]:
    """Return validation top-1 by epoch, averaged over the seeds that have the epoch."""
    values: dict[float, list[float]] = {}
    for point in (point for result in results for point in result.points if "val_top1" in point):
        values.setdefault(point.get("epochs", point["epoch"] + 1), []).append(float(point["val_top1"]))
    return {epoch: statistics.fmean(values[epoch]) for epoch in sorted(values)}
