"""The claims as a forest plot: difference, interval and verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.verdicts import Outcome, Verdict
from experiments.reporting.pictures.style import BLUE, GREEN, GREY, VERMILLION, grid, new_figure
from experiments.reporting.pictures.table_picture import where

LOOK: dict[Outcome, tuple[str, str, Literal["full", "none"]]] = {
    Outcome.SUPPORTED: (BLUE, "o", "full"),
    Outcome.CONTRADICTED: (VERMILLION, "X", "full"),
    Outcome.EQUIVALENT: (GREEN, "D", "full"),
    Outcome.UNDECIDED: (GREY, "s", "none"),
}


TICKS = (-30, -10, -3, -2, -1, 0, 1, 2, 3, 10, 30)


def draw_forest(tables: Sequence[TableData]) -> Figure:
    """Return one line a tested claim under the title of its table; a grey band is a claimed range."""
    lines: list[tuple[str, Verdict | None]] = []
    for data in tables:
        tested = [verdict for verdict in data.verdicts if verdict.tested]
        if tested:
            lines.append((data.table.title, None))
            lines += [(_name(verdict), verdict) for verdict in tested]
    claims = [verdict for data in tables for verdict in data.verdicts if not verdict.claim.sanity]
    counts = Counter(verdict.outcome for verdict in claims)
    figure = new_figure(8.6, 1.9 + 0.225 * len(lines))
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=1)
    ends = [end for _, verdict in lines if verdict for end in (verdict.closest.low, verdict.closest.high, 0.0)]
    axes.set_xscale("symlog", linthresh=3.0, linscale=1.0)  # half of the claims speak of less than three points
    axes.set_xlim(1.3 * min(-3.0, *ends), 1.3 * max(3.0, *ends))
    ticks = [tick for tick in TICKS if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{tick:+d}" if tick else "0" for tick in ticks])
    axes.set_xticks([], minor=True)
    for place, (_, verdict) in enumerate(lines):
        if verdict is not None:
            _line(axes, place, verdict)
    axes.set_yticks(range(len(lines)), [text for text, _ in lines], size=8)
    for label, (_, verdict) in zip(axes.get_yticklabels(), lines, strict=True):
        if verdict is None:
            label.set_fontweight("bold")
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", top=True, labeltop=True)  # a long picture is read from the top
    axes.set_xlabel(f"difference of top-1 in points, 95 % interval\n(logarithmic beyond ±3), {where(tables[0])}")
    figure.supxlabel(
        "of several differences the one that is least sure or fails; grey: the claimed range, where it is not all "
        "above 0;\nequivalent: the 90 % interval lies within ±1; one seed decides nothing; "
        "sanity checks are not counted",
        fontsize=8,
        color=GREY,
    )
    grid(axes, "x")
    _legend(figure, counts)
    return figure


def _name(verdict: Verdict) -> str:
    name = f"{verdict.claim.name} (sanity check)" if verdict.claim.sanity else verdict.claim.name
    return f"{name} (one seed)" if len(verdict.closest.seeds) == 1 else name


def _line(axes: Axes, place: int, verdict: Verdict) -> None:
    claim, closest = verdict.claim, verdict.closest
    if (claim.low, claim.high) != (0, math.inf):
        low, high = axes.get_xlim()
        left, right = max(claim.low, low), min(claim.high, high)
        axes.fill_betweenx([place - 0.42, place + 0.42], left, right, color="#dddddd", linewidth=0, zorder=1)
    colour, marker, fill = LOOK[verdict.outcome]
    axes.plot([closest.low, closest.high], [place, place], color=colour, linewidth=1.8, zorder=2)
    axes.plot(closest.difference, place, marker, color=colour, markersize=6, fillstyle=fill, zorder=3)


def _legend(figure: Figure, counts: Counter[Outcome]) -> None:

    handles = [
        Line2D([], [], color=colour, marker=marker, fillstyle=fill, label=f"{outcome} ({counts[outcome]})")
        for outcome, (colour, marker, fill) in LOOK.items()
    ]
    rest = counts[Outcome.NOT_MEASURED]
    title = "The paper's claims, tested" + (f" ({rest} more not measured)" if rest else "")
    figure.legend(
        handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, title=title, title_fontsize=11
    )
