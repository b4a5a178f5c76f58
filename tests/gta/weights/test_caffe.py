"""BNInception from files with caffe's names: every layer finds its place, colours are turned round, old norms fit."""

import pytest
import torch

from experiments.study.profiles import PROFILES
from experiments.study.rows import Row
from gta.backbones import BNInception
from gta.config import BNInceptionConfig
from gta.errors import UserError
from gta.training.recognizer import colour_statistics
from gta.weights.load import load

BRANCHES = {
    "one": "1x1",
    "three.0": "3x3_reduce",
    "three.1": "3x3",
    "twice.0": "double_3x3_reduce",
    "twice.1": "double_3x3_1",
    "twice_last": "double_3x3_2",
    "pool.1": "pool_proj",
}
STEM = {"conv1.0": "conv1_7x7_s2", "conv2.0": "conv2_3x3_reduce", "conv2.1": "conv2_3x3"}


def caffe_name(name):
    """Our name in caffe's words, written the other way round than the library does it."""
    if name.startswith("fc."):
        return name
    unit, layer, part = name.rsplit(".", 2)
    suffix = "_bn" if layer == "1" else ""
    if unit in STEM:
        return f"{STEM[unit]}{suffix}.{part}"
    stage, index, branch = unit.split(".", 2)
    return f"inception_{stage[-1]}{'abcde'[int(index)]}_{BRANCHES[branch]}{suffix}.{part}"


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = BNInception(BNInceptionConfig(width=16), 5).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("prefix", ["", "module.base_model."])
def test_every_layer_finds_its_place(network, tmp_path, old, prefix):
    state = {}
    for name, value in network.state_dict().items():
        value = value.flip(1) if name == "conv1.0.0.weight" else value
        squeezed = old and ".1." in name and value.ndim == 1 and "_bn" in caffe_name(name)
        state[prefix + caffe_name(name)] = value[None] if squeezed else value
    assert len(state) == len(network.state_dict())
    torch.save(state, tmp_path / "bn_inception.pth")
    other = BNInception(BNInceptionConfig(width=16), 7).eval()
    load(other, tmp_path / "bn_inception.pth", "tsn")
    clip = torch.randn(1, 3, 2, 64, 64)
    assert torch.equal(other.features(clip), network.features(clip))
    assert len(other.fc.weight) == 7


def test_a_layer_that_is_not_there_is_named(network, tmp_path):
    state = {caffe_name(name): value for name, value in network.state_dict().items()}
    state["inception_3a_5x5.weight"] = state.pop("inception_3a_3x3.weight")
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"1 missing: mixed3.0.three.1.0.weight; 1 unknown: inception_3a_5x5.weight"):
        load(network, tmp_path / "x.pth", "tsn")


def test_trn_sees_colours_as_its_weights_do():
    """Red, green, blue from 0 to 255 less the mean of caffe's pictures, which stands in their order."""
    mean, std = colour_statistics(PROFILES["ssv1"].resolve(Row("TRN", backbone="trn"), 0))
    grey = torch.tensor([104.0, 117.0, 128.0]).flip(0) / 255
    torch.testing.assert_close((grey - torch.tensor(mean)) / torch.tensor(std), torch.zeros(3))
    assert (1 - mean[0]) / std[0] == pytest.approx(255 - 128)
