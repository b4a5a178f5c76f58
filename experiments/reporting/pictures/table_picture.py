"""A table as dots: measured top-1 with its seeds, accuracy within order pairs, and the paper's figures."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.measure import RowData, figure_of
from experiments.reporting.pages.frames import short
from experiments.reporting.pictures.style import BLUE, GREY, VERMILLION, grid, new_figure

CHANCE_OF_PAIRS = 50


def draw_table(data: TableData) -> Figure:
    """Return one panel a figure, rows from top to bottom in the table's order; quoted rows stand in the table only."""
    rows, paper = [row for row in data.rows if not row.row.quoted], _paper_panels(data)
    panels = [(f"measured top-1 (%)\n{where(data)}", "top1")]
    if any(row.measure("pair_accuracy") for row in rows):
        panels.append(("measured within order pairs (%)", "pair_accuracy"))
    per_row = 0.42 if len(rows) <= 12 else 0.28
    figure = new_figure(2.2 + 2.7 * (len(panels) + len(paper)), 1.5 + per_row * len(rows))
    all_axes = figure.subplots(1, len(panels) + len(paper), sharey=True, squeeze=False)[0]
    for axes, (title, metric) in zip(all_axes, panels, strict=False):
        for place, row in enumerate(rows):
            _points(axes, row, metric, place)
        if metric == "pair_accuracy":
            if axes.get_xlim()[0] < CHANCE_OF_PAIRS + 5:
                axes.axvline(CHANCE_OF_PAIRS, color=GREY, linestyle=":", linewidth=1)
                title += f"\nchance is {CHANCE_OF_PAIRS}"
            else:
                title += f"\nchance is {CHANCE_OF_PAIRS}, left of this axis"
        axes.set_xlabel(title)
    for axes, (title, metric) in zip(all_axes[len(panels) :], paper, strict=True):
        places = [place for place, row in enumerate(rows) if metric in row.row.paper]
        axes.plot([rows[place].row.paper[metric] for place in places], places, "D", color=GREY)
        axes.set_xlabel(title)
    for axes in all_axes:
        grid(axes)
        axes.margins(x=0.12)
        axes.set_xlim(right=min(axes.get_xlim()[1], 100.5))
        axes.xaxis.set_major_locator(MaxNLocator(5))
    all_axes[0].set_yticks(range(len(rows)), [row.row.name for row in rows])
    all_axes[0].set_ylim(len(rows) - 0.4, -0.6)
    figure.suptitle(title_of(data))
    figure.supxlabel(
        "square: mean over seeds, with its standard deviation where that is wider; dots: single seeds; diamond: "
        f"{'the authors' if data.table.ranked else 'the paper'};\n"
        "no mark: not measured, not printed or lost; the panels' axes differ",
        fontsize=8,
        color=GREY,
    )
    return figure


def where(data: TableData) -> str:
    """Return on what a table was measured, for the label of an axis."""
    return f"drawn clips ({data.profile.name})" if data.profile.data.drawn else data.profile.name


def title_of(data: TableData) -> str:
    """Return the table's title, marked when it is no result."""
    return f"{'smoke, not a result: ' if data.profile.name == 'smoke' else ''}{data.table.title}"


def _paper_panels(data: TableData) -> list[tuple[str, str]]:
    has = {metric for row in data.rows for metric in row.row.paper}
    names = [("top1", data.table.paper_data), ("v2_top1", data.table.paper_data_2)]
    whose = "authors'" if data.table.ranked else "paper"
    return [
        (f"{whose} top-1 (%)\n{short(name)}", metric) for metric, name in names if name is not None and metric in has
    ]


def _points(axes: Axes, row: RowData, metric: str, place: int) -> None:
    """Draw the mean with its standard deviation and each seed as a dot."""
    measure = row.measure(metric)
    if measure is None:
        return
    values = [value for result in row.results.values() if (value := figure_of(result, metric)) is not None]
    axes.errorbar(measure.mean, place, xerr=measure.std, fmt="s", color=BLUE, capsize=4, markersize=6)
    if len(values) > 1:
        axes.plot(values, [place + 0.22] * len(values), "o", color=VERMILLION, markersize=3.5, alpha=0.8)
