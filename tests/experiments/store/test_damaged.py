"""Whatever a file of a store holds, the commands name it and leave it out; no other figure moves."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import report
from experiments.reporting.evidence import sizes
from experiments.reporting.evidence.collect import collect
from experiments.reporting.pictures.style import Picture
from experiments.store.records import parse_epoch, read_environment
from experiments.store.result import Problem, Result
from experiments.store.store import State, Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta import files
from gta.errors import UserError
from gta.scoring.scores import read_scores
from tests.support import fake_child, fake_scores
from tests.support.store_drill import Drill, ask, figures

TINY, SMOKE = PROFILES["tiny-v2"], PROFILES["smoke"]
TABLE = TABLES["table_ablation_components"]
CONFIG = TINY.resolve(TABLE.rows[0], 0)


@pytest.fixture(scope="module")
def drill(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Picture, "write", lambda picture, folder: [])
        return Drill(tmp_path_factory.mktemp("drill"))


@pytest.mark.parametrize("part", range(12))
def test_any_damage_is_named_and_moves_no_other_figure(drill, monkeypatch, part):
    monkeypatch.setattr(Picture, "write", lambda picture, folder: [])
    for number in range(5 * part, 5 * part + 5):
        found = drill.try_one(number)
        assert not found["wrong"], f"{number}: {found['what']}\n" + "\n".join(found["wrong"])


@pytest.fixture
def folder(tmp_path):
    """A finished run."""
    folder = Store(tmp_path).prepare(CONFIG)
    fake_scores.finish(folder, 0.5, 0)
    return folder


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seed": 0.0}, "seed is 0.0"),
        ({"schema": True}, "schema is True"),
        ({"schema": 1.0}, "schema is 1.0"),
        ({"params": 1.5}, "params is 1.5"),
        ({"macs": True}, "macs is True"),
        ({"n_val": 240.0}, "n_val is 240.0"),
        ({"train_seconds": -1}, "train_seconds is -1"),
        ({"train_seconds": "12"}, "train_seconds is '12'"),
        ({"train_seconds": 99.5}, "train_seconds is 99.5, metrics.jsonl gives 12.3"),
        ({"clips_per_second": 10**400}, "clips_per_second is 1000"),
        ({"kinds": []}, "kinds is []"),
        ({"kinds": {"order": None}}, "order is None"),
        ({"git": "a\nb"}, "git is 'a\\nb'"),
        ({"finished": "yesterday"}, "finished is 'yesterday'"),
        ({"data_fingerprint": ["x"]}, "data_fingerprint is ['x']"),
    ],
)
def test_a_result_is_checked_field_by_field(folder, changes, reason):
    edit(folder / "result.json", **changes)
    found = Store(folder.parent.parent).read(folder.name)
    assert isinstance(found, Problem)
    assert reason in found.reason


@pytest.mark.parametrize("name", ["params", "macs"])
def test_size_and_cost_are_counted_again_from_the_config(folder, name, capsys):
    results, table = folder.parent.parent, [TABLE.name, "--results", str(folder.parent.parent)]
    assert report.main(table) == 0
    own = json.loads((folder / "result.json").read_text())[name]
    edit(folder / "result.json", **{name: own + 1})
    assert report.main([*table, "--check"]) == 1
    assert f"{name} is {own + 1}, its model has {own}; not used" in capsys.readouterr().out
    assert not collect(TABLE, TINY, Store(results)).results


def test_the_sizes_that_are_kept_are_those_of_the_models():
    """After a change of the models or of the tables: python -m experiments.reporting.evidence.sizes."""
    kept = {name: tuple(counted) for name, counted in files.read_json(sizes.COUNTED).items()}
    models = sizes.models()
    assert kept.keys() == models.keys()
    tiny = {sizes.key(c.model, c.data.test_crop or c.data.crop) for c in [TINY.resolve(r, 0) for r in TABLE.rows]}
    for name in tiny | set(random.Random(1).sample(sorted(models), 12)):
        assert sizes.count(*models[name]) == kept[name]


def pipe(path):
    os.mkfifo(path)


IRREGULAR = {
    "folder": Path.mkdir,
    "pipe": pipe,
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", IRREGULAR)
@pytest.mark.parametrize("name", ["result.json", "config.json", "env.json", "metrics.jsonl", "error.json", "lock"])
def test_what_is_no_regular_file_is_no_result_and_is_set_aside(folder, name, kind):
    store = Store(folder.parent.parent)
    (folder / name).unlink(missing_ok=True)
    IRREGULAR[kind](folder / name)
    found = store.read(folder.name)
    if name in ("result.json", "config.json"):
        assert isinstance(found, Problem)
        assert store.state(folder.name) is not State.DONE
    else:
        assert isinstance(found, Result)
        assert [problem.path.name for problem in found.unused] == [name][: name in ("env.json", "metrics.jsonl")]
    store.error(folder.name)
    store.metrics(folder.name)
    prepared = store.prepare(CONFIG)
    assert not os.path.lexists(prepared / name) or (prepared / name).is_file()


def test_a_file_in_the_place_of_a_run_is_set_aside(tmp_path):
    store = Store(tmp_path)
    store.runs.mkdir()
    store.folder(CONFIG.id).write_text("no folder")
    assert store.state(CONFIG.id) is State.NEW
    assert store.prepare(CONFIG).is_dir()


def test_a_link_to_a_regular_file_is_read(folder):
    (folder / "result.json").rename(folder.parent / "annexed")
    (folder / "result.json").symlink_to(folder.parent / "annexed")
    assert isinstance(Store(folder.parent.parent).read(folder.name), Result)


@pytest.mark.parametrize(
    "line",
    [
        *(
            '{"epoch": "0"}',
            '{"epoch": true}',
            '{"epoch": -1}',
            '{"epoch": 0, "step": "3"}',
            '{"epoch": 0, "epochs": []}',
        ),
        *('{"epoch": 0, "val_top1": 101}', '{"epoch": 0, "val_top1": NaN}', f'{{"epoch": {"1" * 400}}}', "[" * 10**5),
        *(
            '{"epoch": 0, "epoch": 1}',
            "[]",
            "",
            '{"epoch": 0, "seconds": 1e400}',
            f'{{"epoch": 0, "step": {"1" * 400}}}',
        ),
    ],
)
def test_a_line_that_is_no_point_of_the_curve(line):
    assert parse_epoch(line) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines, '{"epoch": 3, "val_top1": "high"}'],
        lambda lines: lines[:-1],
        lambda lines: [lines[0].replace('"epoch": 0', '"epoch": []'), *lines[1:]],
    ],
)
def test_a_damaged_curve_is_named_and_costs_no_result(folder, change, capsys):
    path, results = folder / "metrics.jsonl", folder.parent.parent
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    found = Store(results).read(folder.name)
    if isinstance(found, Problem):  # a point is missing, so that the time is too
        assert "train_seconds" in found.reason
        return
    assert (found.points, [problem.path for problem in found.unused]) == ((), [path])
    assert report.main([TABLE.name, "--results", str(results)]) == 0
    assert "metrics.jsonl` (" in capsys.readouterr().err
    assert not list((results / "tiny-v2").glob("*curves*"))


@pytest.mark.parametrize(
    "changes",
    [
        {"pretrained_sha256": ["a"]},
        {"versions": [1]},
        {"versions": {"torch": {}}},
        {"machine": {"cpu": "\ud800"}},
        {"git": 7},
        {"threads": True},
        {"resumed_from": {}},
    ],
)
def test_a_damaged_environment_is_named_and_costs_no_result(folder, changes):
    edit(folder / "env.json", **changes)
    with pytest.raises(UserError, match=rf"env\.json: {next(iter(changes))[:3] if 'git' in changes else ''}"):
        read_environment(folder / "env.json")
    data = collect(TABLE, TINY, Store(folder.parent.parent))
    assert len(data.results) == 1
    assert data.results[0][1].env == {}
    assert "env.json` (" in data.problems[0]


def test_the_environment_of_another_commit_is_not_used(folder):
    edit(folder / "env.json", git="fedcba9876543210")
    assert "result.json says" in Store(folder.parent.parent).read(folder.name).unused[0].reason


SCORES = {
    "labels beyond": (lambda s: s | {"labels": s["labels"] + 24}, "labels from 24 to 47"),
    "labels below": (lambda s: s | {"labels": s["labels"] - 2}, "labels from -2"),
    "labels as text": (lambda s: s | {"labels": s["labels"].astype(str)}, "labels is <U"),
    "labels as numbers": (lambda s: s | {"labels": s["labels"] / 2}, "labels is float64"),
    "views of another rank": (lambda s: s | {"views": np.zeros((1, 4, 1), np.int16)}, "views is int16"),
    "three columns": (lambda s: s | {"views": np.zeros((1, 3), np.int16)}, "do not fit each other"),
    "a number": (lambda s: s | {"scores": np.float16(0)}, "scores is float16 ()"),
    "no classes": (lambda s: s | {"scores": s["scores"][..., :0]}, "scores is float16"),
    "nan": (lambda s: s | {"scores": s["scores"] * np.float16(np.nan)}, "log-probability is nan"),
    "no logarithms": (lambda s: s | {"scores": np.exp(s["scores"])}, "log-probability is"),
    "no letters": (
        lambda s: s | {"clip_ids": np.full(240, 2**32 - 1, np.uint32).view("<U1")},
        "clip_ids holds what is no letter",
    ),
    "no labels": (lambda s: {name: s[name] for name in ("clip_ids", "scores")}, "labels is missing"),
    "one plane": (lambda s: {**s, "scores": s["scores"]} | {"labels": s["labels"][:-1]}, "do not fit each other"),
}


@pytest.mark.parametrize("kind", SCORES)
def test_scores_are_checked_array_by_array(folder, kind):
    path = folder / "scores.npz"
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    change, reason = SCORES[kind]
    np.savez(path, **change(arrays))
    with pytest.raises(UserError) as caught:
        read_scores(path)
    assert reason in str(caught.value)
    assert "scores.npz` (" in collect(TABLE, TINY, Store(folder.parent.parent)).problems[0]


def test_scores_of_fewer_classes_are_not_those_of_the_model(folder):
    labels, scores = fake_scores.draw_scores(0.5, 0)
    kept = labels < 20
    fake_scores.save_scores(folder / "scores.npz", labels[kept], scores[:, kept, :20])
    assert "scores of 20 classes, its model has 24" in collect(TABLE, TINY, Store(folder.parents[1])).problems[0]


def test_an_array_that_claims_to_be_huge_or_stands_twice_or_is_none(tmp_path):
    import zipfile

    from tests.support.damage_store import _member

    for what, reason in (("huge", "unreadable"), ("twice", "stands twice"), ("bytes", "is no array")):
        path = tmp_path / f"{what}.npz"
        with zipfile.ZipFile(path, "w") as archive:
            for _ in range(1 + (what == "twice")):
                archive.writestr("x" if what == "bytes" else "x.npy", _member(what, np.zeros(3)))
        with pytest.raises(UserError, match=reason):
            files.read_arrays(path)


@pytest.mark.parametrize("name", ["env.json", "metrics.jsonl", "scores.npz", "matrices.npz", "looks.npz"])
def test_a_file_of_another_run_is_not_used(tmp_path, name, monkeypatch):
    monkeypatch.setattr(Picture, "write", lambda picture, folder: [])
    drill = Drill(tmp_path)
    shutil.copyfile(drill.other / name, drill.run / name)
    files.write_bytes(drill.run / name, (drill.run / name).read_bytes() + b" ")  # env.json of two runs may be equal
    code, said = ask(report.main, TABLE.name, "table_test_set", "--check", "--results", str(drill.results))
    assert code == 1
    assert f"{name}" in said
    assert "it is not the file that result.json was written beside" in said
    assert set(figures(drill.results)) <= drill.allowed


def test_check_compares_what_was_written(tmp_path, capsys):
    """One table written: the others are not missed; after a report over all, each of them is."""
    store = Store(tmp_path)
    for seed in range(2):
        fake_scores.finish(store.prepare(TINY.resolve(TABLE.rows[0], seed)), 0.5, seed)
    where = ["--results", str(tmp_path)]
    assert report.main(["--check", *where]) == 1
    assert "no table has been written from these runs" in capsys.readouterr().out
    assert report.main([TABLE.name, *where]) == 0
    assert report.main(["--check", *where]) == 0, capsys.readouterr().out
    (tmp_path / "tiny-v2" / f"{TABLE.name}.csv").unlink()
    assert report.main(["--check", *where]) == 1
    assert report.main(where) == 0
    assert report.main(["--check", *where]) == 0
    for path in (tmp_path / "tiny-v2").glob("table_main*"):
        path.unlink()
    capsys.readouterr()
    assert report.main(["--check", *where]) == 1
    assert "table_main.md" in capsys.readouterr().out


def test_a_table_on_disk_that_is_no_text_differs(folder, capsys):
    results = folder.parent.parent
    assert report.main([TABLE.name, "--results", str(results)]) == 0
    path = results / "tiny-v2" / f"{TABLE.name}.md"
    path.unlink()
    path.mkdir()
    (results / "tiny-v2" / f"{TABLE.name}.csv").write_bytes(b"\xff\xfe")
    capsys.readouterr()
    assert report.main([TABLE.name, "--results", str(results), "--check"]) == 1
    out = capsys.readouterr().out
    assert f"{path} is a folder, not a file" in out
    assert f"{TABLE.name}.csv differs" in out


KILLED = """
import os, sys
from pathlib import Path
from gta import files
with files.replacing(Path(sys.argv[1])) as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), 9)
"""


def leave_part(path):
    """Kill a process while it writes ``path``."""
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=60)
    assert [left for left in path.parent.iterdir() if left.name.startswith(f".{path.name}.")]


def test_the_next_writer_removes_what_a_kill_has_left(tmp_path):
    for name in ("a.json", "a[1].json"):
        leave_part(tmp_path / name)
        files.write_json(tmp_path / name, 1)
    assert sorted(os.listdir(tmp_path)) == ["a.json", "a[1].json"]


def test_sweeping_spares_what_another_process_is_writing(tmp_path):
    leave_part(tmp_path / "old.json")
    with files.replacing(tmp_path / "new.json") as stream:
        files.sweep(tmp_path)
        (live,) = tmp_path.glob(".*.part")
        assert live.name.startswith(".new.json.")
        with files.replacing(tmp_path / "new.json") as second:
            second.write(b"second")
        stream.write(b"first")
    assert os.listdir(tmp_path) == ["new.json"]
    assert (tmp_path / "new.json").read_bytes() == b"first"


def test_the_next_run_removes_what_a_kill_has_left(tmp_path, monkeypatch):
    from experiments import train

    folder = Store(tmp_path).prepare(SMOKE.resolve(TABLE.rows[0], 0))
    for path in (folder / "scores.npz", folder / "error.json", folder / "ckpt" / "last.ckpt"):
        leave_part(path)
    monkeypatch.setattr(train, "train", lambda config, place: fake_child.finish(place.folder))
    assert train.main([str(folder), "--data", str(tmp_path)]) == 0
    assert not list(folder.rglob("*.part"))
