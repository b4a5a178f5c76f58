"""bLVNet-TAM: as many blocks as published, and the features are those of a naive network of pairs of frames."""

import pytest
import torch

from gta.backbones import BLVNet
from gta.config import BLVNetConfig
from tests.support import naive_frames
from tests.support.networks import lived, tiny_clip

STUDY = BLVNetConfig(depths=(2, 3, 5, 1), width=16, stem="small")
NETWORKS = {  # config, frames, side of the clip, side of the features
    "study": (STUDY, 8, 32, 2),
    "small-50": (BLVNetConfig(width=8, stem="small"), 6, 32, 2),
    "50": (BLVNetConfig(width=8), 6, 64, 2),
    "101": (BLVNetConfig(depths=(4, 8, 18, 3), width=8), 4, 64, 2),
}
BLOCKS = {  # depths, blocks of the big and of the little branch of res2, res3, res4
    (3, 4, 6, 3): [(2, 1), (3, 1), (5, 1)],
    (4, 8, 18, 3): [(3, 1), (7, 1), (17, 3)],
}


@pytest.mark.parametrize("depths", BLOCKS, ids=["50", "101"])
def test_widths_and_blocks_are_the_published_ones(depths):
    with torch.device("meta"):
        network = BLVNet(BLVNetConfig(depths=depths), 174, 16)
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert {name: shape for name, shape in shapes.items() if name.startswith("stem") and len(shape) == 4} == {
        "stem.first.0.weight": (64, 3, 7, 7),
        "stem.big.0.weight": (64, 64, 3, 3),
        "stem.little.0.0.weight": (32, 64, 3, 3),
        "stem.little.1.0.weight": (32, 32, 3, 3),
        "stem.little.2.0.weight": (64, 32, 1, 1),
        "stem.joined.0.weight": (64, 64, 1, 1),
    }
    stages = [network.get_submodule(f"layer{number}") for number in (1, 2, 3)]
    assert [(len(stage.big), len(stage.little)) for stage in stages] == BLOCKS[depths]
    channels = 64
    for number, out in ((1, 256), (2, 512), (3, 1024)):
        at = f"layer{number}"
        assert shapes[f"{at}.mix.0.weight"] == (channels, 1, 3)
        assert shapes[f"{at}.big.0.conv1.weight"] == (out // 4, channels, 1, 1)
        assert shapes[f"{at}.little.0.conv3.weight"] == (out // 2, out // 8, 1, 1)
        assert shapes[f"{at}.little_e.0.weight"] == (out, out // 2, 1, 1)
        assert shapes[f"{at}.fusion.conv2.weight"] == (out // 4, out // 4, 3, 3)
        channels = out
    assert [shapes[f"layer4.{index}.mix.0.weight"] for index in range(3)] == [(1024, 1, 3), *[(2048, 1, 3)] * 2]
    assert "layer4.3.conv1.weight" not in shapes


@torch.no_grad()
@pytest.mark.parametrize(("config", "frames", "side", "left"), NETWORKS.values(), ids=NETWORKS)
def test_features_are_those_of_the_naive_network(config, frames, side, left):
    clip = tiny_clip(frames=frames, side=side).double()
    network = lived(BLVNet(config, 5, frames).double(), clip)
    expected = naive_frames.blvnet(network.state_dict(), clip, config.depths, config.stem == "small")
    assert expected.shape == (2, 32 * config.width, frames // 2, left, left)
    torch.testing.assert_close(network.features(clip).unflatten(0, (2, -1)).transpose(1, 2), expected)
    torch.testing.assert_close(network.clip_scores(clip), network.fc(expected.mean(dim=(2, 3, 4))))


@torch.no_grad()
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_stage_is_the_naive_one(number):
    network = lived(BLVNet(STUDY, 5, 8).double(), tiny_clip().double())
    side, channels = 32 >> number, STUDY.width * (1, 4, 8)[number - 1]
    x = torch.randn(2, 8, channels, side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    depth, stride, name = STUDY.depths[number - 1], 1 if number == 3 else 2, f"layer{number}"
    expected = naive_frames.blvnet_stage(network.state_dict(), name, list(x.unbind(dim=1)), depth, stride)
    got = network.get_submodule(name)(x.flatten(0, 1)).unflatten(0, (2, 8))
    torch.testing.assert_close(got, torch.stack(expected, dim=1))


@torch.no_grad()
def test_features_in_single_precision():
    clip = tiny_clip()
    network = lived(BLVNet(STUDY, 5, 8), clip)
    expected = naive_frames.blvnet(network.state_dict(), clip, STUDY.depths, small=True)
    got = network.features(clip).unflatten(0, (2, -1)).transpose(1, 2)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
