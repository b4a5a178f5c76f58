"""The network of the package loads, says what it is, and is refused when its files do not belong together."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

import gta
import hubconf
from gta import predict
from gta.errors import UserError
from gta.pretrained import CONFIG, MODELS, WEIGHTS, PretrainedRecognizer, known, load

NAME = "tiny-r2d-gta"


@pytest.fixture(scope="module")
def network():
    return gta.load(NAME)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(MODELS / NAME, tmp_path / "model")
    return tmp_path / "model"


def test_it_gives_scores_of_clips_as_they_are_read(network):
    video = torch.randint(0, 256, (2, 3, 8, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        scores = network(video)
    assert scores.shape == (2, len(network.labels)) == (2, 24)
    assert not network.training
    assert torch.isfinite(scores).all()


def test_it_is_the_row_that_its_card_names(network):
    content = json.loads((MODELS / NAME / CONFIG).read_text())
    card = (MODELS / NAME / "README.md").read_text()
    figures = content["figures"]
    assert (network.run.profile, network.run.seed) == ("tiny-v2", 1)
    assert figures["params"] == sum(value.numel() for value in network.model.parameters())
    assert f"{figures['top1']:.1f} % top-1, {figures['top5']:.1f} % top-5" in card
    assert f"{figures['pair_accuracy']:.1f} % within order pairs" in card


def test_a_saved_network_is_the_same_one(network, tmp_path):
    assert network.save(tmp_path / "new") == [tmp_path / "new" / CONFIG, tmp_path / "new" / WEIGHTS]
    again = load(tmp_path / "new")
    video = torch.randint(0, 256, (1, 3, 8, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(again(video), network(video))
    assert (again.run, again.labels) == (network.run, network.labels)


def test_torch_hub_finds_it(network):
    assert torch.equal(hubconf.tiny_r2d_gta().mean, network.mean)
    random = hubconf.tiny_r2d_gta(pretrained=False).model.state_dict()
    assert any(not torch.equal(value, random[name]) for name, value in network.model.state_dict().items())
    local = torch.hub.load(str(MODELS.parents[1]), "tiny_r2d_gta", source="local")
    assert local.labels == network.labels


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UserError, match=r"there is no network 'tiny-r2d'.*tiny-r2d-gta"):
        load("tiny-r2d")
    assert known() == [NAME]


def test_weights_of_another_network_are_refused(copy):
    tensors = load_file(copy / WEIGHTS)
    name = sorted(tensors)[0]
    save_file({key: value for key, value in tensors.items() if key != name}, copy / WEIGHTS)
    with pytest.raises(UserError, match="does not hold the network"):
        load(copy)
    (copy / WEIGHTS).write_bytes((MODELS / NAME / WEIGHTS).read_bytes()[:1000])
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        load(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "not the config of a network of this version"),
        ({"labels": ["one"]}, "expected 24 labels"),
        ({"labels": None}, "labels is not a list of names"),
        ({"run": {}}, "not the config of a network of this version"),
        ({"mean": None}, "not the config of a network of this version"),
    ],
)
def test_a_config_that_does_not_fit_is_one_line(copy, change, words):
    content = json.loads((copy / CONFIG).read_text())
    (copy / CONFIG).write_text(json.dumps(content | change))
    with pytest.raises(UserError, match=words):
        load(copy)


def test_labels_must_fit_the_classes(network):
    with pytest.raises(ValueError, match="expected 24 labels and 3 channels, got 23 and 3"):
        PretrainedRecognizer(network.run, network.labels[:-1], (0.5,) * 3, (0.5,) * 3)


def test_a_decoder_that_does_not_exist_is_refused_and_not_left_aside(monkeypatch, capsys):
    monkeypatch.setenv("GTA_DECODER", "foo")
    assert predict.main([str(MODELS / NAME / "sample.webm")]) == 2
    assert "GTA_DECODER is 'foo': no such decoder" in capsys.readouterr().err
