"""What a plan says that a real data set costs, with a GPU and without."""

import re

import pytest
import torch

from experiments.run import main
from gta.training import speed

CARD = "Card 9000"


@pytest.fixture
def card(monkeypatch):
    """A GPU whose steps take what the test says; the questions that it was asked."""
    asked = []

    def seconds(config, clips, precision, device):
        asked.append((config, clips, precision, device.type))
        if isinstance(card.seconds, Exception):
            raise card.seconds
        return card.seconds

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: CARD)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: True)
    monkeypatch.setattr(speed, "seconds_a_clip", seconds)
    card = type("Card", (), {"asked": asked, "seconds": 0.1})()
    return card


@pytest.fixture
def plan(tmp_path, capsys):
    def call(*more, profile="ssv2"):
        folders = ["--results", str(tmp_path / "results"), "--data", str(tmp_path / "data")]
        code = main(["table_main", "--rows", "R2D*", "--profile", profile, *folders, "--dry-run", *more])
        return code, " ".join(capsys.readouterr().out.split())

    return call


def hours(text):
    return float(re.search(r"([\d,]+) GPU-hours left", text)[1].replace(",", ""))


def test_without_a_gpu_the_rate_is_assumed(plan, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    code, text = plan()
    assert code == 0
    assert "divided by 6.0e+13 FLOP/s (an A100 in bf16, a fifth of its peak; assumed, not measured)" in text


def test_with_a_gpu_it_is_measured(plan, card):
    code, text = plan()
    assert code == 0
    [(config, clips, precision, device)] = card.asked
    assert (clips, precision, device) == (config.train.batch_size, "bf16-mixed", "cuda")
    assert f"{CARD}, measured in 5 steps of {clips} clips of R2D + GTA · seed 0 in bf16-mixed" in text
    card.seconds = 0.2
    assert hours(plan()[1]) == pytest.approx(2 * hours(text), rel=0.01)


def test_the_measured_rate_gives_back_the_measured_time(plan, card):
    """A plan of the measured row alone takes the measured seconds a clip for its training."""
    _, text = plan("--rows", "R2D + NL", "--set", "train.epochs=1000")
    clips = int(re.search(r" (\d{3},\d{3}) ", text)[1].replace(",", ""))
    training = clips * 1000 * card.seconds / 3600
    assert training < hours(text) < 1.2 * training  # and the evaluation after every epoch


def test_parts_of_a_batch_and_the_precision_are_those_of_the_run(plan, card):
    plan("--accumulate", "8", "--precision", "32-true")
    [(config, clips, precision, _)] = card.asked
    assert (clips, precision) == (config.train.batch_size // 8, "32-true")


def test_clips_that_do_not_fit_are_said(plan, card):
    card.seconds = torch.OutOfMemoryError("CUDA out of memory")
    code, text = plan()
    assert code == 0
    assert "assumed, not measured: 32 clips of R2D + GTA · seed 0 at once do not fit in the GPU here; see" in text


def test_a_batch_that_cannot_be_shared_out_is_refused_as_before(plan, card, capsys):
    assert plan("--accumulate", "7")[0] == 2
    assert card.asked == []


def test_drawn_sets_need_no_gpu(plan, card):
    assert plan(profile="tiny-v2")[0] == 0
    assert card.asked == []
