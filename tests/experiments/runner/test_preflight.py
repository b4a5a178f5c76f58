"""A plan that cannot be carried out is refused, by ``--dry-run`` and at the start, with a line for each reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from experiments.run import main
from experiments.runner.child_options import ChildOptions
from experiments.runner.cost import estimate
from experiments.runner.preflight import inspect
from experiments.study.own import profile_of
from experiments.study.profiles import PROFILES
from experiments.study.rows import Row
from gta import files
from tests.support import videos

ROOT = Path(__file__).parents[3]
TEMPLATES = [f"Doing [something] number {number:03d}" for number in range(174)]


def ssv1(root, train=64, validation=16, classes=174, first=0):
    """Lists in the true format and a folder for each clip, which the plan does not open."""
    root.mkdir(parents=True, exist_ok=True)
    prefix = "something-something-v1-"
    (root / f"{prefix}labels.csv").write_text("".join(f"{name}\n" for name in TEMPLATES[:classes]))
    for split, count, start, own in (("train", train, 0, 0), ("validation", validation, train, first)):
        names = [TEMPLATES[(own + number) % classes] for number in range(count)]
        lines = [f"{start + number};{name}\n" for number, name in enumerate(names)]
        (root / f"{prefix}{split}.csv").write_text("".join(lines))
    for number in range(train + validation):
        (root / "frames" / str(number)).mkdir(parents=True, exist_ok=True)


def ssv2(root, train=64, validation=16):
    (root / "videos").mkdir(parents=True)
    names = [name.replace("[", "").replace("]", "") for name in TEMPLATES]
    (root / "labels.json").write_text(json.dumps({name: str(i) for i, name in enumerate(names)}))
    for split, count, start in (("train", train, 0), ("validation", validation, train)):
        rows = [{"id": str(start + i), "template": TEMPLATES[i]} for i in range(count)]
        (root / f"{split}.json").write_text(json.dumps(rows))
    for number in range(train + validation):
        (root / "videos" / f"{number}.webm").touch()


def k400(root, train=128, validation=16, classes=400):
    (root / "videos").mkdir(parents=True)
    for name, count, start in (("train", train, 0), ("val", validation, train)):
        numbers = range(count)
        (root / f"{name}.csv").write_text("".join(f"videos/{start + i}.mp4 {i % classes}\n" for i in numbers))
    (root / "labels.txt").write_text("".join(f"class {number:03d}\n" for number in range(classes)))
    for number in range(train + validation):
        (root / "videos" / f"{number}.mp4").touch()


@pytest.fixture
def refuse(tmp_path, capsys, monkeypatch):
    """Call the runner on a plan that is to be refused, dry and in earnest; return the lines that say why."""
    monkeypatch.delenv("GTA_WEIGHTS", raising=False)
    from experiments.runner import prepare

    def nothing(*arguments):
        raise AssertionError("the plan was not refused")

    monkeypatch.setattr(prepare, "prepare", nothing)

    def call(profile, *options, table="table_ablation_order", rows="R2D"):
        folders = ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
        said = []
        for mode in (["--dry-run"], []):
            assert main([table, "--rows", rows, "--profile", profile, *options, *folders, *mode]) == 2
            errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("note: ")]
            assert all(line.startswith("error: ") for line in errors)
            said.append(errors)
        assert said[0] == said[1]
        assert not (tmp_path / "results" / "runs").exists()
        return said[0]

    call.data = tmp_path / "data"
    return call


@pytest.fixture
def accept(tmp_path, capsys):
    def call(profile, *options, table="table_ablation_order", rows="R2D"):
        folders = ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
        assert main([table, "--rows", rows, "--profile", profile, "--dry-run", *options, *folders]) == 0
        captured = capsys.readouterr()
        assert "error" not in captured.err
        return captured.out + captured.err

    call.data = tmp_path / "data"
    return call


def test_lists_that_fit_are_accepted(accept):
    ssv1(accept.data)
    out = accept("ssv1")
    assert " 64     100    " in out  # clips; steps: two batches of 32 in each of 50 epochs
    assert "note: the weights ResNet50_Weights.IMAGENET1K_V1 are downloaded into" in out


@pytest.mark.parametrize(("profile", "make"), [("ssv2", ssv1), ("ssv1", ssv2), ("k400", ssv2), ("ssv1", k400)])
def test_the_lists_of_another_data_set(refuse, profile, make):
    make(refuse.data)
    table, rows = ("table_kinetics", "R2D + NL") if profile == "k400" else ("table_ablation_order", "R2D")
    (line,) = refuse(profile, table=table, rows=rows)
    assert f"{refuse.data} holds " in line
    assert PROFILES[profile].title.partition(" at ")[0] in line


@pytest.mark.parametrize("clips", [1, 31])
def test_fewer_clips_than_a_batch(refuse, clips):
    ssv1(refuse.data, train=clips, validation=1)
    (line,) = refuse("ssv1")
    assert f"its training list has {clips} clips, fewer than a batch" in line


def test_a_drawn_set_smaller_than_a_batch(refuse, monkeypatch):
    from dataclasses import replace

    smoke = PROFILES["smoke"]
    r2d = smoke.settings["r2d"]
    large = replace(smoke, settings={"r2d": replace(r2d, train=replace(r2d.train, batch_size=64))})
    monkeypatch.setitem(PROFILES, "smoke", large)
    (line,) = refuse("smoke")
    assert "48 clips, fewer than a batch" in line


@pytest.mark.parametrize(("make", "profile", "classes"), [(ssv1, "ssv1", 100), (k400, "k400", 300)])
def test_another_number_of_classes(refuse, make, profile, classes):
    make(refuse.data, classes=classes)
    table, rows = ("table_kinetics", "R2D + NL") if profile == "k400" else ("table_ablation_order", "R2D")
    (line,) = refuse(profile, table=table, rows=rows)
    assert f"name {classes} classes, the profile {profile!r} expects {PROFILES[profile].classes}" in line


def test_classes_of_the_validation_list_that_the_training_list_lacks(refuse):
    ssv1(refuse.data, first=100)
    (line,) = refuse("ssv1")
    assert "16 of 16 clips of its validation list are of classes that no training clip has" in line
    assert "'Doing something number 100'" in line


def test_some_foreign_classes_are_only_a_remark(accept):
    ssv1(accept.data, first=60)
    assert "note: " + str(accept.data) + ": 12 of 16 clips of its validation list are of classes" in accept("ssv1")


def test_swapped_lists(refuse):
    ssv1(refuse.data, train=40, validation=64)
    (line, *_) = refuse("ssv1")
    assert "its training list has 40 clips, its validation list 64; the two seem to be swapped" in line


def test_a_part_of_the_training_list_with_the_release_s_whole_validation_list(accept, monkeypatch):
    from gta.data.sets import ssv1 as reader

    monkeypatch.setitem(reader.OFFICIAL, "validation", 64)
    ssv1(accept.data, train=40, validation=64)
    assert "swapped" not in accept("ssv1")


def test_one_list_in_the_place_of_both(refuse):
    ssv1(refuse.data)
    prefix = "something-something-v1-"
    (refuse.data / f"{prefix}validation.csv").write_text((refuse.data / f"{prefix}train.csv").read_text())
    (line,) = refuse("ssv1")
    assert "all 64 clips of one are in both its training and its validation list" in line


def test_weights_that_are_missing(refuse, tmp_path, monkeypatch):
    ssv2(refuse.data)
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("GTA_WEIGHTS", str(tmp_path / "mine"))
    (line,) = refuse("ssv2", table="table_main", rows="SlowFast*")
    assert "the weights SLOWFAST_8x8_R50 (trained on Kinetics-400) are missing" in line
    for folder in (tmp_path / "results" / "pretrained", tmp_path / "mine"):
        assert f"{folder / 'SLOWFAST_8x8_R50'}{{.safetensors,.pth" in line
    assert "PySlowFast's model zoo" in line
    assert line.endswith("or train without them: --set pretrain=none")


def test_weights_that_one_does_not_have_can_be_left_out(accept):
    """The files of ECO's weights are with its authors alone."""
    ssv2(accept.data)
    accept("ssv2", "--set", "pretrain=none", table="table_peers", rows="ECO")


