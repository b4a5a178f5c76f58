"""Tuning and probes: their trials differ from every run of record, and an earlier line is kept."""

from __future__ import annotations

import csv
import dataclasses

import pytest

from experiments import probes, tune
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.study.rows import FamilySettings
from experiments.tables import TABLES
from experiments.tables.models import FAMILY_ROWS
from experiments.trials import SEEDS, run_trials, write_trials
from tests.support import fake_child

TINY = PROFILES["tiny-v2"]
TUNING, PROBES = tune.trials(TINY, list(FAMILY_ROWS)), probes.trials(TINY, list(probes.QUESTIONS))


def test_every_family_has_four_trials_on_the_tune_draw():
    for family in FAMILY_ROWS:
        own = [trial for trial in TUNING if trial.cells["family"] == family]
        assert len({trial.config.id for trial in own}) == len(own) == 4
    assert {(trial.config.seed, trial.config.data.evaluation_split) for trial in TUNING} == {(SEEDS[0], "tune")}
    assert not any(trial.config.splits for trial in tune.trials(PROFILES["tiny-v2"], list(FAMILY_ROWS)))


def test_every_row_that_is_trained_belongs_to_a_family_that_is_tuned():
    trained = [one for table in TABLES.values() for row in table.rows for one in row.trained]
    assert {row.name for row in trained if not set(row.families) & set(FAMILY_ROWS)} == set()


@pytest.mark.parametrize(
    ("family", "best", "further"),
    [
        ("nl", FamilySettings(lr=1e-3), {"lr 0.0005"}),
        ("nl", FamilySettings(lr=2e-3), set()),
        ("nl", FamilySettings(lr=8e-3), {"lr 0.016"}),
        (
            "tape",
            FamilySettings(lr=2e-3, position_std=0.3),
            {"lr 0.001, position_std 0.3", "lr 0.002, position_std 0.1"},
        ),
        (
            "tsm+gta/16f",
            FamilySettings(lr=4e-3, matrix_gain=1.0),
            {"lr 0.008, matrix_gain 1.0", "lr 0.004, matrix_gain 3.0"},
        ),
    ],
)
def test_an_edge_of_the_grid_is_extended_once(family, best, further):
    assert best in tune.grid(family)
    assert {str(settings) for settings in tune.beyond(family, best)} == further


