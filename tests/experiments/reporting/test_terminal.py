"""What stands in a terminal: every table at every width with whole figures, those of its CSV file."""

from __future__ import annotations

import copy
import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest

from experiments.reporting.evidence.collect import collect
from experiments.reporting.pages.frames import formatted_frame, numeric_frame
from experiments.reporting.pages.terminal import FIRST, short_table
from experiments.store.frozen import FrozenStore
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES

ROOT = Path(__file__).parents[3]
WIDTHS = (80, 100, 160)
PAGE = Path("results/tiny-v2/page.md")
METRICS = {
    "top-1": ("top1", "top1_std"),
    "Δ": ("delta", "delta_std"),
    "paper top-1": ("paper_top1", None),
    "authors' top-1": ("paper_top1", None),
    "paper SSv1": ("paper_top1", None),
    "paper SSv2": ("paper_v2_top1", None),
    "paper Δ": ("paper_delta", None),
    "within pair": ("pair_accuracy", "pair_accuracy_std"),
}


@pytest.fixture(scope="module")
def committed():
    snapshot = FrozenStore(ROOT / "results")
    return {name: collect(table, PROFILES["tiny-v2"], snapshot) for name, table in TABLES.items()}


def agrees(cell, line, title):
    """Whether a printed cell is the CSV file's figure, rounded to what is printed."""
    printed = [float(part) for part in cell.removesuffix(" †").split(" ± ")]
    full = [line[name] for name in METRICS[title] if name is not None and not pd.isna(line[name])]
    return len(printed) == len(full) and all(abs(a - b) <= 0.05 + 1e-6 for a, b in zip(printed, full, strict=True))


def first_lines(text):
    """The line of each row that has its figures."""
    body = text.split("\n---", 1)[1].split("\n\n")[0].split("\n")[1:]
    return [line for line in body if not line.startswith("  ")]


def check_table(data, width):
    text = short_table(data, width, PAGE)
    assert max(map(len, text.splitlines())) <= width
    frame = formatted_frame(data)
    lines, first = first_lines(text), [title for title in FIRST if title in frame.columns]
    more = " ".join(text.partition("\nMore in ")[2].split()).partition(": ")[2].removesuffix(".").split(", ")
    assert not {*more} & {*first}
    shown = [title for title in frame.columns if title not in (*more, "row")]
    assert len(shown) + len([title for title in more if title]) + ("row" in frame.columns) == len(frame.columns)
    for (_, figures), (_, cells), printed in zip(numeric_frame(data).iterrows(), frame.iterrows(), lines, strict=True):
        whole = {title: re.sub(r" \(n=\d+\)", "", cells[title]) for title in (*first, *shown) if cells[title]}
        _, *found = re.split(r" {2,}", printed.strip())
        assert sorted(found) == sorted(whole.values())
        for title, cell in zip(whole, found, strict=True):  # the first columns in their order
            if title in first and any(sign.isdigit() for sign in cell):
                assert agrees(cell, figures, title), (title, cell)
    return text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TABLES)
def test_no_figure_is_cut_or_broken(committed, name, width):
    text = check_table(committed[name], width)
    assert "…" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_and_wide_figures(committed, width):
    """Names are wrapped; hundreds, wide spreads, failed and missing runs leave every figure whole."""
    data = copy.deepcopy(committed["table_sota"])
    for number, row in enumerate(data.rows):
        name = f"{row.row.name} with a name that nobody would give to a row of a table, number {number}"
        object.__setattr__(row, "row", dataclasses.replace(row.row, name=name))
        row.results = {
            seed: dataclasses.replace(
                result,
                accuracies=dataclasses.replace(
                    result.accuracies, top1=100.0 if seed % 2 else 60.0, pair_accuracy=100.0 if seed % 2 else 3.0
                ),
            )
            for seed, result in row.results.items()
        }
    data.rows[1].failed[7] = "no memory"
    data.table = dataclasses.replace(
        data.table, rows=tuple(row.row for row in data.rows), reference=data.rows[-5].row.name, claims=()
    )
    text = check_table(data, width)
    assert "†" in first_lines(text)[1]
    assert "failed: TSM 8 with a name" in " ".join(text.split())


def test_the_seeds_behind_the_figures(committed):
    data = copy.deepcopy(committed["table_ablation_groups"])
    template = next(iter(data.rows[0].results.values()))
    for row in data.rows:
        row.results = dict.fromkeys(range(4 if row.row.name == "G = 8" else 3), template)
    text = " ".join(short_table(data, 80, PAGE).split())
    assert "seeds 0-2 (G = 1, G = 2, G = 4, G = 16, G = 32); 0-3 (G = 8): mean ±" in text


def test_piped_and_on_terminals_of_two_widths(monkeypatch, capsys):
    """The command line prints 80 columns into a pipe, and what fits into a terminal."""
    from experiments.run import main

    wanted = ["table_ablation_components", "--profile", "tiny-v2", "--results", str(ROOT / "results")]
    longest = {}
    for columns in ("", "80", "160"):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(wanted) == 0
        table = capsys.readouterr().out.split("\n\n", 1)[1]
        longest[columns] = max(map(len, table.split("\n---")[1].split("\nMore in")[0].split("\nPage:")[0].split("\n")))
        assert ("order pairs" in " ".join(table.split("More in")[-1].split())) is (columns != "160")
    assert longest[""] == longest["80"] <= 80 < longest["160"] <= 160
