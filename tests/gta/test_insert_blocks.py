"""Blocks in networks of others: any normalisation, one place or several, and what is no config or no place."""

import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.ops import FrozenBatchNorm2d

from gta import insert_blocks
from gta.config import GTAConfig, SAConfig
from gta.model import inserted_blocks

NORMS = {
    "batch": nn.BatchNorm2d,
    "sync": nn.SyncBatchNorm,
    "frozen": FrozenBatchNorm2d,
    "group": lambda channels: nn.GroupNorm(2, channels),
    "none": lambda channels: nn.Identity(),
}


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS.keys())
@pytest.mark.parametrize("residual", [BasicBlock, Bottleneck])
def test_any_normalisation_of_a_resnet(norm, residual):
    torch.manual_seed(0)
    network = ResNet(residual, [1, 1, 1, 1], norm_layer=norm).eval()
    pictures = torch.randn(4, 3, 32, 32)
    before = network(pictures)
    insert_blocks(network, SAConfig(), [("res3", 0), ("res5", 0)], frames=2)
    torch.testing.assert_close(network(pictures), before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("places", [("res3", 0), ["res3", 0], [["res3", 0]], iter([("res3", 0)])])
def test_a_single_place(places):
    network = ResNet(BasicBlock, [1, 1, 1, 1])
    insert_blocks(network, SAConfig(), places)
    assert list(inserted_blocks(network)) == ["res3[0]"]


@pytest.mark.parametrize(
    ("block", "places", "message"),
    [
        (GTAConfig, [("res3", 0)], r"block is the class GTAConfig; give a config: GTAConfig\(\)"),
        (nn.Identity(), [("res3", 0)], "block is a module"),
        ("gta", [("res3", 0)], "'gta' is no config of a block"),
        ((SAConfig(), GTAConfig), [("res3", 0)], "is no config of a block"),
        (SAConfig(), "res3[0]", "is no place; expected a pair"),
        (SAConfig(), ["res3", "res4"], "is no place; expected a pair"),
        (SAConfig(), [("res3", True)], "is no place; expected a pair"),
        (SAConfig(), [("res3", 9)], r"res3\[9\] does not exist"),
        (SAConfig(), ("res9", 0), "no stage 'res9'"),
    ],
)
def test_what_is_no_config_or_no_place(block, places, message):
    with pytest.raises(ValueError, match=message):
        insert_blocks(ResNet(BasicBlock, [1, 1, 1, 1]), block, places)


def test_no_place_is_a_network_as_it_was():
    network = ResNet(BasicBlock, [1, 1, 1, 1])
    names = list(network.state_dict())
    insert_blocks(network, (), [])
    assert list(network.state_dict()) == names
