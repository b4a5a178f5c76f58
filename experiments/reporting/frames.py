"""A table as pandas frames: numbers for CSV files and notebooks, formatted cells for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.reporting import cells
from experiments.reporting.collect import METRICS, TableData

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"order": "order pairs", "pair_accuracy": "within pair", "motion": "motion", "static": "static"}
"""Columns for data sets whose templates have kinds."""


def numeric_frame(data: TableData) -> pd.DataFrame:
    """Return one line a row with mean, std and n of every metric, and the paper's values."""
    import pandas as pd

    lines = []
    for row in data.rows:
        line: dict[str, object] = {"table": data.table.name, "profile": data.profile.name, "row": row.row.name}
        line |= {name: row.row.cells.get(name, "") for name in _labels(data)}
        line |= {"seeds": " ".join(map(str, sorted(row.results))), "failed_seeds": " ".join(map(str, row.failed))}
        line |= {"n": len(row.results)}
        for metric in METRICS:
            measure = row.measure(metric)
            line[metric] = None if measure is None else round(measure.mean, 6)
            if metric not in ("mparams", "gmacs"):
                line[f"{metric}_std"] = None if measure is None or measure.std is None else round(measure.std, 6)
        difference = None if row is data.reference else row.delta(data.reference)
        line["delta"] = None if difference is None else round(difference.mean, 6)
        line["delta_std"] = None if difference is None or difference.std is None else round(difference.std, 6)
        line |= {f"paper_{metric}": row.row.paper.get(metric) for metric in ("top1", "mparams", "gmacs")}
        paper_delta = data.paper_delta(row.row)
        line["paper_delta"] = None if paper_delta is None else round(paper_delta, 6)
        line["runs"] = " ".join(row.results[seed].run_id for seed in sorted(row.results))
        lines.append(line)
    return pd.DataFrame(lines)


def formatted_frame(data: TableData) -> pd.DataFrame:
    """Return the table as people read it; every cell is text."""
    import pandas as pd

    labels, shows_kinds = _labels(data), data.profile.data.drawing is not None
    top = max((result.macs for _, result in data.results), default=0)
    unit, scale, digits = ("G", 1.0, 2) if top >= 1e9 else ("M", 1e3, 1)
    lines = []
    for row in data.rows:
        line = {name: row.row.cells.get(name, "") for name in labels} or {"row": row.row.name}
        line["top-1"] = cells.measured(row, "top1", seeds=True)
        line["Δ"] = cells.delta(data, row)
        line["paper top-1"] = cells.paper(row.row)
        line["paper Δ"] = cells.paper_delta(data, row.row)
        if shows_kinds:
            line |= {title: cells.measured(row, metric) for metric, title in KINDS.items()}
        else:
            line["top-5"] = cells.measured(row, "top5")
        line["params (M)"] = cells.constant(row, "mparams", 3 if unit == "M" else 1)
        line[f"MACs ({unit})"] = cells.constant(row, "gmacs", digits, scale)
        lines.append(line)
    return pd.DataFrame(lines, dtype="str")


def markdown(frame: pd.DataFrame) -> str:
    """Return a formatted frame as a Markdown table: labels to the left, figures to the right."""
    first = list(frame.columns).index("top-1") if "top-1" in frame.columns else len(frame.columns)
    aligned = ["left"] * first + ["right"] * (len(frame.columns) - first)
    return str(frame.to_markdown(index=False, disable_numparse=True, colalign=aligned))


def _labels(data: TableData) -> list[str]:
    return list(dict.fromkeys(name for row in data.rows for name in row.row.cells))
