"""Pictures of a table: top-1 beside the paper's, accuracy within order pairs, and training curves."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.reporting.collect import TableData
from experiments.reporting.measure import METRICS, RowData
from experiments.store import Store
from gta import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Seven colours without yellow (too faint on white) that colour-blind readers tell apart."""
LINES = ("-", "--", "-.", ":")


def draw(data: TableData, store: Store, folder: Path) -> list[Path]:
    """Write ``<table>.png`` and, when the runs have epochs, ``<table>_curves.png``; return their paths."""
    written = [_save(_accuracies(data), folder / f"{data.table.name}.png")]
    curves = _curves(data, store)
    if curves is not None:
        written.append(_save(curves, folder / f"{data.table.name}_curves.png"))
    return written


def _accuracies(data: TableData) -> Figure:
    from matplotlib.figure import Figure

    what = data.profile.name if data.profile.data.drawing is None else f"drawn clips ({data.profile.name})"
    panels: list[tuple[str, str | None]] = [(f"measured top-1 (%)\n{what}", "top1")]
    if any(row.measure("pair_accuracy") for row in data.rows):
        panels.append(("within order pairs (%)\nchance is 50", "pair_accuracy"))
    panels.append((f"paper top-1 (%)\n{data.table.paper_data}", None))
    figure = Figure(figsize=(2.0 + 3.0 * len(panels), 1.2 + 0.42 * len(data.rows)), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, metric) in zip(all_axes, panels, strict=True):
        for place, row in enumerate(data.rows):
            if metric is None:
                if "top1" in row.row.paper:
                    axes.plot(row.row.paper["top1"], place, marker="D", color="#666666")
            else:
                _points(axes, row, metric, place)
        if metric == "pair_accuracy" and axes.get_xlim()[0] < 60:
            axes.axvline(50, color="#999999", linestyle=":", linewidth=1)
        axes.set_xlabel(title)
        axes.grid(axis="x", alpha=0.3)
    all_axes[0].set_title("square: mean ± std; dots: seeds; axes differ", fontsize=8, color="#666666")
    all_axes[0].set_yticks(range(len(data.rows)), [row.row.name for row in data.rows])
    all_axes[0].set_ylim(len(data.rows) - 0.4, -0.8)
    figure.suptitle(_title(data))
    return figure


def _points(axes: Axes, row: RowData, metric: str, place: int) -> None:
    """Draw the mean with its standard deviation and each seed as a dot."""
    measure = row.measure(metric)
    if measure is None:
        return
    values = [value for result in row.results.values() if (value := METRICS[metric](result)) is not None]
    axes.errorbar(measure.mean, place, xerr=measure.std, fmt="s", color=OKABE_ITO[0], capsize=4, markersize=6)
    if len(values) > 1:
        axes.plot(values, [place + 0.22] * len(values), "o", color=OKABE_ITO[1], markersize=3.5, alpha=0.8)


def _curves(data: TableData, store: Store) -> Figure | None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    lines = [(row.row.name, curve) for row in data.rows if (curve := _mean_curve(row, store))]
    if not lines:
        return None
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    for index, (name, curve) in enumerate(lines):
        colour, style = OKABE_ITO[index % len(OKABE_ITO)], LINES[index % len(LINES)]
        axes.plot(list(curve), list(curve.values()), style, color=colour, marker="o", markersize=3, label=name)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(_curve_label(data))
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=3)
    axes.set_title(_title(data))
    return figure


def _curve_label(data: TableData) -> str:
    part = "" if data.profile.data.drawing is None else "a quarter of the clips, "
    return f"validation top-1 (%)\n{part}mean over seeds"


def _mean_curve(row: RowData, store: Store) -> dict[float, float]:
    """Return validation top-1 by epoch, averaged over the seeds that have the epoch."""
    values: dict[float, list[float]] = {}
    for result in row.results.values():
        for entry in store.metrics(result.run_id):
            top1: Any = entry.get("val_top1")
            if isinstance(top1, int | float):
                values.setdefault(entry.get("epochs", entry["epoch"] + 1), []).append(float(top1))
    return {epoch: statistics.fmean(values[epoch]) for epoch in sorted(values)}


def _title(data: TableData) -> str:
    return f"{'smoke, not a result: ' if data.profile.name == 'smoke' else ''}{data.table.title}"


def _save(figure: Figure, path: Path) -> Path:
    """Write a PNG without a date, so that equal pictures are equal files."""
    with files.replacing(path) as stream:
        figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return path