def test_weights_that_are_there(accept, tmp_path, monkeypatch):
    ssv2(accept.data)
    monkeypatch.setenv("GTA_WEIGHTS", str(tmp_path))
    (tmp_path / "SLOWFAST_8x8_R50.pyth").touch()
    accept("ssv2", table="table_main", rows="SlowFast*")


@pytest.mark.parametrize(
    ("options", "variable", "words"),
    [
        (["--devices", "3"], None, "--devices x --nodes is 3; it must divide the batch of 32 clips"),
        (["--devices", "2", "--nodes", "3", "--executor", "slurm"], None, "--devices x --nodes is 6"),
        (["--devices", "2"], ("GTA_ACCUMULATE", "5"), "it must divide a process's 16 clips"),
        ([], ("GTA_ACCUMULATE", "0"), "GTA_ACCUMULATE is '0'"),
        ([], ("GTA_WORKERS", "-1"), "GTA_WORKERS is '-1'"),
        ([], ("GTA_DECODER", "ffmpeg"), "GTA_DECODER is 'ffmpeg'"),
        ([], ("GTA_DAMAGED", "some"), "GTA_DAMAGED is 'some'"),
        ([], ("GTA_ALLOW_UNREADABLE", "yes"), "GTA_ALLOW_UNREADABLE is 'yes'"),
        ([], ("GTA_WANDB_ARTIFACTS", "weights"), "GTA_WANDB_ARTIFACTS: there is no artifact 'weights'"),
        ([], ("GTA_WEIGHTS", "/nowhere"), "GTA_WEIGHTS is '/nowhere', which is no folder"),
    ],
)
def test_options_and_variables_that_do_not_fit(refuse, monkeypatch, options, variable, words):
    ssv1(refuse.data)
    if variable is not None:
        monkeypatch.setenv(*variable)
    (line,) = refuse("ssv1", *options)
    assert words in line


