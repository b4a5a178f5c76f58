"""Files of weights and checkpoints of every kind: taken whole, or refused in one line that names the file."""

import random

import pytest
import torch

from experiments import train as child
from experiments.child.callbacks import RunLog
from gta import files
from gta.backbones import ResNet2D
from gta.config import BackboneConfig, to_dict
from gta.errors import UserError
from gta.predict import main as predict
from gta.weights import load as weights
from tests.support.weight_files import damaged_checkpoint, damaged_weights, whole_weights

SMALL = BackboneConfig((1, 1, 1, 1), 8, "small")
SEED, WHOLE, DAMAGED, PREDICTED, RESUMED = 7, 30, 45, 10, 6


def check_line(path, line):
    """A line that a user can read: with the file's name, without control characters or advice against safety."""
    assert path.name in line
    assert line.isprintable(), line
    for word in ("weights_only=", "weights_only argument", "Traceback", "internal"):
        assert word not in line


def loads(folder, seed=SEED, whole=WHOLE, damaged=DAMAGED):
    """Load whole and damaged files; return what each damaged one was called."""
    rng, mark = random.Random(seed), folder / "executed"
    torch.manual_seed(seed)
    source = ResNet2D(SMALL, 5).state_dict()
    for number in range(whole):
        path = whole_weights(folder / f"whole{number}{rng.choice(('.pth', '.pt', '.safetensors'))}", source, rng)
        target = ResNet2D(SMALL, 7)
        weights.load(target, path)
        own = target.state_dict()
        for name in (name for name in own if not name.startswith("fc.")):
            torch.testing.assert_close(own[name], source[name], rtol=1e-2, atol=1e-3)
    told = {}
    for number in range(damaged):
        name, path = damaged_weights(folder / f"damaged{number}.pth", source, number, mark, rng)
        before = (target := ResNet2D(SMALL, 7)).conv1.weight.clone()
        with pytest.raises(UserError) as error:
            weights.load(target, path)
        check_line(path, str(error.value))
        assert torch.equal(target.conv1.weight, before)
        told.setdefault(name, str(error.value))
        path.unlink() if not path.is_dir() else path.rmdir()
    assert not mark.exists()
    return told


def test_weights_are_loaded_or_refused_in_one_line(tmp_path):
    told = loads(tmp_path)
    for name, words in {
        "web page": "it is a web page",
        "git-lfs": "git lfs pull",
        "git-annex": "git annex get",
        "empty": "it is empty",
        "picture": "it is a picture",
        "zip": "a zip archive of other files",
        "tar": "a tar archive",
        "gzip": "a compressed archive",
        "csv": "it is text",
        "folder": "it is a folder",
        "pipe": "it is a pipe",
        "nothing": "does not exist",
        "cut": "is cut off or damaged",
        "flipped": "check sum of its part",
        "evil": "objects that are no tensors",
        "hub name": "its name says that its SHA-256 begins with 0123abcd",
        "NaN": "hold NaN or infinite values",
        "too large": "hold NaN or infinite values",
        "complex": "of another type",
        "whole numbers": "of another type",
        "shape": "of another shape",
        "sparse": "is no plain tensor",
        "two networks": "holds several networks, named encoder. and model.",
        "container of another type": "model_state, but a list",
    }.items():
        assert words in told[name], told[name]


@pytest.fixture(scope="module")
def trained(ground, tmp_path_factory):
    """A finished run of the smoke profile, how it is started, a video, and its checkpoint after one of two epochs."""
    folder = tmp_path_factory.mktemp("trained")
    data, pretrained, run = ground
    own = folder / "runs" / run.id
    files.write_json(own / "config.json", to_dict(run))
    arguments = [str(own), "--data", str(data), "--pretrained", str(pretrained)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunLog, "on_validation_end", _stopped_in_the_second_epoch)
        assert child.main(arguments) == 130
    half = (own / "ckpt" / "last.ckpt").read_bytes()
    assert child.main(arguments) == 0
    video = next(data.glob("*/videos/*.webm"))
    return own, arguments, video, half


def _stopped_in_the_second_epoch(self, trainer, module):
    if trainer.current_epoch == 1:
        raise KeyboardInterrupt


def damage(trained, number, seed, capsys, use):
    own = trained[0]
    path, mark = own / "ckpt" / "last.ckpt", own.parent.parent / "executed"
    kept = path.read_bytes()
    told = damaged_checkpoint(
        path, torch.load(path, weights_only=True), number, mark, random.Random(f"{seed} {number}")
    )
    capsys.readouterr()
    try:
        code = use()
    finally:
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(kept)
    out, err = capsys.readouterr()
    assert not mark.exists(), told
    assert code in (0, 2), (told, err[-500:])
    assert "Traceback" not in err, told
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == (code == 2), (told, err)
    if code == 2:
        check_line(path, lines[0])
    return told, code, (lines or [out])[0]


def predictions(trained, capsys, count, seed):
    own, _, video, _ = trained
    options = [str(video), "--run", own.name, "--results", str(own.parent.parent), "--device", "cpu"]
    for number in range(count):
        told, code, out = damage(trained, number, seed, capsys, lambda: predict(options))
        assert "nan" not in out.split("\n")[0] or code == 2, told
        yield told, code, out


def resumes(trained, capsys, count, seed):
    own, arguments, _, half = trained
    for number in range(count):
        (own / "result.json").unlink(missing_ok=True)
        (own / "error.json").unlink(missing_ok=True)
        if number % 3:
            (own / "ckpt" / "last.ckpt").write_bytes(half)
        told, code, out = damage(trained, number, seed, capsys, lambda: child.main(arguments))
        if code == 2:
            assert files.read_json(own / "error.json")["kind"] == "user", (told, out)
        yield told, code, out


def test_damaged_checkpoints_predict_or_are_refused_in_one_line(trained, capsys):
    codes = [code for _, code, _ in predictions(trained, capsys, PREDICTED, SEED)]
    assert codes.count(2) > PREDICTED // 3


def test_damaged_checkpoints_resume_or_are_refused_in_one_line(trained, capsys):
    codes = [code for _, code, _ in resumes(trained, capsys, RESUMED, SEED)]
    assert codes.count(2) > RESUMED // 3
