"""The real command line and the real training process on the ``smoke`` profile, and the W&B run that mirrors it."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest

from experiments.child.labels import labels
from experiments.child.offline_wandb import history, summarise
from experiments.reporting.pictures.gallery import run_pictures
from experiments.run import main
from experiments.store.result import Result
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta.config import to_dict
from gta.scoring.scores import read_scores

NAME = "table_ablation_components"
ROW = next(row for row in TABLES[NAME].rows if row.name == "Pixel")
CONFIG = PROFILES["smoke"].resolve(ROW, 0)

WITHOUT_WANDB = """
import importlib.machinery as machinery

find = machinery.PathFinder.find_spec
machinery.PathFinder.find_spec = lambda name, *rest: None if name == "wandb" else find(name, *rest)
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("end_to_end")


def arguments(shared, results="results"):
    folders = ["--data", str(shared / "data"), "--results", str(shared / results)]
    return [NAME, "--profile", "smoke", "--rows", "Pixel", *folders]


@pytest.fixture(scope="module")
def store(shared):
    """One row, trained for real with W&B offline."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WANDB_API_KEY", raising=False)
        assert main(arguments(shared)) == 0
    return Store(shared / "results")


def test_one_row_from_nothing_to_its_table(store):
    result = store.read(CONFIG.id)
    assert isinstance(result, Result)
    assert result.accuracies.n_val == 24
    assert result.accuracies.kinds.keys() == {"order", "motion", "static"}
    assert 0 <= result.accuracies.pair_accuracy <= 100
    assert result.params > 100_000
    assert result.macs > 10_000_000
    assert result.env["versions"]["torch"]
    assert store.metrics(CONFIG.id)[-1]["epochs"] == CONFIG.train.epochs
    folder = store.results / "smoke"
    assert "smoke: not a result" in (folder / f"{NAME}.md").read_text()
    lines = {line["row"]: line for line in csv.DictReader((folder / f"{NAME}.csv").read_text().splitlines())}
    assert float(lines["Pixel"]["top1"]) == pytest.approx(result.accuracies.top1, abs=1e-5)
    assert lines["Region"]["top1"] == ""
    stored = read_scores(store.folder(CONFIG.id) / "scores.npz")
    assert stored.scores.shape[1:] == (24, CONFIG.model.classes)
    hits = stored.scores.astype(np.float32).mean(0).argmax(1) == stored.labels
    assert 100 * hits.mean() == pytest.approx(result.accuracies.top1, abs=1e-3)


def test_a_second_call_trains_nothing(store, shared, capsys):
    path = store.folder(CONFIG.id) / "result.json"
    before = path.stat().st_mtime_ns
    assert main(arguments(shared)) == 0
    assert "1 distinct run: 1 done" in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before


def test_wandb_has_one_run_with_everything(store):
    (path,) = store.folder(CONFIG.id).glob("wandb/offline-run-*/run-*.wandb")
    run = summarise(path)
    assert run["id"] == CONFIG.id
    assert run["group"] == NAME
    assert run["exit"] == 0
    config = {name: value for name, value in run["config"].items() if not name.startswith("_")}
    env = json.loads((store.folder(CONFIG.id) / "env.json").read_text())
    assert config == to_dict(CONFIG) | labels(CONFIG, [NAME], [ROW.name]).config | {"env": env}
    assert (config["row"], config["paper_top1"]) == (ROW.name, ROW.paper["top1"])
    assert {NAME, ROW.name, *config["tables"]} <= set(run["tags"])
    steps = [point["step"] for point in store.metrics(CONFIG.id)]
    assert [line["curve/step"] for line in history(path) if "curve/step" in line] == steps
    result = json.loads((store.folder(CONFIG.id) / "result.json").read_text())
    for key, value in (("params", result["params"]), ("macs", result["macs"]), ("val/top1", result["top1"])):
        assert run["summary"][key] == pytest.approx(value)
    images = {image.stem.partition("_")[0] for image in path.parent.glob("files/media/images/pictures/*.png")}
    assert images == {picture.name.partition("-")[2] for picture in run_pictures(store.read(CONFIG.id), store)}
    assert {"curve", "kinds"} <= images


def test_without_wandb_the_result_is_the_same(store, shared, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_WANDB)

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), os.environ["PYTHONPATH"])))
    assert main(arguments(shared, "without")) == 0
    other = Store(shared / "without")
    assert not (other.folder(CONFIG.id) / "wandb").exists()
    first, second = store.read(CONFIG.id), other.read(CONFIG.id)
    for name in ("accuracies", "params", "macs", "data_fingerprint"):
        assert getattr(first, name) == getattr(second, name), name
    a, b = (read_scores(where.folder(CONFIG.id) / "scores.npz") for where in (store, other))
    assert np.array_equal(a.scores, b.scores)