def test_a_misspelt_variable_is_a_note(accept, monkeypatch):
    ssv1(accept.data)
    monkeypatch.setenv("GTA_WORKER", "2")
    assert "note: nothing reads the environment variable GTA_WORKER; did you mean 'GTA_WORKERS'" in accept("ssv1")


def test_milestones_that_are_never_reached_are_a_note(accept):
    ssv1(accept.data)
    said = accept("ssv1", "--set", "train.epochs=35")
    assert "note: the learning rate is not lowered at 40, 45, after the last of 35 epochs" in said


def test_results_that_are_a_file_are_refused(tmp_path, capsys):
    (tmp_path / "README.md").touch()
    folders = ["--results", str(tmp_path / "README.md"), "--profile", "smoke"]
    assert main(["table_ablation_order", *folders, "--dry-run"]) == 2
    assert "README.md is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize(("precision", "named"), [("32-true", True), ("bf16-mixed", False)])
def test_a_plan_names_runs_that_would_mix_precisions(tmp_path, capsys, precision, named):
    stored = next(path.parent for path in sorted((ROOT / "results/runs").glob("*/result.json")))
    shutil.copytree(stored, tmp_path / "results/runs" / stored.name)
    assert files.read_json(stored / "env.json")["precision"] == "bf16-mixed"
    plan = ["table_ablation_order", "--seeds", "9", "--dry-run", "--precision", precision]
    assert main([*plan, "--results", str(tmp_path / "results")]) == 0
    expected = f"would be computed in 32-true, 1 of tiny-v2 in {tmp_path / 'results'} were in bf16-mixed; --precision"
    assert (expected in capsys.readouterr().err) == named


def test_the_cost_of_own_videos_counts_their_evaluation(tmp_path):
    videos.own(tmp_path, train=40, val=6)
    config = profile_of("folder", tmp_path).resolve(Row("R2D"), 0)
    found = inspect([config], tmp_path / "results", ChildOptions(tmp_path / "runs", tmp_path, "disabled"))
    assert (found.clips, found.evaluated) == (40, 6)
    [with_them], [without] = estimate([config], 40, 6), estimate([config], 40, 0)
    assert with_them.gpu_hours > without.gpu_hours


@pytest.mark.parametrize(
    ("profile", "row", "pixels", "network"), [("ssv1", "S3D-G", 8, "S3D-G"), ("smoke", "ECO", 8, "ECO")]
)
def test_frames_too_small_for_a_network(refuse, profile, row, pixels, network):
    if profile == "ssv1":
        ssv1(refuse.data)
    found = refuse(profile, "--set", f"data.crop={pixels}", table="table_peers", rows=row)
    assert any(f"{network} cannot read {pixels} x {pixels} pixels; make the crop larger" in line for line in found)


def test_every_reason_has_its_line(refuse):
    ssv2(refuse.data, train=8, validation=4)
    lines = refuse("ssv2", "--devices", "7", table="table_main", rows="SlowFast*")
    assert len(lines) == 3
    assert [
        word for line, word in zip(lines, ("--devices", "fewer than a batch", "weights"), strict=True) if word in line
    ]


def test_a_plan_without_data_is_an_estimate(accept):
    out = accept("k400", table="table_kinetics", rows="R2D + NL")
    assert "246,534" in out
    assert "the release's official count" in out
    assert f"note: {accept.data} holds no lists of a data set yet" in out


def test_names_of_a_row_do_not_matter():
    assert PROFILES["k400"].trains(Row("", (), "r2d_k400"))
    assert not PROFILES["k400"].trains(Row("", quoted=True))