def test_on_a_real_data_set_the_rates_are_around_the_recipes_own():
    profile = dataclasses.replace(PROFILES["ssv1"], changes=(("train.epochs", "5"),))
    own = profile.settings["r2d"].train.lr
    found = tune.trials(profile, ["nl", "gta"])
    assert [trial.config.train.lr / own for trial in found[:4]] == [0.25, 0.5, 1.0, 2.0]
    assert {trial.config.train.lr / own for trial in found[4:]} == {0.5, 1.0}
    assert {trial.config.data.evaluation_split for trial in found} == {"tune"}
    assert {trial.config.train.epochs for trial in found} == {5}
    rates = tune.rates_of(profile, "nl")
    assert {str(best) for best in tune.beyond("nl", FamilySettings(lr=rates[1]), rates)} == {"lr 0.00125"}


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--profile", "ssv1", "--set", "train.lr=1"], "is what is searched for"),
        (["--profile", "ssv1", "--set", "train.rate=1"], "no such field"),
        (["--profile", "k400"], "are missing; save"),
        (["--profile", "folder"], "holds no list of a known data set"),
    ],
)
def test_mistakes_in_tuning_are_one_line(options, part, tmp_path, capsys):
    assert tune.main([*options, "--data", str(tmp_path), "--work", str(tmp_path), "--results", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert part in err


def test_no_probe_is_a_run_of_record():
    rows = [trained for table in TABLES.values() for row in table.rows for trained in row.trained]
    record = {TINY.resolve(row, seed).id for row in rows for seed in (*range(5), *SEEDS)}
    for asked in ({"length"}, {trial.cells["question"] for trial in PROBES} - {"length"}):  # it shares runs with them
        ids = [trial.config.id for trial in PROBES if trial.cells["question"] in asked]
        assert len(set(ids)) == len(ids) >= 2 * 8
    assert record.isdisjoint(trial.config.id for trial in PROBES)
    assert {trial.config.data.evaluation_split for trial in PROBES} == {"tune"}


def test_a_probe_without_a_change_is_the_row_of_the_tables():
    rows = {row.name: row for table in TABLES.values() for row in table.rows}
    for name in ("TSM 8", "TSM 16", "res3+1"):
        (trial,) = (
            t for t in PROBES if (t.cells["row"], t.cells["changed"], t.config.seed) == (name, "as in the tables", 1000)
        )
        data = dataclasses.replace(trial.config.data, evaluation_split="validation")
        own = TINY.resolve(rows[name], 1000)
        assert dataclasses.replace(trial.config, data=data, splits=own.splits) == own


def test_changes_reach_the_config():
    one = probes.Try(probes.RES3, FamilySettings(lr=7e-3), epochs=3, places=(("res3", 1),))
    config, own = one.resolve(TINY, 0), probes.Try(probes.RES3).resolve(TINY, 0)
    assert one.change == "lr 0.007, 3 epochs, at res3[1]"
    assert (config.train.lr, config.train.epochs, config.model.places) == (7e-3, 3, (("res3", 1),))
    assert config.model.blocks == own.model.blocks  # the gain of M that was tuned is still there


@pytest.fixture
def work(monkeypatch, tmp_path):
    """A folder for trials whose training is the stand-in."""
    import experiments.runner.launch
    import experiments.runner.prepare

    monkeypatch.setattr(experiments.runner.prepare, "prepare", lambda *arguments: {})
    monkeypatch.setattr("experiments.runner.launch.launch", _with_fake_child(experiments.runner.launch.launch))
    return tmp_path / "work"


def _with_fake_child(launch):
    import sys

    return lambda *arguments: launch(*arguments, command=(sys.executable, "-m", "tests.support.fake_child"))


def test_trials_run_and_earlier_lines_stay(work, tmp_path, capsys):
    found, target = PROBES[:3], tmp_path / "results" / "probes"
    assert run_trials(found[:2], work, tmp_path) == 0
    write_trials(found, work, target, "# Head")
    first = list(csv.DictReader(target.with_suffix(".csv").open()))
    assert [line["run"] for line in first] == [trial.config.id for trial in found[:2]]
    assert target.with_suffix(".md").read_text().startswith("# Head\n\n| question")

    other = tmp_path / "elsewhere"
    folder = Store(other).prepare(found[2].config)
    fake_child.finish(folder)
    write_trials(found, other, target, "# Head")
    assert list(csv.DictReader(target.with_suffix(".csv").open()))[:2] == first
    assert len(target.with_suffix(".md").read_text().splitlines()) == 2 + 2 + 3
    assert run_trials(found[:2], work, tmp_path) == 0
    assert capsys.readouterr().out.count("start ") == 2  # nothing is trained twice


@pytest.mark.parametrize(
    ("main", "arguments", "name", "trained"),
    [(probes.main, ["positions", "--seeds", "1"], "probes", 3), (tune.main, ["--families", "sa"], "tuning", 4)],
)
def test_the_commands_train_and_write(work, tmp_path, main, arguments, name, trained):
    places = ["--work", str(work), "--data", str(tmp_path), "--results", str(tmp_path / "results")]
    assert main([*arguments, *places]) == 0
    lines = list(csv.DictReader((tmp_path / "results" / "tiny-v2" / f"{name}.csv").open()))
    assert len(lines) == trained
    assert (tmp_path / "results" / "tiny-v2" / f"{name}.md").exists()


def test_tuning_one_family_elsewhere_keeps_what_lies_beyond_the_grid_of_another(work, tmp_path, monkeypatch):
    places = ["--data", str(tmp_path), "--results", str(tmp_path / "results")]
    own = tune.beyond
    monkeypatch.setattr(tune, "beyond", lambda family, _, rates: own(family, tune.grid(family, rates)[0], rates))
    assert tune.main(["--families", "r2d", "--work", str(work), *places]) == 0
    table = tmp_path / "results" / "tiny-v2" / "tuning.csv"
    first = list(csv.DictReader(table.open()))
    assert [line["settings"] for line in first][-1] == "lr 0.0005"
    assert tune.main(["--families", "sa", "--work", str(tmp_path / "other"), *places]) == 0
    assert [line for line in csv.DictReader(table.open()) if line["family"] == "r2d"] == first


@pytest.mark.parametrize(
    ("main", "arguments", "says"),
    [
        (probes.main, ["frame"], "there is no question 'frame'; did you mean 'frames'?"),
        (probes.main, ["--seeds", "3"], "invalid choice: 3"),
        (tune.main, ["--families", "tap"], "there is no family 'tap'; did you mean"),
        (tune.main, ["--profile", "tinny"], "there is no profile 'tinny'"),
    ],
)
def test_mistakes_are_one_line(main, arguments, says, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert says in err
    assert len(err.splitlines()) == 1
