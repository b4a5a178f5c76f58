"""BNInception and ECO from files with caffe's names: every layer finds its place, and colours and old norms fit."""

import pytest
import torch

from experiments.study.profiles import PROFILES
from experiments.study.rows import Row
from gta import ModelConfig, build_model
from gta.backbones import ECO, BNInception
from gta.config import BNInceptionConfig, DataConfig, ECOConfig, RunConfig, TrainConfig, to_dict
from gta.errors import UserError
from gta.training.colours import colour_statistics
from gta.weights.load import load
from gta.weights.start import describe, keep, start_from

BRANCHES = {
    "one": "1x1",
    "three.0": "3x3_reduce",
    "three.1": "3x3",
    "twice.0": "double_3x3_reduce",
    "twice.1": "double_3x3_1",
    "twice_last": "double_3x3_2",
    "pool.1": "pool_proj",
}
RESIDUAL = {"conv1": "1", "bn1": "1_bn", "conv2": "2", "down": "down", "active.norm": "bn"}
BLOCKS = {"res3.0": "res3b", "res4.0": "res4a", "res4.1": "res4b", "res5.0": "res5a", "res5.1": "res5b"}
TOP = {"conv3": "res3a_2", "active3.norm": "res3a_bn", "fc": "fc_final"} | {
    f"{block}.{ours}": f"{caffe}_{layer}" for block, caffe in BLOCKS.items() for ours, layer in RESIDUAL.items()
}
"""The 3D part of ECO: our modules and the layers of its authors' networks."""
STEM = {"conv1.0": "conv1_7x7_s2", "conv2.0": "conv2_3x3_reduce", "conv2.1": "conv2_3x3"}


def caffe_name(name):
    """Our name in caffe's words, written the other way round than the library does it."""
    module, _, part = name.rpartition(".")
    if module in TOP:
        return f"{TOP[module]}.{part}"
    unit, layer, part = name.replace("stacked.", "mixed3.2.twice.").rsplit(".", 2)
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


@pytest.mark.parametrize("trained_on", ["colours", "flow"])
def test_a_network_of_flow_starts_from_one_of_pictures_or_goes_on(network, tmp_path, trained_on):
    """From the mean over colours, the same for every channel; a file of flow has its channels in their order."""
    state = {caffe_name(name): value for name, value in network.state_dict().items()}
    kernel = torch.randn(16, 3 if trained_on == "colours" else 10, 7, 7)
    state["conv1_7x7_s2.weight"] = kernel
    torch.save(state, tmp_path / "bn_inception.pth")
    flow = BNInception(BNInceptionConfig(width=16, inputs=10), 7)
    load(flow, tmp_path / "bn_inception.pth", "tsn")
    wanted = kernel if trained_on == "flow" else kernel.mean(1, keepdim=True).expand(-1, 10, -1, -1)
    torch.testing.assert_close(flow.conv1[0][0].weight, wanted)
    assert torch.equal(flow.conv2[0][0].weight, network.conv2[0][0].weight)


@pytest.mark.parametrize("full", [False, True])
def test_every_layer_of_eco_finds_its_place(tmp_path, full):
    config = ECOConfig(full=full, width=16)
    own, other = (ECO(config, classes, 4).eval() for classes in (5, 7))
    state = {caffe_name(name): value for name, value in own.state_dict().items()}
    state["conv1_7x7_s2.weight"] = state["conv1_7x7_s2.weight"].flip(1)
    assert len(state) == len(own.state_dict())
    torch.save(
        {"state_dict": {f"module.base_model.{name}": value for name, value in state.items()}}, tmp_path / "x.pth"
    )
    load(other, tmp_path / "x.pth", "eco")
    own.fc, other.fc = torch.nn.Identity(), torch.nn.Identity()
    clip = torch.randn(1, 3, 4, 64, 64)
    assert torch.equal(other.clip_scores(clip), own.clip_scores(clip))


@pytest.mark.parametrize(
    ("names", "backbone", "mean"),
    [("tsn", BNInceptionConfig(width=16), 128), ("eco", ECOConfig(width=16), 123)],
)
def test_a_fine_tuned_network_sees_the_colours_of_its_file(tmp_path, names, backbone, mean):
    model = ModelConfig(7, 4, backbone, places=())
    state = {caffe_name(name): value for name, value in build_model(model).backbone.state_dict().items()}
    torch.save(state, tmp_path / "x.pth")
    config = describe(tmp_path / "x.pth")
    assert (config.names, config.colour) == (names, names)
    kept = keep(tmp_path / "x.pth", config, tmp_path)
    run = RunConfig("folder", 0, model, DataConfig("folder", frames=4), TrainConfig(), config)
    assert start_from(build_model(model), kept, config, ())["names"] == names
    red = colour_statistics(run)[0][0]
    assert red == pytest.approx(mean / 255)
    # a checkpoint of that run, fine-tuned once more, sees them as well
    hyper = {"config": to_dict(run)}
    torch.save({"state_dict": {}, "loops": {}, "hyper_parameters": hyper}, tmp_path / "run.ckpt")
    assert describe(tmp_path / "run.ckpt").colour == names


def test_a_layer_that_is_not_there_is_named(network, tmp_path):
    state = {caffe_name(name): value for name, value in network.state_dict().items()}
    state["inception_3a_5x5.weight"] = state.pop("inception_3a_3x3.weight")
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"1 missing: mixed3.0.three.1.0.weight; 1 unknown: inception_3a_5x5.weight"):
        load(network, tmp_path / "x.pth", "tsn")


def test_a_run_of_trn_hands_its_colours_on(tmp_path):
    run = PROFILES["ssv1"].resolve(Row("TRN", backbone="trn"), 0)
    content = {"state_dict": {}, "loops": {}, "hyper_parameters": {"config": to_dict(run)}}
    torch.save(content, tmp_path / "run.ckpt")
    assert describe(tmp_path / "run.ckpt").colour == "tsn"


def test_trn_sees_colours_as_its_weights_do():
    """Red, green, blue from 0 to 255 less the mean of caffe's pictures, which stands in their order."""
    mean, std = colour_statistics(PROFILES["ssv1"].resolve(Row("TRN", backbone="trn"), 0))
    grey = torch.tensor([104.0, 117.0, 128.0]).flip(0) / 255
    torch.testing.assert_close((grey - torch.tensor(mean)) / torch.tensor(std), torch.zeros(3))
    assert (1 - mean[0]) / std[0] == pytest.approx(255 - 128)
    mean, std = colour_statistics(PROFILES["ssv1"].resolve(Row("TRN of flow", backbone="trn_flow"), 0))
    assert (len(mean), mean[0], std[0]) == (10, pytest.approx(128 / 255), pytest.approx(1 / 255))
