"""Checkpoints beside the last one and curves for other programs: asked for, whole, and without effect on the run."""

from __future__ import annotations

import csv
import importlib.util
import json

import pytest
import torch

from experiments.arguments import loggers_of
from experiments.child.callbacks import RunLog
from gta.errors import UserError
from gta.training.checkpoint import read_checkpoint
from tests.support.smoke_run import start

OPTIONS = ("--keep-best", "--keep-every", "1", "--logger", "csv", "--precision", "32-true")


def tops(folder):
    return [json.loads(line)["val_top1"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def kept(ground, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept") / "runs" / ground[2].id
    assert start(ground, folder, *OPTIONS) == 0
    return folder


def test_best_and_every_epoch_are_kept_beside_the_last(ground, kept, tmp_path):
    names = {path.name for path in (kept / "ckpt").iterdir()}
    assert names == {"last.ckpt", "best.ckpt", "epoch-0001.ckpt", "epoch-0002.ckpt"}
    steps = {path.name: read_checkpoint(path)["global_step"] for path in (kept / "ckpt").iterdir()}
    assert steps["epoch-0001.ckpt"] < steps["epoch-0002.ckpt"] == steps["last.ckpt"]
    points = [json.loads(line) for line in (kept / "metrics.jsonl").read_text().splitlines()]
    best = max(points, key=lambda point: point["val_top1"])  # the first of equals
    assert steps["best.ckpt"] == best["step"]
    plain = tmp_path / "runs" / ground[2].id
    assert start(ground, plain, "--precision", "32-true") == 0
    ours, theirs = (read_checkpoint(folder / "ckpt" / "last.ckpt")["state_dict"] for folder in (kept, plain))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert tops(kept) == tops(plain)


def test_a_resumed_run_knows_its_best(ground, kept, tmp_path, monkeypatch):
    folder, counted = tmp_path / "runs" / ground[2].id, RunLog.on_train_batch_end

    def interrupted(self, trainer, *rest):
        counted(self, trainer, *rest)
        if trainer.global_step == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "on_train_batch_end", interrupted)
        assert start(ground, folder, *OPTIONS) == 130
    assert start(ground, folder, *OPTIONS) == 0
    ours, theirs = (read_checkpoint(path / "ckpt" / "best.ckpt") for path in (folder, kept))
    assert ours["global_step"] == theirs["global_step"]


def test_the_csv_logger_has_the_curve(kept):
    (path,) = (kept / "csv").glob("*/metrics.csv")
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    seen = [float(row["val/top1"]) for row in rows if row["val/top1"]]
    assert [round(value, 3) for value in seen] == tops(kept)  # and not the scoring at the end
    assert any(row["train/loss"] for row in rows)
    assert any(value for row in rows for name, value in row.items() if name.startswith("lr-"))


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="TensorBoard is not installed")
def test_the_tensorboard_logger_writes_its_events(ground, tmp_path):
    folder = tmp_path / "runs" / ground[2].id
    assert start(ground, folder, "--logger", "tensorboard") == 0
    assert list((folder / "tensorboard").glob("*/events.out.*"))


def test_names_of_loggers(monkeypatch):
    assert loggers_of(None) == ("wandb",)
    assert loggers_of("none") == ()
    assert loggers_of("csv, wandb,csv") == ("csv", "wandb")
    with pytest.raises(UserError, match="no logger 'mlflow'"):
        loggers_of("csv,mlflow")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install tensorboard"):
        loggers_of("tensorboard")
