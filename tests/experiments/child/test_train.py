"""A real run of the smoke profile: resumed bitwise, refused clearly, recorded completely."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.child.callbacks import RunLog
from experiments.child.offline_wandb import summarise
from experiments.store.run_files import RUN_FILES, entry_of
from gta import files
from gta.config import ViewsConfig, run_from_dict, to_dict
from gta.config.views import view_table
from gta.data.drawn.stills import STILL_TASKS
from gta.explain.looks import read_looks
from gta.scoring.accuracy import accuracies
from gta.scoring.scores import read_scores
from tests.support.smoke_run import start

DRILLS = Path(__file__).parents[2] / "support" / "drill_child.py"


def weights_of(folder):
    return torch.load(folder / "ckpt" / "last.ckpt", weights_only=True)["state_dict"]


def curve(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "clips_per_second", "time")} for line in lines]


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["no workers", "two workers"])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_by_bit(ground, whole, tmp_path, monkeypatch, options):
    folder = tmp_path / "runs" / ground[2].id
    counted = RunLog.on_train_batch_end

    def interrupted(self, trainer, *rest):
        counted(self, trainer, *rest)
        if trainer.global_step == 4:  # in the middle of the second epoch
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "on_train_batch_end", interrupted)
        assert start(ground, folder, *options) == 130
    assert not (folder / "result.json").exists()
    assert {point["epoch"] for point in curve(folder)} == {0}

    assert start(ground, folder, *options) == 0
    ours, theirs = weights_of(folder), weights_of(whole)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not ours[name].equal(theirs[name])] == []
    assert curve(folder) == curve(whole)
    a, b = (read_scores(path / "scores.npz") for path in (folder, whole))
    assert all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("clip_ids", "labels", "scores"))
    results = [files.read_json(f / "result.json") for f in (folder, whole)]
    assert len({(r["top1"], r["top5"], r["pair_accuracy"], r["data_fingerprint"]) for r in results}) == 1


def test_the_result_agrees_with_the_scores(whole):
    result = files.read_json(whole / "result.json")
    stored = read_scores(whole / "scores.npz")
    hits = stored.scores.astype(np.float64)[0].argmax(axis=1) == stored.labels
    assert len(set(stored.clip_ids.tolist())) == result["n_val"] == 24
    assert result["top1"] == pytest.approx(hits.mean() * 100)
    assert run_from_dict(files.read_json(whole / "config.json")).id == whole.name == result["run_id"]
    assert result["evaluated"].keys() == {"validation"}
    assert result["evaluated"]["validation"] not in ("", result["data_fingerprint"])


def test_a_prediction_for_one_video_is_what_was_scored(ground, whole):
    from gta.predict import load_run, probabilities, read_views

    stored, run = read_scores(whole / "scores.npz"), ground[2]
    (data,) = ground[0].glob("smoke-*/")
    recognizer = load_run(whole, run)
    for number in (0, 7):
        video = data / "videos" / f"{stored.clip_ids[number]}.webm"
        found = probabilities(recognizer, read_views(video, run))
        np.testing.assert_allclose(np.log(found), stored.scores[0, number], atol=0.01)


def test_the_environment_is_recorded(whole):
    env = files.read_json(whole / "env.json")
    assert set(env["versions"]) >= {"python", "torch", "pytorch-lightning"}
    assert env["precision"] in ("32-true", "bf16-mixed", "16-mixed")
    assert env["data_fingerprint"] == files.read_json(whole / "result.json")["data_fingerprint"]
    assert len(env["pretrained_sha256"]) == 64
    assert env["pretraining_accuracy"].keys() == STILL_TASKS.keys()
    assert all(0 <= percent <= 100 for percent in env["pretraining_accuracy"].values())


def test_a_finished_run_is_not_trained_again(ground, whole, tmp_path):
    folder = tmp_path / "runs" / ground[2].id
    shutil.copytree(whole, folder)
    before = (folder / "result.json").stat().st_mtime_ns
    assert start(ground, folder) == 0
    assert (folder / "result.json").stat().st_mtime_ns == before


def test_another_models_checkpoint_is_refused(ground, tmp_path, capsys):
    folder = tmp_path / "runs" / ground[2].id
    (folder / "ckpt").mkdir(parents=True)
    (folder / "ckpt" / "last.ckpt").write_bytes(b"not a checkpoint")
    assert start(ground, folder) == 2
    assert "last.ckpt is not a checkpoint of a run" in capsys.readouterr().err
    assert files.read_json(folder / "error.json")["kind"] == "user"


def test_weights_of_another_backbone_are_refused(ground, tmp_path):
    from safetensors.torch import load_file, save_file

    data, weights, run = ground
    other = load_file(weights)
    other["layer9.weight"] = other.pop("conv1.weight")
    save_file(other, tmp_path / weights.name)
    folder = tmp_path / "runs" / run.id
    assert start((data, tmp_path / weights.name, run), folder) == 2
    error = files.read_json(folder / "error.json")["error"]
    assert f"{weights.name} holds the weights of another network" in error
    assert "conv1.weight" in error

    save_file(other, tmp_path / "other.safetensors")
    assert start((data, tmp_path / "other.safetensors", run), folder) == 2
    assert f"the run starts from {weights.name}" in files.read_json(folder / "error.json")["error"]


def test_a_run_killed_before_its_result_was_written_is_only_evaluated(ground, whole, tmp_path):
    folder = tmp_path / "runs" / ground[2].id
    shutil.copytree(whole, folder)
    (folder / "result.json").unlink()
    assert start(ground, folder) == 0
    ours, theirs = (files.read_json(f / "result.json") for f in (folder, whole))
    for result in (ours, theirs):
        del result["finished"], result["files"]["env.json"]  # it says that the run was resumed
    assert "scores.npz" in ours["files"]
    assert ours == theirs


def test_a_run_begun_on_other_data_is_not_continued(ground, whole, tmp_path):
    folder = tmp_path / "runs" / ground[2].id
    shutil.copytree(whole, folder)
    (folder / "result.json").unlink()
    env = files.read_json(folder / "env.json")
    files.write_json(folder / "env.json", env | {"data_fingerprint": "0" * 64})
    assert start(ground, folder) == 2
    assert "data_fingerprint is 000" in files.read_json(folder / "error.json")["error"]


def test_without_a_working_wandb_the_result_is_the_same(ground, whole, tmp_path, monkeypatch):
    import wandb

    def broken(**options):
        raise OSError("no service")

    monkeypatch.setattr(wandb, "init", broken)
    folder = tmp_path / "runs" / ground[2].id
    assert start(ground, folder, "--wandb", "offline") == 0
    a, b = (read_scores(path / "scores.npz") for path in (folder, whole))
    assert np.array_equal(a.scores, b.scores)


def test_a_clip_that_does_not_decode_fails_the_run_by_name(ground, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ground[0], data)
    shutil.rmtree(next(data.glob("smoke-*/cache")))
    video = next(data.glob("smoke-*/videos/*.webm"))
    video.write_bytes(b"no video")
    folder = tmp_path / "runs" / ground[2].id
    assert start((data, *ground[1:]), folder) == 2
    assert video.name in files.read_json(folder / "error.json")["error"]


def variant(ground, folder, run):
    """Start another config with the data and weights of the first."""
    folder = folder / "runs" / run.id
    files.write_json(folder / "config.json", to_dict(run))
    return folder, lambda: start((*ground[:2], run), folder)


def test_precise_statistics_are_scored_and_kept(ground, whole, tmp_path):
    run = ground[2]
    folder, begin = variant(ground, tmp_path, replace(run, train=replace(run.train, precise_bn=2)))
    assert begin() == 0
    ours, theirs = weights_of(folder), weights_of(whole)
    changed = {name for name in ours if not ours[name].equal(theirs[name])}
    assert changed
    assert all("running_" in name for name in changed)
    assert not any(name.startswith(("model.backbone.layer1.", "model.backbone.bn1.")) for name in changed)  # frozen
    scores = (folder / "scores.npz").read_bytes()
    assert scores != (whole / "scores.npz").read_bytes()

    (folder / "result.json").unlink()  # a kill after the statistics were kept
    assert begin() == 0
    again = weights_of(folder)
    assert [name for name in ours if not ours[name].equal(again[name])] == []
    assert (folder / "scores.npz").read_bytes() == scores


def test_every_view_and_split_is_scored(ground, whole, tmp_path):
    views = (ViewsConfig(), ViewsConfig(2, 3))
    folder, begin = variant(ground, tmp_path, replace(ground[2], views=views, splits=("tune",)))
    assert begin() == 0
    assert curve(folder) == curve(whole)  # the curve reads one view
    own, alone, tune = (
        read_scores(path) for path in (folder / "scores.npz", whole / "scores.npz", folder / "scores-tune.npz")
    )
    assert own.scores.shape == tune.scores.shape == (7, 24, 24)
    assert own.views.tolist() == view_table(views).tolist()
    np.testing.assert_array_equal(own.clip_ids, alone.clip_ids)
    np.testing.assert_allclose(own.of(views[0]), alone.scores, atol=0.01)  # other batches: rounded otherwise
    np.testing.assert_array_equal(own.scores[2], own.scores[0])  # the first of two clips, in the centre, is that one
    assert len({view.tobytes() for view in own.scores}) == 6
    assert not set(own.clip_ids) & set(tune.clip_ids)
    result = files.read_json(folder / "result.json")
    assert result["n_val"] == 24
    assert result["top1"] == accuracies(own.of(views[0]), own.labels).top1


def two_processes(ground, whole, folder, drill="", *options):
    """Score a trained run again, or with ``--afresh`` train it, in two processes; return what ended."""
    if "--afresh" in options:
        folder.mkdir(parents=True)
        shutil.copy(whole / "config.json", folder)
    else:
        shutil.copytree(whole, folder)
        (folder / "result.json").unlink()
        (folder / "scores.npz").unlink()
    data, weights, _ = ground
    command = [sys.executable, DRILLS, folder, "--data", data, "--pretrained", weights, "--devices", "2"]
    command += [option for option in options if option != "--afresh"]
    environment = os.environ | {"DRILL": drill, "PYTHONPATH": str(DRILLS.parents[2])}
    return subprocess.run(command, capture_output=True, text=True, timeout=400, env=environment)


@pytest.mark.parametrize("drill", ["", "slow disk"])
def test_two_processes_score_every_view_once_and_end_together(ground, whole, tmp_path, drill):
    folder = tmp_path / "runs" / ground[2].id
    done = two_processes(ground, whole, folder, drill, "--wandb", "offline")
    assert done.returncode == 0, done.stderr[-2000:]
    assert not [word for word in ("Error", "error", "Traceback", "SIGTERM", "killed") if word in done.stderr]
    assert not (folder / "error.json").exists()
    ours, theirs = read_scores(folder / "scores.npz"), read_scores(whole / "scores.npz")
    np.testing.assert_array_equal(ours.clip_ids, theirs.clip_ids)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=0.01)
    assert files.read_json(folder / "result.json")["n_val"] == 24
    [mirror] = folder.glob("wandb/offline-run-*/run-*.wandb")
    assert summarise(mirror)["summary"]["val/top1"] == files.read_json(folder / "result.json")["top1"]


@pytest.mark.parametrize(
    ("drill", "options", "code", "words"),
    [
        ("second fails", ("--afresh",), 1, "the second process has had enough"),
        ("first cannot write", (), 2, "the disk is full"),
    ],
)
def test_a_failure_in_one_of_two_processes_ends_both_with_its_words(
    ground, whole, tmp_path, drill, options, code, words
):
    folder = tmp_path / "runs" / ground[2].id
    done = two_processes(ground, whole, folder, drill, *options)
    assert done.returncode in (1, code), done.stderr[-2000:]
    assert words in files.read_json(folder / "error.json")["error"]
    assert not (folder / "result.json").exists()


def test_a_child_that_is_told_to_stop_says_so(ground, whole, tmp_path):
    folder = tmp_path / "runs" / ground[2].id
    folder.mkdir(parents=True)
    shutil.copy(whole / "config.json", folder)
    data, weights, _ = ground
    command = [sys.executable, DRILLS, folder, "--data", data, "--pretrained", weights]
    environment = os.environ | {"PYTHONPATH": str(DRILLS.parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout:
            if line.startswith("progress"):
                process.send_signal(signal.SIGTERM)
                break
        assert process.wait(100) == 143
    assert not (folder / "error.json").exists()


def test_fewer_training_clips_than_a_batch_are_refused(ground, tmp_path):
    data, weights, run = ground
    run = replace(run, train=replace(run.train, batch_size=64))
    folder = tmp_path / "runs" / run.id
    assert start((data, weights, run), folder) == 2
    assert "fewer than a batch" in files.read_json(folder / "error.json")["error"]


def test_a_batch_in_parts_is_the_same_recipe(ground, whole, tmp_path, monkeypatch):
    monkeypatch.setenv("GTA_ACCUMULATE", "2")
    folder = tmp_path / "runs" / ground[2].id
    assert start(ground, folder) == 0
    assert files.read_json(folder / "env.json")["accumulate"] == 2
    ours, theirs = curve(folder), curve(whole)
    assert [(p["epochs"], p["step"], p["lr"]) for p in ours] == [(p["epochs"], p["step"], p["lr"]) for p in theirs]
    assert [p["train_loss"] for p in ours] == pytest.approx([p["train_loss"] for p in theirs], rel=0.1)


@pytest.mark.parametrize("text", ["0", "3", "two"])
def test_parts_that_do_not_fit_the_batch(ground, tmp_path, monkeypatch, text):
    monkeypatch.setenv("GTA_ACCUMULATE", text)
    folder = tmp_path / "runs" / ground[2].id
    assert start(ground, folder) == 2
    error = files.read_json(folder / "error.json")["error"]
    assert f"GTA_ACCUMULATE is {text!r}" in error
    assert "one of 1, 2, 4, 8, 16" in error


def test_the_temporal_matrices_are_kept(whole, ground):
    with np.load(whole / "matrices.npz", allow_pickle=False) as stored:
        places = [f"{stage}[{index}]" for stage, index in ground[2].model.places]
        assert set(stored) == {f"{place}.{path}" for place in places for path in ("pixel", "region")}
        assert {(m.shape, m.dtype) for m in stored.values()} == {((8, 8), np.dtype(np.float32))}
        state = weights_of(whole)
        (name,) = [n for n in state if "layer2.0.inserted" in n and n.endswith("pixel.mixing.matrix")]
        np.testing.assert_allclose(stored["res3[0].pixel"], state[name].abs().mean(dim=(0, 1)), rtol=1e-6)
    assert (whole / "matrices.npz").stat().st_size < 10_000


def test_the_looks_are_kept(whole):
    looks = read_looks(whole / "looks.npz")
    assert looks.frames.shape == (3, 8, 32, 32, 3)
    assert {"spatial", "regions", "likeness"} == set(looks.maps)
    assert all(np.isfinite(values).all() and values.max() > 0 for values in looks.maps.values())
    assert (whole / "looks.npz").stat().st_size < 60_000


def test_labels_of_another_data_set_are_refused(ground, whole, tmp_path):
    folder = tmp_path / "runs" / ground[2].id
    shutil.copytree(whole, folder)
    (folder / "result.json").unlink()
    path = folder / "ckpt" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    assert len(content["labels"]) == 24
    own = content["label_fingerprint"]
    torch.save(content | {"label_fingerprint": "0123456789ab"}, path)
    assert start(ground, folder) == 2
    error = files.read_json(folder / "error.json")["error"]
    assert "0123456789ab" in error
    assert own in error


def test_pretraining_is_reproducible_and_kept(ground):
    from gta.training.pretrain import ensure_pretrained, train_on_stills

    _, weights, run = ground
    before = weights.stat().st_mtime_ns
    assert ensure_pretrained(run, weights.parent, lambda line: None) == weights
    assert weights.stat().st_mtime_ns == before
    small = {**to_dict(run.pretrain), "stills": 64, "batch_size": 32}
    arguments = (type(run.pretrain)(**small), run.data.drawing, run.model.backbone, 32, 0)
    first, _ = train_on_stills(*arguments)
    again, _ = train_on_stills(*arguments)
    assert all(first[name].equal(again[name]) for name in first)


def test_a_run_leaves_what_the_list_says(whole):
    """Everything in its folder is in the list, and of the list all that a run of the drawn set with GTA makes."""
    left = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert [str(path) for path in left if entry_of(path) is None] == []
    rest = {entry.name for entry in RUN_FILES if entry.writer == "child"} - {entry_of(path).name for path in left}
    assert rest == {"ckpt/*", "csv/*", "tensorboard/*", "scores-*.npz", "test-predictions.csv"}  # not asked for
