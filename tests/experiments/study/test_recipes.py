"""Every recipe of the paper on a few clips in the true formats: weights, training, views, scores, result.

The full-size networks take minutes on two cores: ``pytest -m slow tests/experiments/study/test_recipes.py``.
"""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from experiments import train as child
from experiments.runner.prepare import prepare
from experiments.study.profiles import PROFILES
from experiments.study.rows import Row
from gta import files
from gta.config import BackboneConfig, GTAConfig, SAConfig, SlowFastConfig, ViewsConfig, to_dict
from gta.data.check import main as check_data
from gta.errors import UserError
from gta.model import build_model
from gta.scoring.scores import read_scores
from tests.support.videos import draw, encode, write_frames

GTA = (SAConfig(), GTAConfig())
TRAIN, VALIDATION, TEST = ("1", "2", "3", "4"), ("5", "6"), ("7",)
TEMPLATES = sorted(f"Doing [something] number {number:03d}" for number in range(174))


def ssv1(root):
    prefix = "something-something-v1-"
    root.mkdir()
    (root / f"{prefix}labels.csv").write_text("".join(f"{name}\n" for name in TEMPLATES[::-1]))
    for split, ids in (("train", TRAIN), ("validation", VALIDATION)):
        lines = [f"{clip_id};{TEMPLATES[int(clip_id)]}\n" for clip_id in ids]
        (root / f"{prefix}{split}.csv").write_text("".join(lines))
    for clip_id in TRAIN + VALIDATION:
        write_frames(root / "20bn-something-something-v1" / clip_id, draw(20, 100, 176, int(clip_id)))


def ssv2(root):
    (root / "20bn-something-something-v2").mkdir(parents=True)
    labels = {name.replace("[", "").replace("]", ""): str(number) for number, name in enumerate(TEMPLATES)}
    (root / "labels.json").write_text(json.dumps(labels))
    for split, ids in (("train", TRAIN), ("validation", VALIDATION)):
        rows = [{"id": i, "label": "a label", "template": TEMPLATES[int(i)], "placeholders": ["a cup"]} for i in ids]
        (root / f"{split}.json").write_text(json.dumps(rows))
    (root / "test.json").write_text(json.dumps([{"id": i} for i in TEST]))
    for clip_id in TRAIN + VALIDATION + TEST:
        encode(root / "20bn-something-something-v2" / f"{clip_id}.webm", draw(30, 240, 320, int(clip_id)))


def k400(root):
    root.mkdir()
    (root / "labels.txt").write_text("".join(f"class {number:03d}\n" for number in range(400)))
    for name, ids in (("train", TRAIN), ("val", VALIDATION)):
        (root / f"{name}.csv").write_text("".join(f"videos/{i}.mp4 {i}\n" for i in ids))
    for clip_id in TRAIN + VALIDATION:
        encode(root / "videos" / f"{clip_id}.mp4", draw(80, 180, 240, int(clip_id)), "libx264", 30)


FORMATS = {"ssv1": ssv1, "ssv2": ssv2, "k400": k400}


def shortened(name, row, **changes):
    """The recipe's run with one epoch of two batches."""
    run = PROFILES[name].resolve(row, 0)
    train = replace(run.train, epochs=1, batch_size=2, precise_bn=min(2, run.train.precise_bn))
    return replace(run, train=train, **changes)


def execute(tmp_path, run):
    """Make data and run it as experiments.run would; return the run's folder."""
    data, results = tmp_path / "data", tmp_path / "results"
    if not data.exists():
        FORMATS[run.profile](data)
    weights = prepare([run], data, results, lambda line: None)
    folder = results / "runs" / run.id
    files.write_json(folder / "config.json", to_dict(run))
    options = ["--pretrained", str(weights[run.id])] if run.id in weights else []
    assert child.main([str(folder), "--data", str(data), "--threads", "2", *options]) == 0
    return folder


def check(folder, run):
    """The scores and the result of a run on the few clips."""
    stored = read_scores(folder / "scores.npz")
    views = sum(view.clips * view.crops for view in run.views)
    assert stored.scores.shape == (views, 2, run.model.classes)
    assert np.isfinite(stored.scores).all()
    assert stored.labels.tolist() == [5, 6]
    result = files.read_json(folder / "result.json")
    assert (result["n_val"], result["missing"], result["replaced"]) == (2, {"train": 0, "validation": 0}, {})
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 1


def save_weights(folder, run):
    """Stand in for public weights, by the names that their publisher gives them."""
    import torch
    from safetensors.torch import save_file

    from tests.gta.weights.test_weights import pyslowfast_state

    folder.mkdir(parents=True)
    network = build_model(replace(run.model, blocks=())).backbone
    if run.pretrain.source == "torchvision":
        save_file(network.state_dict(), folder / f"{run.pretrain.name}.safetensors")
    else:
        state = pyslowfast_state(network, run.model.backbone)
        torch.save({"model_state": state}, folder / f"{run.pretrain.name}.pyth")


SLOW = [
    ("ssv1", "r2d", GTA, {}),
    ("ssv2", "tsm", GTA, {"views": (ViewsConfig(), ViewsConfig(2, 3))}),
    ("ssv2", "slowfast", GTA, {}),
    ("k400", "r2d_k400", GTA, {"views": (ViewsConfig(10, 3),)}),
    ("k400", "slowfast_r101", GTA, {"views": (ViewsConfig(2, 3),)}),
]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("name", "backbone", "blocks", "changes"), SLOW, ids=[f"{n}-{b}" for n, b, _, _ in SLOW])
def test_a_recipe_at_full_size(tmp_path, name, backbone, blocks, changes):
    run = shortened(name, Row("", blocks, backbone), **changes)
    save_weights(tmp_path / "results" / "pretrained", run)
    check(execute(tmp_path, run), run)


