"""A table as pandas frames: numbers for CSV files and notebooks, formatted cells for people."""

from __future__ import annotations

import pandas as pd

from experiments.reporting.evidence.collect import TableData, is_derived
from experiments.reporting.evidence.measure import METRICS
from experiments.reporting.pages import cells
from experiments.study.rows import Row, Table

KIND_COLUMNS = {"order": "order pairs", "pair_accuracy": "within pair", "motion": "motion", "static": "static"}
"""Columns for data sets whose templates have kinds."""
PAPER = ("top1", "top5", "v2_top1", "v2_top5", "mparams", "gmacs")
"""The paper's figures that a row may have."""
SECOND = tuple(title for title in KIND_COLUMNS.values() if title != "within pair")
"""Titles of columns that stand in the second part of a page's table."""
NO_BREAK = "\u00a0"
SHORT = {"Something-Something v1": "SSv1", "Something-Something v2": "SSv2", "Kinetics-400": "K400"}


def numeric_frame(data: TableData) -> pd.DataFrame:
    """Return one line a row with mean, std and n of every metric, and the paper's values."""
    lines = []
    for row in data.rows:
        line: dict[str, object] = {"table": data.table.name, "profile": data.profile.name, "row": row.row.name}
        line |= {name: row.row.cells.get(name, "") for name in _labels(data.table)}
        line |= {"source": _source(row.row), "seeds": " ".join(map(str, sorted(row.results)))}
        line |= {"failed_seeds": " ".join(map(str, sorted(row.failed))), "n": len(row.results)}
        for metric in METRICS:
            measure = row.measure(metric)
            line[metric] = None if measure is None else round(measure.mean, 6)
            if metric not in ("mparams", "gmacs"):
                line[f"{metric}_std"] = None if measure is None or measure.std is None else round(measure.std, 6)
        difference = None if row is data.reference else row.delta(data.reference)
        line["delta"] = None if difference is None else round(difference.mean, 6)
        line["delta_std"] = None if difference is None or difference.std is None else round(difference.std, 6)
        line |= {f"paper_{metric}": row.row.paper.get(metric) for metric in PAPER}
        paper_delta = data.paper_delta(row.row)
        line["paper_delta"] = None if paper_delta is None else round(paper_delta, 6)
        line["runs"] = " ".join(row.results[seed].run_id for seed in sorted(row.results))
        lines.append(line)
    return pd.DataFrame(lines)


def formatted_frame(data: TableData) -> pd.DataFrame:
    """Return the table as people read it; every cell is text."""
    labels, shows_kinds = _labels(data.table), data.profile.data.drawn
    shows_top5 = not shows_kinds or any("top5" in row.paper for row in data.table.rows)
    printed, costs = paper_columns(data.table), paper_costs(data.table)
    unit, scale, digits = macs_unit(data)
    lines = []
    for row in data.rows:
        line = {name: row.row.cells.get(name, "") for name in labels} or {"row": row.row.name}
        line["top-1"] = cells.measured(row, "top1", seeds=True)
        line["Δ"] = cells.delta(data, row)
        line |= {title: cells.paper(row.row, metric) for title, metric in printed.items() if metric.endswith("top1")}
        if not data.table.ranked:
            line["paper Δ"] = cells.paper_delta(data, row.row)
        if shows_top5:
            line["top-5"] = cells.measured(row, "top5")
        line |= {title: cells.paper(row.row, metric) for title, metric in printed.items() if metric.endswith("top5")}
        if shows_kinds:
            line |= {title: cells.measured(row, metric) for metric, title in KIND_COLUMNS.items()}
        line["params (M)"] = cells.constant(row, "mparams", 3 if unit == "M" else 1)
        line[f"MACs ({unit})"] = cells.constant(row, "gmacs", digits, scale)
        line |= {title: cells.paper(row.row, metric) for title, metric in costs.items()}
        lines.append(line)
    return pd.DataFrame(lines, dtype="str")


