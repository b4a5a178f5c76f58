"""A table as a terminal shows it: what matters most first, and only as many columns as fit, each of them whole."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.pages import cells
from experiments.reporting.pages.frames import first_figure, formatted_frame
from experiments.study.rows import Row

NARROW = 80
"""Columns that a table needs at least; a log has as many."""
FIRST = ("top-1", "Δ", "paper top-1", "authors' top-1", "paper SSv1", "paper SSv2", "paper Δ", "within pair")
"""What stands in every terminal, in this order, where the table has it."""
THEN = ("top-5", "order pairs", "motion", "static", "params (M)", "MACs", "paper")
"""Beginnings of the titles that follow, by value; a row's own labels come last, for its name tells most of them."""
_SEEDS = re.compile(r" \(n=\d+\)")
_GAP = "  "


def terminal_width() -> int:
    """Return the columns of the terminal (or of ``$COLUMNS``), and :data:`NARROW` for a log."""
    return max(NARROW, shutil.get_terminal_size((NARROW, 24)).columns)


def short_table(data: TableData, width: int, page: Path) -> str:
    """Return the table in at most ``width`` columns, with its seeds and what stands in ``page`` alone.

    Figures are never cut or broken; names of rows are wrapped between words where they are too long.
    """
    frame = formatted_frame(data)
    names = [row.row.name for row in data.rows]
    columns = {title: [_SEEDS.sub("", cell) for cell in frame[title]] for title in _by_value(frame)}
    shown = {title: content for title, content in columns.items() if title in FIRST}
    for title, content in columns.items():
        if title not in shown and max(map(len, names)) + _width({**shown, title: content}) <= width:
            shown[title] = content
    left = [title for title in columns if title not in shown]
    more = f"More in {page}: {', '.join(left)}." if left else f"Page: {page}"
    title = f"{data.table.title}. {data.profile.name}: {data.profile.title}"
    if data.profile.name == "smoke":
        title = f"smoke, not a result: {title}"
    lines = [*_fill(title, width), "", *_draw(names, shown, width - _width(shown)), ""]
    return "\n".join(lines + _fill(measured(data), width) + _fill(more, width))


def measured(data: TableData) -> str:
    """Return the sentence that says of which seeds the figures are made and how they are read."""
    groups: dict[tuple[int, ...], list[Row]] = {}
    for row in data.rows:
        if row.results:
            groups.setdefault(tuple(sorted(row.results)), []).append(row.row)
    if not groups:
        return "No seed is measured yet."
    parts = [_ranges(seeds) for seeds in groups]
    if len(groups) > 1:
        parts = [f"{_ranges(seeds)} ({', '.join(row.name for row in rows)})" for seeds, rows in groups.items()]
    many = len(data.seeds) > 1
    text = f"Top-1 in percent, {'seeds' if many else 'seed'} {'; '.join(parts)}"
    text += ": mean ± standard deviation" if many else ""
    text += f"; Δ to {data.table.reference}, paired over seeds."
    failed = [f"{row.row.name} (seed {_ranges(sorted(row.failed))})" for row in data.rows if row.failed]
    return f"{text} {cells.FAILED} failed: {', '.join(failed)}." if failed else text


def _by_value(frame: pd.DataFrame) -> list[str]:
    """Return the titles of all columns in the order of :data:`FIRST` and :data:`THEN`, labels last."""
    titles = [str(title) for title in frame.columns]
    labels, figures = titles[: first_figure(frame)], titles[first_figure(frame) :]

    def value(title: str) -> int:
        if title in FIRST:
            return FIRST.index(title)
        return len(FIRST) + next(i for i, start in enumerate((*THEN, "")) if title.startswith(start))

    return sorted(figures, key=value) + [title for title in labels if title != "row"]


def _fill(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _width(columns: dict[str, list[str]]) -> int:
    return sum(len(_GAP) + _column(title, content) for title, content in columns.items())


def _column(title: str, content: Sequence[str]) -> int:
    return max(map(len, (*title.split(), *content)))


def _draw(names: Sequence[str], columns: dict[str, list[str]], room: int) -> list[str]:
    """Return the lines of the table; titles are stacked word by word, names wrapped into ``room`` columns."""
    first = min(room, max(map(len, names)))
    widths = {title: _column(title, content) for title, content in columns.items()}
    stacked = {title: textwrap.wrap(title, widths[title]) for title in columns}
    height = max(map(len, stacked.values()))
    lines = []
    for level in range(-height, 0):
        words = [stack[level] if -level <= len(stack) else "" for stack in stacked.values()]
        lines.append(_line("row" if level == -1 else "", first, words, widths))
    lines.append("-" * len(_line("", first, [""] * len(widths), widths, stripped=False)))
    for index, name in enumerate(names):
        top, *rest = textwrap.wrap(name, first, subsequent_indent=_GAP)
        lines.append(_line(top, first, [content[index] for content in columns.values()], widths))
        lines += rest
    return lines


def _line(name: str, first: int, content: Sequence[str], widths: dict[str, int], stripped: bool = True) -> str:
    figures = (f"{cell:>{width}}" for cell, width in zip(content, widths.values(), strict=True))
    line = _GAP.join((f"{name:{first}}", *figures))
    return line.rstrip() if stripped else line


def _ranges(seeds: Sequence[int]) -> str:
    """Return seeds as ``--seeds`` takes them, such as ``0-2,5``."""
    found: list[list[int]] = []
    for seed in seeds:
        if found and seed == found[-1][-1] + 1:
            found[-1].append(seed)
        else:
            found.append([seed])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)
