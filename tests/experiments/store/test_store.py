"""What counts as done: only a whole ``result.json`` of this version, of this run, beside its own config."""

from __future__ import annotations

import json
import multiprocessing

import pytest
from filelock import FileLock

from experiments.reporting.evidence.collect import collect
from experiments.store.result import Problem, Result
from experiments.store.store import State, Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from tests.support import fake_child

TABLE = TABLES["table_ablation_components"]
SMOKE = PROFILES["smoke"]
CONFIG = SMOKE.resolve(TABLE.rows[0], 0)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def finish(store, config=CONFIG, **changes):
    folder = store.prepare(config)
    fake_child.finish(folder, **changes)
    return folder


def test_states_come_from_files(store):
    assert store.state(CONFIG.id) is State.NEW
    folder = store.prepare(CONFIG)
    assert store.state(CONFIG.id) is State.NEW
    (folder / "ckpt").mkdir()
    assert store.state(CONFIG.id) is State.NEW
    (folder / "ckpt" / "last.ckpt").touch()
    assert store.state(CONFIG.id) is State.RESUME
    store.write_error(CONFIG.id, "no\nmemory")
    assert store.state(CONFIG.id) is State.FAILED
    assert store.error(CONFIG.id) == "no memory"
    store.prepare(CONFIG)
    assert store.state(CONFIG.id) is State.RESUME
    finish(store)
    assert store.state(CONFIG.id) is State.DONE


def _hold(path, held, leave):
    with FileLock(path):
        held.set()
        leave.wait(30)


def test_a_held_lock_is_running(store):
    folder = store.prepare(CONFIG)
    context = multiprocessing.get_context("spawn")
    held, leave = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(folder / "lock", held, leave))
    process.start()
    assert held.wait(30)
    assert store.state(CONFIG.id) is State.RUNNING
    leave.set()
    process.join()
    assert store.state(CONFIG.id) is State.NEW


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": 2}, "schema is 2"),
        ({"top1": "50"}, "top1 is '50'"),
        ({"top1": 101}, "top1 is 101"),
        ({"top1": True}, "top1 is True"),
        ({"kinds": [1]}, "kinds is"),
        ({"kinds": {"order": -3}}, "order is -3"),
        ({"n_val": 0}, "n_val is 0"),
        ({"run_id": "0" * 12}, "run_id is"),
        ({"seed": 4}, "seed is 4"),
        ({"profile": "tiny"}, "profile is 'tiny'"),
        ({"git": None}, "git is None"),
    ],
)
def test_a_result_that_does_not_fit_is_named_and_left_out(store, changes, reason):
    finish(store, **changes)
    found = store.read(CONFIG.id)
    assert isinstance(found, Problem)
    assert reason in found.reason
    assert store.state(CONFIG.id) is not State.DONE
    data = collect(TABLE, SMOKE, store)
    assert not data.results
    assert reason in data.problems[0]


@pytest.mark.parametrize("content", ["", '{"schema": 1, "top', "[]", "\x00\x01", '{"top1": NaN}'])
def test_a_torn_result_is_named(store, content):
    (finish(store) / "result.json").write_text(content)
    assert isinstance(store.read(CONFIG.id), Problem)


def test_not_a_number_is_no_accuracy(store):
    folder = finish(store)
    content = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps({**content, "top1": float("nan")}))
    assert "top1 is nan" in store.read(CONFIG.id).reason


def test_a_config_that_does_not_hash_to_its_folder_is_named(store):
    folder = finish(store)
    content = json.loads((folder / "config.json").read_text())
    content["train"]["lr"] = 1.0
    (folder / "config.json").write_text(json.dumps(content))
    assert "hashes to" in store.read(CONFIG.id).reason
    assert store.seeds("smoke") == []
    store.prepare(CONFIG)
    assert store.state(CONFIG.id) is State.NEW
    assert (store.runs / f"{CONFIG.id}.rejected" / "result.json").exists()  # set aside, not deleted


def test_preparing_again_keeps_a_rejected_result_beside(store):
    folder = finish(store, schema=9)
    store.prepare(CONFIG)
    assert sorted(path.name for path in folder.glob("result*")) == ["result.json.rejected"]


def test_runs_on_other_data_are_named_and_not_mixed(store):
    for index, fingerprint in enumerate(("aaa", "bbb", "bbb")):
        finish(store, SMOKE.resolve(TABLE.rows[index], 0), data_fingerprint=fingerprint)
    data = collect(TABLE, SMOKE, store)
    assert [row.results.keys() for row in data.rows[:3]] == [set(), {0}, {0}]
    assert "measured on other data (aaa, the others on bbb)" in data.problems[0]


def test_metrics_leave_out_a_torn_line_and_keep_the_last_of_an_epoch(store):
    folder = store.prepare(CONFIG)
    (folder / "metrics.jsonl").write_text('{"epoch": 0, "lr": 1}\n{"epoch": 0, "lr": 2}\n{"epoch": 1, "lr": 3}\n{"epo')
    assert store.metrics(CONFIG.id) == [{"epoch": 0, "lr": 2}, {"epoch": 1, "lr": 3}]


def test_environment_travels_with_the_result(store):
    finish(store)
    result = store.read(CONFIG.id)
    assert isinstance(result, Result)
    assert result.env["versions"]["torch"] == "2.14.1"
