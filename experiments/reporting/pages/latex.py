r"""Tables as LaTeX: one booktabs ``table`` each, to be put into a paper with ``\input``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.pages.frames import first_figure, formatted_frame, measured_on, parts
from experiments.reporting.pages.table_page import legend, second_legend

ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "Δ": r"$\Delta$",
    "✓": r"$\checkmark$",
    "†": r"$\dagger$",
    "−": "$-$",
    "–": "--",
    "“": "``",
    "”": "''",
}
PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[landscape,margin=1cm]{geometry}
\usepackage{amssymb,booktabs,graphicx}
\begin{document}
"""


def escape(text: str) -> str:
    """Return text that LaTeX prints as it stands; a sign before a figure becomes a mathematical one."""
    if text.startswith("-") and text[1:2].isdigit():
        return f"$-${escape(text[1:])}"
    return "".join(ESCAPES.get(letter, letter) for letter in text)


def _code(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"\\texttt{\1}", text)


def latex_table(data: TableData) -> str:
    """Return the table; it needs the packages booktabs, amssymb and graphicx."""
    frame = formatted_frame(data)
    first, (accuracy, rest) = first_figure(frame), parts(frame)
    label = f"tab:{data.table.name.removeprefix('table_').replace('_', '-')}"
    title = escape(data.table.title)
    notes = [*legend(data).split("\n\n"), *data.table.notes]
    lines = ["% made by python -m experiments.report; needs booktabs, amssymb and graphicx"]
    lines += _float(accuracy, first, label, f"{title}. {_code(escape(measured_on(data)))}", notes)
    caption = f"{title}: by kind of clip, and cost."
    lines += _float(rest, first, f"{label}-cost", caption, [second_legend(data)])
    return "\n".join(lines) + "\n"


def _float(frame: pd.DataFrame, labels: int, name: str, caption: str, notes: Sequence[str]) -> list[str]:
    columns = "l" * labels + "r" * (len(frame.columns) - labels)
    return [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{{name}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(escape(str(name)) for name in frame.columns) + r" \\",
        r"\midrule",
        *(" & ".join(escape(str(cell)) for cell in line) + r" \\" for line in frame.itertuples(index=False)),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\footnotesize",
        *(_code(escape(note)) for note in notes),
        r"\end{minipage}",
        r"\end{table}",
    ]


def document(names: Sequence[str]) -> str:
    """Return a document that prints the tables of these files, which stand beside it."""
    body = "".join(f"\\input{{{name}}}\n\\clearpage\n" for name in names)
    return f"{PREAMBLE}{body}\\end{{document}}\n"
