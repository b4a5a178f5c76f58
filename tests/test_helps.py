"""What the commands say when they are asked for help, and in answer to a misspelt name."""

from __future__ import annotations

import importlib

import pytest

from experiments import run
from experiments.report import main as report
from gta.errors import nearest
from tests.conftest import ROOT

DOORS = (
    "experiments.run", "experiments.report", "experiments.flops", "experiments.tune", "experiments.probes",
    "experiments.compact", "experiments.wandb_upload", "gta.predict", "gta.export", "gta.data.prepare",
    "gta.data.check", "gta.data.tools.contact_sheet", "gta.weights.convert",
)  # fmt: skip


@pytest.mark.parametrize("name", DOORS)
def test_every_help_has_one_example_and_no_marks_of_docstrings(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        importlib.import_module(name).main(["--help"])
    said = capsys.readouterr().out
    assert said.count(f"example: python -m {name} ") == 1
    assert "``" not in said
    assert ":mod:" not in said
    assert max(map(len, said.splitlines())) < 100


def test_the_help_of_prepare_names_its_other_commands(capsys):
    with pytest.raises(SystemExit):
        importlib.import_module("gta.data.prepare").main(["--help"])
    said = capsys.readouterr().out
    assert "prepare extract SRC DST" in said
    assert "prepare reencode SRC DST" in said


def test_a_misspelt_table_is_answered_with_the_nearest_names_only(capsys):
    assert run.main(["table_mian"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "did you mean 'table_main'" in line
    assert "table_nl_variants" not in line
    assert "one" in nearest("?", map(str, ["one", *range(20)]))


def test_the_status_without_a_table_is_that_of_all(tmp_path, capsys):
    assert run.main(["--status", "--profile", "smoke", "--results", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "SlowFast-R101 + GTA" in said
    assert "TAPE" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("table_mian/R2D", "there is no table 'table_mian'; did you mean 'table_main'"),
        ("table_main/R2D + GAT", "table_main has no row 'R2D + GAT' that is trained; did you mean 'R2D + GTA'"),
        ("table_main/R2D", "holds no finished run of 'table_main/R2D'"),
    ],
)
def test_a_row_that_has_no_run_is_one_line(name, words, tmp_path, capsys):
    assert report(["--run", name, "--results", str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_run_is_found_by_the_name_of_its_row():
    from experiments.reporting.named import find_named_run
    from experiments.store.store import Store
    from experiments.study.profiles import PROFILES
    from experiments.tables import TABLES

    row = next(row for row in TABLES["table_main"].rows if row.name == "R2D + GTA")
    found = find_named_run(Store(ROOT / "results"), "table_main/R2D + GTA", [PROFILES["tiny-v2"]])
    assert found.name == PROFILES["tiny-v2"].resolve(row, 0).id
    assert found == find_named_run(Store(ROOT / "results"), found.name[:8], [])
