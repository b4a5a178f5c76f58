"""One HTML file with everything: tables, claims and pictures; it loads nothing and runs no script.

``report.html.jinja`` is the page and ``report.css`` its look; here stands what is put into them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from experiments.reporting.evidence import protocol
from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.verdicts import Outcome, Verdict
from experiments.reporting.pages.claim_cells import contrast_text, interval_text, paper_text
from experiments.reporting.pages.claims_page import HOW, METHOD, claims_frame, contradicted, summary
from experiments.reporting.pages.frames import first_figure, formatted_frame
from experiments.reporting.pages.frames import parts as split
from experiments.reporting.pages.table_page import command, facts, legend, run_frame, second_legend, subject
from experiments.reporting.pictures.style import Picture
from gta import files
from gta.errors import UserError

FOLDER = Path(__file__).parent
URL_SAFE = ' !"$&()*+,-./:;=?@[]_~<>^`{|}'
"""What stands for itself in a picture's URL in single quotes; an apostrophe, %, # and what is not ASCII do not."""
MARKS = {
    Outcome.SUPPORTED: "✓",
    Outcome.CONTRADICTED: "✗",
    Outcome.EQUIVALENT: "≈",
    Outcome.UNDECIDED: "?",
    Outcome.NOT_MEASURED: "–",
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Grid:
    """A table on the page, cells of text by column."""

    columns: list[str]
    lines: list[dict[str, str]]
    labels: set[str]
    """Columns that stand to the left."""

    @classmethod
    def of(cls, frame: pd.DataFrame, labels: set[str]) -> Grid:
        """Return a frame as a grid."""
        columns = [str(name) for name in frame.columns]
        lines = [dict(zip(columns, map(str, line), strict=True)) for line in frame.itertuples(index=False)]
        return cls(columns, lines, labels)


def render_html(
    tables: Sequence[TableData], pictures: Mapping[str, Sequence[Picture]], overview: Sequence[Picture], folder: Path
) -> str:
    """Return the report of a profile.

    Args:
        tables: all tables; those without any result are named, not shown.
        pictures: of each table, by its name.
        overview: the pictures over all tables.
        folder: where the pictures' SVG files are.
    """
    verdicts = [verdict for data in tables for verdict in data.verdicts]
    page = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    page.filters |= {"inline": _inline, "content": partial(_content, folder)}
    text = page.get_template("report.html.jinja").render(
        title=f"Global Temporal Attention: the tables at profile {tables[0].profile.name}",
        style=(FOLDER / "report.css").read_text("utf-8"),
        profile=tables[0].profile,
        marks=MARKS,
        outcomes={outcome.value: outcome for outcome in Outcome},
        summary=summary(verdicts),
        contradicted=contradicted(verdicts),
        method=METHOD,
        how=f"{HOW.rpartition(':')[0]}.",
        origin=_origin(tables),
        claims=[_claim(data, verdict) for data in tables for verdict in data.verdicts],
        sections=[_section(data, pictures[data.table.name]) for data in tables if data.results],
        overview=overview,
        unmeasured=[data.table.title for data in tables if not data.results],
    )
    return f"{text}\n"


def _section(data: TableData, pictures: Sequence[Picture]) -> dict[str, Any]:
    frame = formatted_frame(data)
    labels = {str(name) for name in frame.columns[: first_figure(frame)]}
    accuracy, cost = split(frame)
    return {
        "name": data.table.name,
        "title": data.table.title,
        "subject": subject(data),
        "accuracy": Grid.of(accuracy, labels),
        "legend": legend(data).split("\n\n"),
        "notes": data.table.notes,
        "cost": Grid.of(cost, labels),
        "second_legend": second_legend(data),
        "pictures": pictures,
        "claims": Grid.of(claims_frame(data), {"claim", "measured", "verdict"}) if data.verdicts else None,
        "problems": data.problems,
        "command": command(data),
        "runs": Grid.of(run_frame(data), {"row", "run", "commit"}),
        "facts": facts(data),
    }


def _claim(data: TableData, verdict: Verdict) -> dict[str, Any]:
    """Return a claim as the list of all claims shows it."""
    claim, shown = verdict.claim, ""
    if verdict.tested:
        shown = f"{contrast_text(verdict.closest.contrast)}; claimed {claim.range}"
    return {
        "name": f"{claim.name} (sanity check)" if claim.sanity else claim.name,
        "table": data.table.title,
        "outcome": verdict.outcome,
        "strip": _strip(verdict),
        "measured": interval_text(verdict.closest) if verdict.tested else verdict.why,
        "shown": shown,
        "paper": paper_text(claim, data),
        "quote": claim.quote,
        "note": claim.note,
    }


def _strip(verdict: Verdict) -> dict[str, float] | None:
    """Return where a claim's interval lies on a line of 100 parts with zero in its middle; None without one.

    The line is that of the picture of claims: points up to 3, logarithms beyond, its ends at 50 points.
    """
    if not verdict.tested:
        return None
    shown = verdict.closest
    low, at, high = (_place(value) for value in (shown.low, shown.difference, shown.high))
    return {"low": low, "at": at, "wide": max(0.4, high - low)}


def _place(points: float) -> float:
    far = min(abs(points), 50.0)
    part = far / 3 if far <= 3 else 1 + math.log10(far / 3)
    return round(50 + math.copysign(50 * part / (1 + math.log10(50 / 3)), points), 1)


def _origin(tables: Sequence[TableData]) -> str:
    """Return when and from which commits the runs are, and when their claims were frozen."""
    runs = {result.run_id: result for data in tables for _, result in data.trained}
    if not runs:
        return "No finished run yet."
    commits = sorted({result.git[:7] for result in runs.values()})
    last = max(result.finished for result in runs.values())[:10]
    frozen = sorted({line.frozen.date().isoformat() for line in protocol.read().values()})
    claims = f"; claims frozen {frozen[0]}" + (f" to {frozen[-1]}" if len(frozen) > 1 else "") if frozen else ""
    return f"{len(runs)} runs, the last of {last}, made at commit {', '.join(commits)}{claims}."


def _content(folder: Path, picture: Picture) -> Markup:
    """Return a drawn picture for its URL in single quotes; empty when it is missing.

    As text, it is a quarter shorter than in base64. A browser drops line ends, which may part the steps of a path.
    """
    try:
        drawn = files.read_bytes(folder / f"{picture.name}.svg").decode(errors="replace")
    except UserError:  # it has not been drawn, or something else has its name; the check says so
        return Markup()
    return Markup(quote(" ".join(drawn.splitlines()), safe=URL_SAFE).replace("&", "&amp;"))


def _inline(text: str) -> Markup:
    """Return a line of Markdown as HTML; HTML in it is escaped."""
    return Markup(_MARKDOWN.renderInline(text))
