"""Runs of a changed recipe through the command: planned, trained, reported beside the table and never in it."""

from __future__ import annotations

import json

import pytest

from experiments import report

TABLE = "table_ablation_order"


def calls(study):
    return [json.loads(line) for path in study.results.glob("runs/*/calls") for line in path.read_text().splitlines()]


def changes(study):
    return {
        path.parent.name: json.loads(path.read_text()).get("changes")
        for path in study.results.glob("runs/*/config.json")
    }


def test_the_plan_names_the_changes(study, capsys):
    assert study(TABLE, "--rows", "R2D", "--set", "train.lr=0.5", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "changed: train.lr=0.5" in out
    assert "lr 0.5" in out


def test_a_changed_row_stands_beside_the_table_and_not_in_it(study, capsys):
    assert study(TABLE, "--rows", "*[2G]*") == 0  # R2D, + SA + GTA
    page = study.results / "smoke" / f"{TABLE}.md"
    before = page.read_text()
    capsys.readouterr()
    asked = ["--set", "train.lr=0.5", "--set", "model.blocks.gta.groups=4"]
    assert study(TABLE, "--rows", "*[2G]*", *asked) == 0
    out = capsys.readouterr().out
    assert page.read_text() == before
    beside = (study.results / "smoke" / "changed.md").read_text()
    assert beside.count("(of record)") == 2
    assert "| R2D | `train.lr=0.5` |" in beside  # it has no groups
    assert "GTA | `model.blocks.gta.groups=4, train.lr=0.5` |" in beside
    assert "to the row of record" in out
    assert "changed.md" in out
    found = changes(study)
    assert len(found) == 4
    assert sum(bool(names) for names in found.values()) == 2


def test_the_report_holds_the_page_of_changed_runs_to_the_store(study, capsys):
    assert study(TABLE, "--rows", "R2D") == 0
    assert study(TABLE, "--rows", "R2D", "--set", "train.lr=0.5") == 0
    path = study.results / "smoke" / "changed.md"
    path.unlink()
    folder = ["--results", str(study.results), "--profile", "smoke"]
    report.main(folder)
    text = path.read_text()
    assert "| R2D | `train.lr=0.5` |" in text
    path.write_text(text.replace("train.lr=0.5", "train.lr=0.1"))
    capsys.readouterr()
    assert report.main([*folder, "--check"]) == 1
    out = capsys.readouterr().out
    assert "changed.md differs from the store" in out
    assert "no row has the configuration" not in out


def test_a_change_that_is_none_is_the_run_of_record(study):
    assert study(TABLE, "--rows", "R2D") == 0
    (config,) = (json.loads(path.read_text()) for path in study.results.glob("runs/*/config.json"))
    assert study(TABLE, "--rows", "R2D", "--set", f"train.lr={config['train']['lr']}") == 0
    assert len(changes(study)) == 1
    assert not (study.results / "smoke" / "changed.md").exists()


def test_how_a_run_is_computed_reaches_the_child(study):
    options = ["--workers", "3", "--accumulate", "2", "--precision", "32-true", "--keep-best", "--keep-every", "4"]
    assert study(TABLE, "--rows", "R2D", *options, "--logger", "csv") == 0
    (call,) = calls(study)
    assert (call["workers"], call["accumulate"], call["precision"]) == ("3", "2", "32-true")
    assert (call["keep_best"], call["keep_every"], call["logger"]) == (True, "4", ["csv"])
    assert call["wandb"] == "disabled"  # the loggers that were named are all there are


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--set", "tran.lr=3"], "did you mean 'train.lr'"),
        (["--set", "train.lr"], "FIELD=VALUE"),
        (["--set", "model.blocks.gta.groups=3"], "groups"),
        (["--limit", "0"], "--limit '0'"),
        (["--limit", "200%"], "--limit '200%'"),
        (["--limit", "few"], "--limit 'few'"),
        (["--limit", "2.5"], "--limit '2.5'"),
        (["--limit", "100"], "--limit 100 (data.limit): "),
        (["--set", "train.milestones=5,3"], "--set train.milestones=5,3: "),
        (["--logger", "none,csv"], "none stands alone"),
        (["--logger", "csv", "--wandb", "offline"], "--logger csv leaves W&B out"),
        (["--workers", "-1"], "--workers"),
        (["--accumulate", "0"], "--accumulate"),
        (["--accumulate", "3"], "--accumulate is '3'; it must divide"),
        (["--keep-every", "x"], "--keep-every"),
        (["--logger", "mlflow"], "no logger 'mlflow'"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(study, capsys, options, part):
    assert study(TABLE, *options) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert part in lines[0]
    assert not (study.results / "runs").exists()


def test_compiling_needs_a_compiler(study, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nothing")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert study(TABLE, "--compile") == 2
    assert "--compile needs a C++ compiler" in capsys.readouterr().err