NARROW = BackboneConfig((3, 4, 6, 3), 8)
NARROW_SLOWFAST = SlowFastConfig(width=16)


def narrow(name, row, **changes):
    """A recipe with a narrow network and small crops, for everything but the size of the network."""
    run = shortened(name, row, pretrain=None, **changes)
    data = replace(run.data, crop=64, test_crop=64 if run.data.test_crop else None)
    backbone = NARROW_SLOWFAST if isinstance(run.model.backbone, SlowFastConfig) else NARROW
    return replace(run, model=replace(run.model, backbone=backbone), data=data)


@pytest.mark.parametrize(
    ("name", "backbone", "views"),
    [
        ("ssv1", "r2d", (ViewsConfig(),)),
        ("ssv1", "slowfast", (ViewsConfig(),)),
        ("k400", "r2d_k400", (ViewsConfig(2, 3), ViewsConfig())),
    ],
)
def test_a_recipe_with_a_narrow_network(tmp_path, name, backbone, views):
    run = narrow(name, Row("", GTA, backbone), views=views)
    folder = execute(tmp_path, run)
    check(folder, run)
    assert files.read_json(folder / "env.json")["passport"] is None  # the data were never checked


def test_the_passport_of_checked_data_goes_into_the_run(tmp_path, capsys):
    ssv1(tmp_path / "data")
    check_data([str(tmp_path / "data"), "--jobs", "1"])  # exit code 1: these are not the official counts
    assert "validation lists 2 clips, the release has 11,522" in capsys.readouterr().err
    folder = execute(tmp_path, narrow("ssv1", Row("", GTA)))
    passport = files.read_json(folder / "env.json")["passport"]
    assert passport == files.read_json(tmp_path / "data" / "gta-passport.json")
    assert passport["format"] == "ssv1"


def test_the_test_set_of_something_something(tmp_path):
    run = narrow("ssv2", Row("", GTA), splits=("test",), views=(ViewsConfig(), ViewsConfig(2, 3)))
    folder = execute(tmp_path, run)
    check(folder, run)
    hidden = read_scores(folder / "scores-test.npz")
    assert hidden.scores.shape == (7, 1, 174)
    assert not hidden.labelled
    ((clip_id, *guesses),) = csv.reader((folder / "test-predictions.csv").read_text().splitlines(), delimiter=";")
    assert clip_id == "7"
    best = np.argsort(-hidden.scores[0, 0].astype(float), kind="stable")[:5]
    assert guesses == [TEMPLATES[i].replace("[", "").replace("]", "") for i in best]

    (tmp_path / "data" / "test-answers.csv").write_text(f"7;{TEMPLATES[9]}\n")
    (folder / "result.json").unlink()
    execute(tmp_path, run)
    answered = read_scores(folder / "scores-test.npz")
    assert answered.labels.tolist() == [9]
    np.testing.assert_array_equal(answered.scores, hidden.scores)


def test_a_clip_that_cannot_be_read_fails_the_run_or_is_counted_as_wrong(tmp_path, monkeypatch):
    run = narrow("k400", Row("", GTA, "r2d_k400"), views=(ViewsConfig(2, 3),))
    k400(tmp_path / "data")
    (tmp_path / "data" / "videos" / "6.mp4").write_bytes(b"no video")
    with pytest.raises(AssertionError):
        execute(tmp_path, run)
    folder = tmp_path / "results" / "runs" / run.id
    assert "6.mp4" in files.read_json(folder / "error.json")["error"]
    monkeypatch.setenv("GTA_ALLOW_UNREADABLE", "1")
    execute(tmp_path, run)
    result = files.read_json(folder / "result.json")
    assert (result["n_val"], result["unreadable"]) == (2, ["videos/6.mp4"])
    assert result["top1"] <= 50
    assert result["top5"] <= 50


def test_broken_training_clips_stop_the_run_or_are_named_in_its_result(tmp_path, monkeypatch):
    run = narrow("k400", Row("", GTA, "r2d_k400"), views=(ViewsConfig(2, 3),))
    k400(tmp_path / "data")
    (tmp_path / "data" / "videos" / "2.mp4").write_bytes(b"no video")
    with pytest.raises(AssertionError):
        execute(tmp_path, run)
    folder = tmp_path / "results" / "runs" / run.id
    error = files.read_json(folder / "error.json")["error"]
    assert "more than 0.1% of them" in error
    name, _, limit = error.rpartition("such as ")[2].partition("=")
    monkeypatch.setenv(name, limit)
    execute(tmp_path, run)
    assert list(files.read_json(folder / "result.json")["replaced"]) == ["videos/2.mp4"]
    assert files.read_json(folder / "env.json")["damaged"] == float(limit)


def test_weights_that_are_missing_are_asked_for_by_name_and_place(tmp_path, monkeypatch):
    monkeypatch.delenv("GTA_WEIGHTS", raising=False)
    run = shortened("ssv2", Row("", (), "slowfast"))
    ssv2(tmp_path / "data")
    with pytest.raises(UserError, match=r"SLOWFAST_8x8_R50.*save.*pretrained/SLOWFAST_8x8_R50"):
        prepare([run], tmp_path / "data", tmp_path / "results", lambda line: None)


def test_a_run_is_not_started_without_its_weights(tmp_path):
    ssv1(tmp_path / "data")
    run = shortened("ssv1", Row(""))
    folder = tmp_path / "results" / "runs" / run.id
    files.write_json(folder / "config.json", to_dict(run))
    assert child.main([str(folder), "--data", str(tmp_path / "data")]) == 2
    error = files.read_json(folder / "error.json")["error"]
    assert "the run starts from ResNet50_Weights.IMAGENET1K_V1" in error
