"""Weights of a run on another data set, with the blocks that its network is made of."""

import pytest
import torch

from gta import ModelConfig, build_model
from gta.config import CorrelationConfig, CorrNetConfig, GTAConfig, WeightsConfig
from gta.errors import UserError
from gta.weights.load import load
from gta.weights.public import find, locate

NARROW = CorrNetConfig(depths=(1, 1, 1, 1), width=8, stem="small")
CORRELATION = CorrelationConfig(patch=3, groups=4)
PLACES = (("res3", 0),)


def corrnet(classes, blocks=(CORRELATION,)):
    torch.manual_seed(classes)
    return build_model(ModelConfig(classes, 4, NARROW, blocks, PLACES))


def saved(tmp_path, model):
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": state | {"mean": torch.zeros(3)}, "loops": {}}, tmp_path / "CorrNet_k400.ckpt")


def test_blocks_come_with_the_network_and_the_classifier_does_not(tmp_path):
    own, other = corrnet(5), corrnet(7)
    saved(tmp_path, own)
    path = find(WeightsConfig("run", "CorrNet_k400"), tmp_path)
    before = other.backbone.fc.weight.clone()
    load(other.backbone, path, "run")
    theirs = own.state_dict()
    rest = {name: value for name, value in other.state_dict().items() if ".fc." not in name}
    assert [name for name, value in rest.items() if not value.equal(theirs[name])] == []
    assert other.backbone.fc.weight.equal(before)


def test_blocks_that_the_run_lacks_stay_new(tmp_path):
    saved(tmp_path, corrnet(5, blocks=()))
    other = corrnet(7)
    before = {name: value.clone() for name, value in other.state_dict().items() if ".inserted." in name}
    load(other.backbone, tmp_path / "CorrNet_k400.ckpt", "run")
    after = other.state_dict()
    assert before
    assert [name for name, value in before.items() if not after[name].equal(value)] == []


def test_blocks_of_another_kind_are_named(tmp_path):
    saved(tmp_path, corrnet(5, blocks=(GTAConfig(),)))
    with pytest.raises(UserError, match=r"holds the weights of another network; .*inserted"):
        load(corrnet(7).backbone, tmp_path / "CorrNet_k400.ckpt", "run")


def test_a_missing_run_is_named_with_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.delenv("GTA_WEIGHTS", raising=False)
    config = WeightsConfig("run", "CorrNet_k400")
    assert locate(config, tmp_path) is None
    with pytest.raises(UserError, match="train the row CorrNet of table_peers in the profile k400 and save") as caught:
        find(config, tmp_path)
    assert "\n" not in str(caught.value)
