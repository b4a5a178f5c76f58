"""Training curves of a table's rows: validation top-1 by epoch, averaged over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.pictures.marks import lines_of
from experiments.reporting.pictures.style import BLUE, grid, new_figure
from experiments.reporting.pictures.table_picture import title_of, where
from experiments.store.result import Result

Curves = list[tuple[str, dict[float, float]]]
ONE_LINE = {"color": BLUE, "marker": "o", "markersize": 4}
SOME = "\na few hundred of the clips"
"""What of a drawn data set's validation clips the curve reads."""


def read_curves(data: TableData) -> Curves:
    """Return the mean curve of every row that is trained and has one."""
    rows = [row for row in data.rows if not row.row.members]
    return [(row.row.name, curve) for row in rows if (curve := _mean_curve(list(row.results.values())))]


def run_curve(result: Result) -> dict[float, float]:
    """Return validation top-1 of one run by epoch; empty when it kept none."""
    return _mean_curve([result])


def draw_curves(data: TableData, curves: Curves) -> Figure:
    """Return one line a row, told apart by colour, dashes and marker."""
    named = {row.row.name: row.row for row in data.rows}
    lines = lines_of(named[name] for name, _ in curves)
    return draw_lines(curves, f"{_label(data)}, mean over seeds", title_of(data), lines)


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
    for (name, curve), line in zip(curves, lines, strict=True):
        axes.plot(list(curve), list(curve.values()), **line, label=name)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    values = [value for _, curve in curves for value in curve.values()]
    axes.set_ylim(max(0, 10 * math.floor(min(values) / 10 - 0.2)), min(102, 1.1 * max(values)))
    axes.set_ylabel(label)
    grid(axes)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=3)
    axes.set_title(title)
    return figure


def _label(data: TableData) -> str:
    return f"validation top-1 (%), {where(data)}{SOME if data.profile.data.drawn else ''}"


def _mean_curve(results: Sequence[Result]) -> dict[float, float]:
    """Return validation top-1 by epoch, averaged over the seeds that have the epoch."""
    values: dict[float, list[float]] = {}
    for point in (point for result in results for point in result.points if "val_top1" in point):
        values.setdefault(point.get("epochs", point["epoch"] + 1), []).append(float(point["val_top1"]))
    return {epoch: statistics.fmean(values[epoch]) for epoch in sorted(values)}
