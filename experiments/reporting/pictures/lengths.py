"""What longer training still gives: top-1 over the number of epochs, from the trials of the question ``length``."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from statistics import fmean

from matplotlib.figure import Figure

from experiments.reporting.pictures.curves import Curves
from experiments.reporting.pictures.marks import lines_of
from experiments.reporting.pictures.style import grid, new_figure
from experiments.tables.models import FAMILY_ROWS

TITLE = "What longer training still gives"
QUESTION = "length"
NEAR, CROWD = 10, 6
"""Points below the best within which more rows than these are drawn a second time, enlarged."""


def read_lengths(table: Path) -> tuple[Curves, int]:
    """Return top-1 in percent by epochs, mean over seeds, for every row that has trials of at least two lengths.

    Args:
        table: the trials' CSV, ``probes.csv``; without such a file there are no lengths.

    Returns:
        The rows, and the number of seeds that each of their points has at least.
    """
    if not table.is_file():
        return [], 0
    rows: dict[str, dict[float, list[float]]] = {}
    names = {row.name for row in FAMILY_ROWS.values()}
    for line in csv.DictReader(io.StringIO(table.read_text("utf-8"))):
        epochs = re.fullmatch(r"(\d+) epochs", line.get("changed", ""))
        if line.get("question") == QUESTION and epochs is not None and line.get("row") in names:
            rows.setdefault(line["row"], {}).setdefault(float(epochs[1]), []).append(float(line["top-1"]))
    kept = {name: dict(sorted(points.items())) for name, points in rows.items() if len(points) > 1}
    means = [(name, {epoch: fmean(values) for epoch, values in points.items()}) for name, points in kept.items()]
    return means, min((len(values) for points in kept.values() for values in points.values()), default=0)


def draw_lengths(lengths: Curves, seeds: int, where: str) -> Figure:
    """Return one line a row over the epochs of a whole training; every point is a run of its own.

    Args:
        lengths: of :func:`read_lengths`.
        seeds: of every point.
        where: the data on which it was measured.
    """
    top = max(value for _, points in lengths for value in points.values())
    crowd = sum(max(points.values()) > top - NEAR for _, points in lengths)
    panels = 2 if CROWD < crowd < len(lengths) else 1
    figure = new_figure(3.6 + 4.6 * panels, max(4.2, 1.4 + 0.26 * len(lengths)))
    every = list(figure.subplots(1, panels, squeeze=False)[0])
    rows = {row.name: row for row in FAMILY_ROWS.values()}
    epochs = sorted({epoch for _, points in lengths for epoch in points})
    for axes in every:
        for (name, points), line in zip(lengths, lines_of(rows[name] for name, _ in lengths), strict=True):
            axes.plot(list(points), list(points.values()), **line, label=name)
        axes.set_xscale("log", base=2)
        axes.set_xticks(epochs, [f"{epoch:g}" for epoch in epochs])
        axes.minorticks_off()
        grid(axes)
    every[0].set_ylabel(f"top-1 (%), {'one seed' if seeds == 1 else f'mean of {seeds} seeds'}, {where}")
    every[0].set_title(TITLE)
    if panels > 1:
        every[1].set_ylim(top - NEAR, top + 0.05 * NEAR)
        every[1].set_title(f"the upper {NEAR} points")
    every[-1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=3)
    figure.supxlabel(
        "epochs of the whole training, each with its own cosine; every point is a run of its own", fontsize=10
    )
    return figure
