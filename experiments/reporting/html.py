"""One HTML file with everything: tables, claims and pictures; it loads nothing and runs no script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import pandas as pd

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

STYLE = """
:root { color-scheme: light dark; --text: #1a1a1a; --faint: #5a5a5a; --back: #ffffff; --line: #d5d5d5; --band: #f4f5f7;
  --supported: #005a8f; --contradicted: #a84300; --equivalent: #00664a; --undecided: #7a5200; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --faint: #a9a9a9; --back: #16181c; --line: #3a3d44; --band: #1f2228;
    --supported: #6db9ee; --contradicted: #ff9d5c; --equivalent: #4fd3a4; --undecided: #f0c14b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { line-height: 1.2; font-size: 1.7rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
a { color: inherit; } nav ul { columns: 18rem; padding-left: 1.2rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; min-width: 100%; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
@media (max-width: 40rem) { th:first-child, td:first-child { white-space: normal; min-width: 7rem; } }
th { background: var(--band); } tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { position: sticky; left: 0; z-index: 1; }
td:first-child { background: var(--back); }
.label { text-align: left; } .wrap { white-space: normal; min-width: 14rem; text-align: left; }
.faint, .note { color: var(--faint); font-size: .9rem; }
.supported { color: var(--supported); font-weight: 600; }
.contradicted { color: var(--contradicted); font-weight: 600; }
.equivalent { color: var(--equivalent); font-weight: 600; }
.undecided { color: var(--undecided); } .not-measured { color: var(--faint); }
figure { margin: 1rem 0; overflow-x: auto; }
figure img { max-width: 100%; min-width: 38rem; height: auto; background: #fff; border-radius: 6px; padding: .4rem; }
figcaption { color: var(--faint); font-size: .85rem; } summary { cursor: pointer; } code { font-size: .9em; }
pre { overflow-x: auto; background: var(--band); padding: .6rem; border-radius: 6px; }
"""
URL_SAFE = ' !"$&()*+,-./:;=?@[]_~<>^`{|}'
"""What stands for itself in a picture's URL in single quotes; an apostrophe, %, # and what is not ASCII do not."""
MARKS = {
    Outcome.SUPPORTED: "✓",
    Outcome.CONTRADICTED: "✗",
    Outcome.EQUIVALENT: "≈",
    Outcome.UNDECIDED: "?",
    Outcome.NOT_MEASURED: "–",
}


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
    shown = [data for data in tables if data.results]
    rest = [data.table.title for data in tables if not data.results]
    profile = tables[0].profile
    title = f"Global Temporal Attention: the tables at profile {profile.name}"
    warning = "<p><strong>smoke: not a result.</strong></p>" if profile.name == "smoke" else ""
    where = f"Measured on <code>{escape(profile.name)}</code>: {escape(profile.title)}."
    if profile.data.drawn:
        where += (
            " <strong>Nothing here was measured on Something-Something or Kinetics</strong>; the paper's columns are "
            "its own figures, to compare order and sign only."
        )
    found = [verdict for data in tables for verdict in data.verdicts]
    links = "".join(f'<li><a href="#{data.table.name}">{escape(data.table.title)}</a></li>' for data in shown)
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>",
        f"{warning}<p>{where}</p><p><strong>{escape(summary(found))}</strong></p><p>{escape(contradicted(found))}</p>",
        '<nav><ul><li><a href="#claims">The paper\'s claims</a></li>',
        f'{links}<li><a href="#pictures">Pictures over all tables</a></li></ul></nav>',
        f'<h2 id="claims">The paper\'s claims</h2>\n<p class="note">{escape(METHOD)}</p>',
        _all_claims(tables),
        *(_picture(picture, folder) for picture in overview[:1]),
        *(_section(data, pictures[data.table.name], folder) for data in shown),
        '<h2 id="pictures">Pictures over all tables</h2>',
        *(_picture(picture, folder) for picture in overview[1:]),
        f"<h2>Not measured yet</h2><p>{escape('; '.join(rest))}</p>" if rest else "",
        "</body>\n</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _section(data: TableData, pictures: Sequence[Picture], folder: Path) -> str:
    frame = formatted_frame(data)
    labels = set(frame.columns[: first_figure(frame)])
    accuracy, rest = split(frame)
    parts = [
        f'<h2 id="{data.table.name}">{escape(data.table.title)}</h2>',
        f"<p>{_inline(subject(data))}</p>",
        _table(accuracy, labels),
        *(f'<p class="note">{_inline(paragraph)}</p>' for paragraph in legend(data).split("\n\n")),
        _list(data.table.notes),
        f"<details><summary>By kind of clip, and cost</summary>{_table(rest, labels)}"
        f'<p class="note">{_inline(second_legend(data))}</p></details>',
        *(_picture(picture, folder) for picture in pictures),
    ]
    if data.verdicts:
        parts.append(f'<h3>What the paper says of it</h3><p class="note">{_inline(HOW.rpartition(":")[0])}.</p>')
        parts.append(_table(claims_frame(data), {"claim", "measured", "verdict"}))
    if data.problems:
        parts.append(f"<h3>Left out</h3>{_list(data.problems)}")
    runs = f"<pre>{escape(command(data))}</pre>{_table(run_frame(data), {'row', 'run', 'commit'})}"
    runs += _list(facts(data))
    parts.append(f"<details><summary>Where the numbers come from</summary>{runs}</details>")
    return "\n".join(part for part in parts if part)


def _all_claims(tables: Sequence[TableData]) -> str:
    lines = []
    for data in tables:
        for verdict in data.verdicts:
            lines.append(_claim(data, verdict))
    head = "".join(
        f'<th class="label">{name}</th>' for name in ("claim", "verdict", "measured", "paper", "the paper's words")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    table = f'<div class="scroll" tabindex="0">{table}</div>'
    return f"<details><summary>All {len(lines)} claims, with the paper's words</summary>{table}</details>"


def _claim(data: TableData, verdict: Verdict) -> str:
    claim, measured = verdict.claim, escape(verdict.why)
    if verdict.tested:
        measured = f"{interval_text(verdict.closest)}<br>"
        shown = f"{contrast_text(verdict.closest.contrast)}; claimed {claim.range}"
        measured += f'<span class="faint">{escape(shown)}</span>'
    note = f'<br><span class="faint">{escape(claim.note)}</span>' if claim.note else ""
    return (
        f'<tr><td class="wrap">{escape(claim.name)}<br><span class="faint">{escape(data.table.title)}</span></td>'
        f'<td class="label">{_verdict(verdict.outcome)}</td><td class="wrap">{measured}</td>'
        f'<td class="label">{escape(paper_text(claim, data))}</td>'
        f'<td class="wrap">“{escape(claim.quote)}”{note}</td></tr>'
    )


def _verdict(outcome: Outcome) -> str:
    return f'<span class="{outcome.value.replace(" ", "-")}">{MARKS[outcome]} {escape(outcome.value)}</span>'


def _table(frame: pd.DataFrame, labels: set[str]) -> str:
    names = [str(name) for name in frame.columns]
    kinds = [' class="label"' if name in labels else "" for name in names]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(names, kinds, strict=True))
    outcomes = {outcome.value: outcome for outcome in Outcome}
    lines = []
    for line in frame.itertuples(index=False):
        cells = []
        for name, kind, cell in zip(names, kinds, line, strict=True):
            text = _verdict(outcomes[cell]) if name == "verdict" else escape(str(cell))
            cells.append(f"<td{kind}>{text}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    body = "\n".join(lines)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
    )


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>" if items else ""


def _picture(picture: Picture, folder: Path) -> str:
    try:
        drawn = files.read_bytes(folder / f"{picture.name}.svg").decode(errors="replace")
    except UserError:  # it has not been drawn, or something else has its name; the check says so
        return ""
    # As text, which is a quarter shorter than base64. A browser drops line ends, which may part the steps of a path.
    content = quote(" ".join(drawn.splitlines()), safe=URL_SAFE).replace("&", "&amp;")
    return (
        f"<figure><img alt='{escape(picture.alt)}' src='data:image/svg+xml,{content}'>"
        f"<figcaption>{escape(picture.title)}</figcaption></figure>"
    )


def _inline(text: str) -> str:
    """Return Markdown's code and bold as HTML; everything else is escaped."""
    text = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]*)\*\*", r"<strong>\1</strong>", text)
