"""ECO, Lite and Full: the 3D network is as wide as published, and the scores are those of a naive network."""

import dataclasses

import pytest
import torch

from gta.backbones import ECO
from gta.config import ECOConfig
from tests.support import naive_frames
from tests.support.networks import lived, tiny_clip

LITE = ECOConfig(width=16, stem="small")
FULL = dataclasses.replace(LITE, full=True)
NETWORKS = {  # config, frames, side
    "lite": (LITE, 8, 32),
    "full": (FULL, 8, 32),
    "lite-4-frames": (LITE, 4, 32),
    "lite-published": (ECOConfig(width=8), 8, 64),
    "full-published": (ECOConfig(full=True, width=8), 4, 64),
}
SIDE3 = (3, 3, 3)


def build(config, clip):
    return lived(ECO(config, 5, clip.shape[2]).to(clip.dtype), clip)


@pytest.mark.parametrize("full", [False, True])
def test_widths_are_the_published_ones(full):
    with torch.device("meta"):
        network = ECO(ECOConfig(full=full), 174, 16)
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert {name: shape for name, shape in shapes.items() if len(shape) == 5} == {
        "conv3.weight": (128, 96, *SIDE3),
        "res3.0.conv1.weight": (128, 128, *SIDE3),
        "res3.0.conv2.weight": (128, 128, *SIDE3),
        "res4.0.down.weight": (256, 128, *SIDE3),
        "res4.0.conv1.weight": (256, 128, *SIDE3),
        "res4.0.conv2.weight": (256, 256, *SIDE3),
        "res4.1.conv1.weight": (256, 256, *SIDE3),
        "res4.1.conv2.weight": (256, 256, *SIDE3),
        "res5.0.down.weight": (512, 256, *SIDE3),
        "res5.0.conv1.weight": (512, 256, *SIDE3),
        "res5.0.conv2.weight": (512, 512, *SIDE3),
        "res5.1.conv1.weight": (512, 512, *SIDE3),
        "res5.1.conv2.weight": (512, 512, *SIDE3),
    }
    double = "mixed3.2.twice" if full else "stacked"
    assert shapes[f"{double}.0.0.weight"] == (64, 320, 1, 1)
    assert shapes[f"{double}.1.0.weight"] == (96, 64, 3, 3)
    assert shapes["fc.weight"] == (174, 1024 + 512 if full else 512)


@torch.no_grad()
@pytest.mark.parametrize(("config", "frames", "side"), NETWORKS.values(), ids=NETWORKS)
def test_scores_are_those_of_the_naive_network(config, frames, side):
    clip = tiny_clip(frames=frames, side=side).double()
    network = build(config, clip)
    expected = naive_frames.eco(network.state_dict(), clip, config.stem == "small", config.full)
    torch.testing.assert_close(network.clip_scores(clip), expected)


@torch.no_grad()
@pytest.mark.parametrize("frames", [4, 8, 16])
def test_features_in_three_dimensions_are_those_of_the_naive_network(frames):
    network = build(LITE, tiny_clip(frames=frames).double())
    maps = torch.randn(2, 24, frames, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).relu()
    got = network.features_3d(maps.transpose(1, 2).flatten(0, 1)).unflatten(0, (2, -1)).transpose(1, 2)
    expected = naive_frames.eco_top(network.state_dict(), maps)
    assert expected.shape == (2, 128, frames // 4, 2, 2)
    torch.testing.assert_close(got, expected)


@torch.no_grad()
@pytest.mark.parametrize("config", [LITE, FULL], ids=str)
def test_scores_in_single_precision(config):
    clip = tiny_clip()
    network = build(config, clip)
    expected = naive_frames.eco(network.state_dict(), clip, small=True, full=config.full)
    torch.testing.assert_close(network.clip_scores(clip), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
