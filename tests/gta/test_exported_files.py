"""gta.export writes files that give the same scores, and refuses what it cannot export."""

from __future__ import annotations

import sys

import pytest
import torch

from gta.errors import UserError
from gta.export import _check_same, build_parser, clips, main
from gta.pretrained import CONFIG, WEIGHTS, load

NAME = "tiny-r2d-gta"


def test_frozen_options():
    names = {name for action in build_parser()._actions for name in action.option_strings if name.startswith("--")}
    assert names == {"--help", "--run", "--checkpoint", "--results", "--model", "--format", "--out"}


def test_weights_are_written_and_compared(tmp_path, capsys):
    assert main(["--model", NAME, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "out" / name) for name in (CONFIG, WEIGHTS)]
    assert load(tmp_path / "out").labels == load(NAME).labels


@pytest.mark.slow
def test_a_program_gives_the_same_scores_for_any_number_of_clips(tmp_path):
    assert main(["--model", NAME, "--out", str(tmp_path), "--format", "program"]) == 0
    network, program = load(NAME), torch.export.load(tmp_path / "model.pt2").module()
    video = clips(network, 5)
    torch.testing.assert_close(program(video), network(video), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_an_onnx_model_gives_the_same_scores_for_any_number_of_clips(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    assert main(["--model", NAME, "--out", str(tmp_path), "--format", "onnx"]) == 0
    network = load(NAME)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    video = clips(network, 5)
    found = torch.from_numpy(session.run(["scores"], {"clips": video.numpy()})[0])
    torch.testing.assert_close(found, network(video), rtol=1e-4, atol=1e-4)


def test_onnx_without_its_packages_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert main(["--model", NAME, "--out", str(tmp_path), "--format", "onnx"]) == 2
    assert "--format onnx needs onnxruntime: pip install 'gta-video[onnx]'" in capsys.readouterr().err


def test_other_scores_are_refused():
    network = load(NAME)
    with pytest.raises(UserError, match="gives other scores than the network itself"):
        _check_same(network, lambda video: 1.01 * network(video), "the file")
    with pytest.raises(UserError, match="by nan"):
        _check_same(network, lambda video: network(video) * float("nan"), "the file")


@pytest.mark.parametrize("given", [[], ["--run", "abc", "--model", NAME]])
def test_one_network_must_be_named(given, tmp_path, capsys):
    assert main([*given, "--out", str(tmp_path)]) == 2
    assert "--run ID, or --model NAME" in capsys.readouterr().err