def macs_unit(data: TableData) -> tuple[str, float, int]:
    """Return the unit of a table's MACs, how many of it make a GMAC, and the digits after the point."""
    top = max((result.macs for _, result in data.results), default=0)
    return ("G", 1.0, 2) if top >= 1e9 else ("M", 1e3, 1)


def paper_columns(table: Table) -> dict[str, str]:
    """Return the titles of the columns of the paper's accuracies and their metrics; of a ranked table the authors'."""
    whose = "authors'" if table.ranked else "paper"
    titles = {f"{whose} top-1": "top1", f"{whose} top-5": "top5"}
    if table.paper_data_2 is not None:
        first, second = short(table.paper_data), short(table.paper_data_2)
        titles = {
            f"paper {first}": "top1",
            f"paper {second}": "v2_top1",
            f"paper {first} top-5": "top5",
            f"paper {second} top-5": "v2_top5",
        }
    has = {metric for row in table.rows for metric in row.paper}
    return {title: metric for title, metric in titles.items() if metric in has or metric == "top1"}


def paper_costs(table: Table) -> dict[str, str]:
    """Return the titles of the columns of the paper's parameters and MACs, where a row's own cells do not show them."""
    titles = {"paper params (M)": "mparams", "paper MACs (G)": "gmacs"}
    shown = any("MACs" in name for name in _labels(table))
    has = {metric for row in table.rows for metric in row.paper}
    return {title: metric for title, metric in titles.items() if metric in has and not (metric == "gmacs" and shown)}


def short(paper_data: str) -> str:
    """Return the usual short name of the data set that a paper's table begins with."""
    return next((name for full, name in SHORT.items() if paper_data.startswith(full)), paper_data)


def parts(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a formatted frame in two that fit a page: accuracies beside the paper's, and kinds of clips and cost.

    Quoted rows have nothing to say in the second part and are not in it.
    """
    titles = [str(name) for name in frame.columns]
    labels = titles[: first_figure(frame)]
    rest = [
        name for name in titles if name in SECOND or name.startswith(("params", "MACs", "paper params", "paper MACs"))
    ]
    second = frame[labels + rest]
    return frame[[name for name in titles if name not in rest]], second[(second[rest] != "").any(axis=1)]


def markdown(frame: pd.DataFrame, labels: int | None = None) -> str:
    """Return a formatted frame as a Markdown table: labels to the left, figures to the right, none of them broken.

    Args:
        frame: cells of text.
        labels: how many columns are labels; None: those before the accuracy, or all.
    """
    first = first_figure(frame) if labels is None else labels
    aligned = ["left"] * first + ["right"] * (len(frame.columns) - first)
    escaped = frame.map(lambda cell: cell.replace("|", "\\|"))
    figures = escaped.columns[first:]
    escaped[figures] = escaped[figures].map(lambda cell: cell.replace(" ", NO_BREAK))
    return str(escaped.to_markdown(index=False, disable_numparse=True, colalign=aligned))


def measured_on(data: TableData) -> str:
    """Return the sentence that says on what the table was measured, and on what the paper's figures were."""
    profile, table = data.profile, data.table
    paper = " and ".join(filter(None, (table.paper_data, table.paper_data_2)))
    if not profile.data.drawn:
        return f"Measured on `{profile.name}` ({profile.title}); the paper measured it on {paper}."
    own = "the authors' top-1 is what each prints itself" if table.ranked else "the paper's columns are its own figures"
    return (
        f"Measured with {'narrow networks' if table.ranked else 'a narrow ResNet'} on drawn clips "
        f"(`{profile.data.dataset}`: {profile.title}), not on {paper}: {own}; compare order and sign only."
    )


def first_figure(frame: pd.DataFrame) -> int:
    """Return the place of the first column of figures; the ones before it are labels."""
    return list(frame.columns).index("top-1") if "top-1" in frame.columns else len(frame.columns)


def _source(row: Row) -> str:
    return "quoted" if row.quoted else "scores" if is_derived(row) else "run"


def _labels(table: Table) -> list[str]:
    return list(dict.fromkeys(name for row in table.rows for name in row.cells))
