"""Top-1 within each template of the embedded data set, for every measured row, as a heat map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.reporting.evidence.collect import judge_row
from experiments.reporting.evidence.judge import EMBEDDED_LABELS
from experiments.reporting.pictures.distinct import Distinct
from experiments.reporting.pictures.style import BLUE, GREY, grid, new_figure
from experiments.reporting.pictures.table_picture import where
from experiments.store.result import Result
from experiments.store.store import Store
from gta.data.drawn.templates import KINDS, TEMPLATES
from gta.errors import UserError

TITLES = {"order": "order pairs", "motion": "motion", "static": "static"}


def read_templates(rows: Sequence[Distinct], store: Store) -> list[tuple[Distinct, NDArray[np.float64]]]:
    """Return top-1 within each template in percent, in the order of ``TEMPLATES``, averaged over seeds."""
    found = []
    for entry in rows:
        by_seed = []
        for seed in sorted(entry.row.results):
            try:
                judged = judge_row(entry.row.row, seed, entry.table.profile, store)
            except UserError:
                continue
            counts = np.bincount(judged.labels, minlength=len(EMBEDDED_LABELS))
            right = np.bincount(judged.labels, weights=judged.hits, minlength=len(EMBEDDED_LABELS))
            by_seed.append(100 * right / np.maximum(counts, 1))
        if by_seed:
            order = [EMBEDDED_LABELS.index(template.name) for template in TEMPLATES]
            found.append((entry, np.mean(by_seed, axis=0)[order]))
    return found


def draw_templates(rows: Sequence[tuple[Distinct, NDArray[np.float64]]]) -> Figure:
    """Return the map: templates from left to right by kind, rows by the table that has them first."""
    figure = new_figure(9.6, 3.6 + 0.2 * len(rows))
    axes = figure.subplots()
    values = np.array([row for _, row in rows])
    image = axes.imshow(values, vmin=0, vmax=100, cmap="cividis", aspect="auto", interpolation="nearest")
    for (line, column), value in np.ndenumerate(values):
        axes.text(
            column, line, f"{value:.0f}", ha="center", va="center", size=6, color="black" if value > 48 else "white"
        )
    axes.set_xticks(range(len(TEMPLATES)), [_short(template.name) for template in TEMPLATES], rotation=90, size=7.5)
    axes.set_yticks(range(len(rows)), [entry.full_name for entry, _ in rows], size=7.5)
    axes.tick_params(length=0)
    first = 0
    for kind in KINDS:
        count = sum(template.kind == kind for template in TEMPLATES)
        axes.text(first + (count - 1) / 2, -0.8, TITLES[kind], ha="center", va="bottom", size=9)
        first += count
        if first < len(TEMPLATES):
            axes.axvline(first - 0.5, color="white", linewidth=3)
    for line in range(1, len(rows)):
        if rows[line][0].table is not rows[line - 1][0].table:
            axes.axhline(line - 0.5, color="white", linewidth=2)
    bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
    bar.set_label(f"top-1 within the template (%), {where(rows[0][0].table)}")
    figure.suptitle("Accuracy by template, mean over seeds; white lines divide kinds of templates and tables")
    figure.supxlabel(
        "a row that several tables share stands with the first of them; test_set: on the clips of the test draw",
        size=8,
        color=GREY,
    )
    return figure


def draw_kinds(result: Result, title: str) -> Figure:
    """Return one run's top-1 over all templates and within each kind, as bars."""
    figure = new_figure(5.2, 3.0)
    axes = figure.subplots()
    bars = {"all": result.accuracies.top1} | {
        TITLES.get(kind, kind): value for kind, value in result.accuracies.kinds.items()
    }
    if result.accuracies.pair_accuracy is not None:
        bars["within pairs\n(chance 50)"] = result.accuracies.pair_accuracy
    axes.bar_label(axes.bar(list(bars), list(bars.values()), color=BLUE), fmt="%.1f", size=8.5)
    axes.set_ylim(0, 108)
    axes.set_ylabel("validation top-1 (%)")
    grid(axes, "y")
    axes.set_title(title, size=9.5)
    return figure


def _short(name: str) -> str:
    return name.replace("Something", "Smth.").replace("something", "smth.").replace("smth. and smth.", "two things")
