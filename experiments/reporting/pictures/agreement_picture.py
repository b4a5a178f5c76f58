"""Measured against printed differences: on the diagonal the two are the same."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.reporting.evidence.agreement import SMALL, Pair
from experiments.reporting.pictures.style import BLUE, GREY, ORANGE, grid, new_figure


def draw_agreement(found: Sequence[Pair], where: str) -> Figure:
    """Return two panels: all differences, and those that the paper prints as small."""
    figure = new_figure(8.6, 4.6)
    whole, small = figure.subplots(1, 2)
    _panel(whole, found)
    _panel(small, [pair for pair in found if abs(pair.paper) < SMALL and not pair.sanity])
    whole.set_title("all differences", fontsize=10)
    small.set_title(f"printed below {SMALL:g} points, without sanity checks", fontsize=10)
    low, high = small.get_ylim()
    if max(-low, high) > 2 * SMALL:  # one that is far off must not press the others together
        small.set_yscale("symlog", linthresh=SMALL, linscale=2.0)
        ticks = [tick for tick in (-30, -10, -3, -2, -1, 0, 1, 2, 3, 10, 30) if low <= tick <= high]
        small.set_yticks(ticks, [f"{tick:+d}" if tick else "0" for tick in ticks])
        small.set_yticks([], minor=True)
        small.set_ylim(1.3 * min(low, -SMALL), 1.3 * max(high, SMALL))
        small.annotate(
            f"logarithmic beyond ±{SMALL:g}", (0.02, 0.01), xycoords="axes fraction", ha="left", va="bottom", size=8
        )
    figure.supylabel(f"measured difference of top-1 in points, 95 % interval,\n{where}", fontsize=9)
    figure.supxlabel("the paper's difference in points; the line: equal", fontsize=9)
    handles, labels = whole.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return figure


def _panel(axes: Axes, found: Sequence[Pair]) -> None:
    printed = [0.0, *(pair.paper for pair in found)]
    room = 0.08 * (max(printed) - min(printed)) or 1.0
    span = (min(printed) - room, max(printed) + room)
    axes.set_xlim(span)
    axes.plot(span, span, color=GREY, linewidth=1, zorder=1)
    axes.axhline(0, color=GREY, linewidth=0.6, linestyle=":")
    axes.axvline(0, color=GREY, linewidth=0.6, linestyle=":")
    for sanity, colour, marker, name in (
        (False, BLUE, "o", "both sides know the order of frames, or neither does"),
        (True, ORANGE, "s", "sanity check: only one side knows it"),
    ):
        own = [pair for pair in found if pair.sanity is sanity]
        for pair in own:
            axes.plot([pair.paper] * 2, [pair.measured.low, pair.measured.high], color=colour, linewidth=1, alpha=0.6)
        x, y = [pair.paper for pair in own], [pair.measured.value for pair in own]
        axes.scatter(x, y, s=26, marker=marker, color=colour, edgecolors="white", linewidths=0.5, zorder=3, label=name)
    grid(axes)
