"""Top-5 of one video and where the model looked: from a bare path, with one line for every mistake."""

import dataclasses
import subprocess
import sys
import time

import av
import numpy as np
import pytest
import torch
from PIL import Image

from experiments.study.profiles import SMOKE
from experiments.study.rows import Row
from gta import files
from gta.config import GTAConfig, SAConfig, ViewsConfig, to_dict
from gta.data.drawn.encode import encode_webm
from gta.predict import build_parser, main
from gta.training.recognizer import VideoRecognizer
from tests.support import videos

RUN = SMOKE.resolve(Row("", (SAConfig(), GTAConfig())), 0)
LABELS = [f"Doing thing {number}" for number in range(24)]


def save(results, run=RUN, **changes):
    """Leave what a trained run leaves that a prediction reads."""
    folder = results / "runs" / run.id
    files.write_json(folder / "config.json", to_dict(run))
    recognizer = VideoRecognizer(run, LABELS)
    content = {"state_dict": recognizer.state_dict(), "optimizer_states": [], "loops": {}}
    content["hyper_parameters"] = {"config": to_dict(run)}
    recognizer.on_save_checkpoint(content)
    (folder / "ckpt").mkdir(exist_ok=True)
    torch.save({**content, **changes}, folder / "ckpt" / "last.ckpt")
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    torch.manual_seed(0)
    save(folder)
    return folder


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A moving square, 40 frames of 96 x 128."""
    frames = np.full((40, 96, 128, 3), 90, np.uint8)
    for t, frame in enumerate(frames):
        frame[30:60, 2 * t : 2 * t + 30] = (220, 40, 40)
    path = tmp_path_factory.mktemp("videos") / "square, moving.webm"
    path.write_bytes(encode_webm(frames))
    return path


def predict(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--run", "abc", "--model", "tiny-r2d-gta"), "name two networks"), (("--checkpoint", "best"), "is of a run")],
)
def test_options_that_contradict_each_other_are_one_line(video, capsys, options, words):
    assert predict(video, *options) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert words in line


def test_five_names_best_first(results, video, capsys):
    assert predict(video, "--run", RUN.id, "--results", results, "--device", "cpu") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    numbers = [float(line.split("%")[0]) for line in lines]
    assert numbers == sorted(numbers, reverse=True)
    assert {line.split("%  ")[1] for line in lines} < set(LABELS)
    assert predict(video, "--run", RUN.id[:6], "--results", results, "--device", "cpu") == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_any_container_and_frames_in_a_folder(results, video, tmp_path, capsys):
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    mp4, folder = tmp_path / "clip.mp4", tmp_path / "clip"
    with av.open(str(mp4), "w") as container:
        stream = container.add_stream("mpeg4", rate=12)
        stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    folder.mkdir()
    for number, frame in enumerate(frames, 1):
        Image.fromarray(frame).save(folder / f"{number:05d}.jpg")
    for path in (mp4, folder):
        assert predict(path, "--run", RUN.id, "--results", results, "--device", "cpu") == 0
        assert len(capsys.readouterr().out.splitlines()) == 5


def test_the_explanation_is_a_video_and_a_picture(results, video, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = (video, "--run", RUN.id, "--results", results, "--device", "cpu", "--explain", "--out", out)
    assert predict(*arguments) == 0
    *_, film, sheet = capsys.readouterr().out.splitlines()
    with av.open(film) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 8 * 5  # half a second for each frame that the model saw
    height, width = shown[0].shape[:2]
    assert (height, width) == (256, 512)  # the frame, and beside it the frame with evidence over it
    assert shown[0][:, :256].std(axis=2).mean() > 5  # a red square is in colour on the left
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 300


def test_another_checkpoint_of_the_run(tmp_path, video, capsys):
    from gta.predict import load_run

    folder = save(tmp_path, RUN)
    arguments = (video, "--run", RUN.id, "--results", tmp_path, "--device", "cpu", "--checkpoint", "best")
    assert predict(*arguments) == 2
    assert f"run {RUN.id} has kept no checkpoint 'best'; it has last" in capsys.readouterr().err
    content = torch.load(folder / "ckpt" / "last.ckpt", weights_only=True)
    content["state_dict"]["model.backbone.fc.bias"] += torch.arange(24.0)
    torch.save(content, folder / "ckpt" / "best.ckpt")
    assert predict(*arguments) == 0
    last, best = (load_run(folder, RUN, name).model.backbone.fc.bias for name in ("last", "best"))
    torch.testing.assert_close(best - last, torch.arange(24.0))


def test_several_views_are_averaged(results, video, tmp_path):
    from gta.predict import load_run, probabilities, read_views

    run = dataclasses.replace(RUN, views=(ViewsConfig(2, 3),))
    recognizer = load_run(save(tmp_path, run), run)
    views = read_views(video, run)
    assert views.shape == (6, 3, 8, 32, 32)
    single = torch.stack([recognizer(view[None]).softmax(1)[0] for view in views])
    np.testing.assert_allclose(probabilities(recognizer, views), single.mean(0).detach(), rtol=1e-4)


def torn(path):
    path.write_bytes(path.read_bytes()[:3000])


def edited(path):
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))


def saved(**changes):
    return lambda folder: save(folder.parent.parent, **changes)


def without(*parts):
    return lambda folder: folder.joinpath(*parts).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("ckpt", "last.ckpt"), "has no checkpoint"),
        (lambda folder: torn(folder / "ckpt" / "last.ckpt"), "last.ckpt is not a checkpoint of a run"),
        (lambda folder: edited(folder / "config.json"), "does not hash to the name of its folder"),
        (lambda folder: torn(folder / "config.json") or (folder / "config.json").write_text("{"), "not readable JSON"),
        (saved(hyper_parameters={"config": {}}), "is the checkpoint of another run"),
        (saved(state_dict={}), "does not fit the model of its run"),
        (saved(labels=LABELS[:-1]), "names 23 classes, the model of its run has 24"),
        (saved(labels=LABELS[::-1]), "was trained with the labels"),
    ],
)
def test_a_run_that_cannot_be_used(tmp_path, video, capsys, damage, message):
    damage(save(tmp_path))
    assert predict(video, "--run", RUN.id, "--results", tmp_path) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_scores_that_are_no_numbers(tmp_path, video, capsys):
    """Each weight is a number, the scores are none: a net that has left the range of its type."""
    state = {
        name: torch.full_like(value, 3e38) if value.is_floating_point() else value
        for name, value in VideoRecognizer(RUN, LABELS).state_dict().items()
    }
    save(tmp_path, state_dict=state)
    assert predict(video, "--run", RUN.id, "--results", tmp_path, "--device", "cpu") == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert "scores that are no numbers" in line
    assert "last.ckpt" in line


def test_a_run_that_is_not_there(results, video, tmp_path, capsys):
    assert predict(video, "--run", "ffffffffffff", "--results", results) == 2
    assert f"is no run in {results / 'runs'}; nearest: {RUN.id}" in capsys.readouterr().err
    assert predict(video, "--run", RUN.id, "--results", tmp_path) == 2
    assert "holds no run" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"", b"no video at all", "half"])
def test_a_video_that_cannot_be_read(results, video, tmp_path, capsys, content):
    path = tmp_path / "broken.webm"
    if content == "half":
        path.write_bytes(video.read_bytes()[:200])
    elif content is not None:
        path.write_bytes(content)
    assert predict(path, "--run", RUN.id, "--results", results) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "broken.webm" in line


def test_a_device_that_is_not_there(results, video, capsys):
    assert predict(video, "--run", RUN.id, "--results", results, "--device", "abacus") == 2
    assert "--device abacus" in capsys.readouterr().err


def test_the_options_are_frozen():
    found = {name for action in build_parser()._actions for name in action.option_strings if name.startswith("--")}
    assert found == {"--run", "--checkpoint", "--model", "--results", "--explain", "--out", "--device", "--help"}


def test_an_unknown_option_is_named(capsys):
    assert predict("a.mp4", "--run", "x", "--explains") == 2
    assert "did you mean --explain" in capsys.readouterr().err


def test_help_answers_without_torch():
    code = "import sys, gta.predict as p; p.build_parser().format_help(); assert 'torch' not in sys.modules"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert time.perf_counter() - started < 5


# ------------------------------------------------------------------------------------- odd media
@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0), (-1, 0, 0, 1)])
def test_a_turned_video_gives_what_its_frames_give_as_they_are_shown(results, video, tmp_path, capsys, matrix):
    from gta.predict import read_views

    with av.open(str(video)) as container:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    path = videos.encode(tmp_path / "phone.mp4", frames, "libx264", crf="1")
    sideways = read_views(path, RUN).numpy().astype(int)
    shown = np.zeros_like(frames.swapaxes(1, 2) if matrix[1] else frames)
    height, width = shown.shape[1:3]
    a, b, c, d = matrix
    for q, p in np.ndindex(frames.shape[1:3]):
        shown[:, (b * p + d * q) % height, (a * p + c * q) % width] = frames[:, q, p]
    if a < 0 or c < 0:
        shown = np.roll(shown, -1, 2)  # position -1 is the last one
    if b < 0 or d < 0:
        shown = np.roll(shown, -1, 1)
    expected = read_views(videos.encode(tmp_path / "shown.mp4", shown, "libx264", crf="1"), RUN).numpy().astype(int)
    found = read_views(videos.turn(path, *matrix), RUN).numpy().astype(int)
    assert np.abs(found - expected).mean() < 4
    assert np.abs(found - expected).mean() < 0.3 * np.abs(sideways - expected).mean()
    assert predict(path, "--run", RUN.id, "--results", results, "--device", "cpu") == 0


@pytest.mark.parametrize("name", ["-dash.webm", "http:clip.webm", "pipe:0", "concat:a|b", "a%03d.webm"])
def test_a_name_is_that_of_a_file(results, video, tmp_path, capsys, monkeypatch, name):
    results = results.resolve()
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(video.read_bytes())
    assert predict("--run", RUN.id, "--results", results, "--device", "cpu", "--", name) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_a_name_as_long_as_it_may_be_and_longer(results, video, tmp_path, capsys):
    path = tmp_path / ("ü" * 123 + ".webm")
    path.write_bytes(video.read_bytes())
    arguments = ("--run", RUN.id, "--results", results, "--device", "cpu", "--explain", "--out", tmp_path / "out")
    assert predict(path, *arguments) == 0
    assert len(list((tmp_path / "out").iterdir())) == 2
    capsys.readouterr()
    assert predict(tmp_path / ("x" * 300 + ".webm"), *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "does not exist" in line


def test_what_is_no_film_is_refused(results, tmp_path, capsys):
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(tmp_path / "still.png")
    for name in ("img_{}.jpg", "x_{}.jpg"):
        videos.write_frames(tmp_path / "frames", videos.draw(9), name)
    for name, message in (("still.png", "is a still picture"), ("frames", "2 kinds")):
        assert predict(tmp_path / name, "--run", RUN.id, "--results", results) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line


def test_the_sample_needs_no_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert predict("sample.webm", "--device", "cpu") == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert "Moving something away from the camera" in first
    assert len(rest) == 4


def test_an_unknown_network_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert predict("sample.webm", "--model", "tiny-r2d") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "there is no network 'tiny-r2d'" in line
