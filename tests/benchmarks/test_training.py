"""The benchmark of training steps, on the networks of the smoke profile; and the block that it compares with."""

import re

import pytest
import torch

from benchmarks import training
from benchmarks.plain import PlainNonLocal
from experiments.study.profiles import PROFILES
from gta.blocks import NonLocal
from gta.config import NLConfig

SMOKE = PROFILES["smoke"]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(training, "SSV2", SMOKE)
    monkeypatch.setattr(training, "PROFILES", {"ssv2": SMOKE})


@pytest.mark.parametrize("pool", [True, False])
def test_the_plain_block_is_the_non_local_block(pool):
    torch.manual_seed(0)
    ours = NonLocal(16, 3, NLConfig(pool="before" if pool else "none")).double().eval()
    plain = PlainNonLocal(16, 3, pool).double().eval()
    for name in ("theta", "phi", "g", "out"):
        torch.nn.init.zeros_(getattr(plain, name).bias)
    weights = [ours.query.weight, *ours.key_value.weight.chunk(2), ours.out.weight]
    for own, layer in zip(weights, (plain.theta, plain.phi, plain.g, plain.out), strict=True):
        layer.weight.data.copy_(own.detach().view_as(layer.weight))
    torch.nn.init.ones_(ours.norm.weight)
    frames = torch.randn(6, 16, 4, 4, dtype=torch.double)
    assert torch.allclose(ours(frames), plain(frames), atol=1e-9)


@pytest.mark.usefixtures("small")
def test_every_row_has_a_line(tmp_path, capsys):
    out = tmp_path / "training.md"
    options = ["--repeats", "1", "--clips", "1", "--precision", "fp32", "--threads", "1", "--rows", "R2D*"]
    assert training.main([*options, "--out", str(out)]) == 0
    lines = re.findall(
        r"^\| (R2D[^|]*) \| 1 \| [\d.]+ \| [\d.]+ \| [\d.]+ \| [\d,]+ \|$", out.read_text(), re.MULTILINE
    )
    assert lines == ["R2D", "R2D + NL", "R2D + DNL", "R2D + GTA"]
    assert out.read_text() == capsys.readouterr().out


@pytest.mark.usefixtures("small")
def test_the_time_that_waits_for_clips_is_a_share(tmp_path):
    line = training.waiting(tmp_path, "ssv2", torch.float32, torch.device("cpu"), workers=0, steps=2)
    share = float(re.search(r"([\d.]+) % of the time", line)[1])
    assert 0 <= share <= 100


def test_what_a_forward_pass_keeps_is_counted_once():
    layer = torch.nn.Linear(8, 4, bias=False)
    network = torch.nn.Sequential(torch.nn.Flatten(), layer)
    clips, labels = torch.randn(3, 8), torch.zeros(3, dtype=torch.long)
    one = training.Contestant(network, torch.optim.SGD(network.parameters(), 0.1), clips, labels, 0)
    kept = training.kept_for_backward(one, torch.float32)
    log_softmax = 3 * 4 * 4
    assert kept == clips.nbytes + log_softmax + labels.nbytes + 4  # and the number of labels


def test_mistakes_are_one_line(capsys):
    assert training.main(["--rows", "X*"]) == 2
    assert "matches none of R2D" in capsys.readouterr().err
    assert training.main(["--precision", "fp8"]) == 2
    assert "fp8 is not one of fp32, bf16" in capsys.readouterr().err
