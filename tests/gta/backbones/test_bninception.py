"""BNInception: its widths are the published ones, and its features those of a naive network."""

import pytest
import torch

from gta.backbones import BNInception
from gta.config import BNInceptionConfig
from gta.config.backbones.bninception import OUTPUTS
from tests.support import naive_frames
from tests.support.networks import lived, tiny_clip

STUDY = BNInceptionConfig(width=16, stem="small")
NETWORKS = [  # config, frames, side
    (STUDY, 4, 32),
    (BNInceptionConfig(width=8), 2, 64),
]


def test_widths_are_the_published_ones():
    with torch.device("meta"):
        network = BNInception(BNInceptionConfig(), 1000)
    kernels = {name: tuple(value.shape) for name, value in network.named_parameters() if value.dim() == 4}
    expected = {
        "conv1.0.0.weight": (64, 3, 7, 7),
        "conv2.0.0.weight": (64, 64, 1, 1),
        "conv2.1.0.weight": (192, 64, 3, 3),
    }
    channels, outputs = 192, []
    for at in naive_frames.MODULES.values():
        convs = {
            "one.0": (at.one, channels, 1, 1),
            "three.0.0": (at.three[0], channels, 1, 1),
            "three.1.0": (at.three[1], at.three[0], 3, 3),
            "twice.0.0": (at.twice[0], channels, 1, 1),
            "twice.1.0": (at.twice[1], at.twice[0], 3, 3),
            "twice_last.0": (at.twice[2], at.twice[1], 3, 3),
            "pool.1.0": (at.project, channels, 1, 1),
        }
        expected |= {f"{at.place}.{name}.weight": shape for name, shape in convs.items() if shape[0]}
        channels = at.one + at.three[1] + at.twice[2] + (at.project or channels)
        outputs.append(channels)
    assert kernels == expected
    assert all(f"{name.removesuffix('weight')}bias" in network.state_dict() for name in kernels)
    assert outputs == [256, 320, 576, 576, 576, 608, 608, 1056, 1024, 1024]
    assert outputs == [channels for stage in OUTPUTS.values() for channels in stage]


@torch.no_grad()
@pytest.mark.parametrize(("config", "frames", "side"), NETWORKS, ids=["study", "published"])
def test_features_are_those_of_the_naive_network(config, frames, side):
    clip = tiny_clip(frames=frames, side=side).double()
    network = lived(BNInception(config, 5, frames).double(), clip)
    expected = naive_frames.bninception(network.state_dict(), clip, config.stem == "small")
    assert expected.shape[1:] == (16 * config.width, frames, 2, 2)
    torch.testing.assert_close(network.features(clip).unflatten(0, (2, -1)).transpose(1, 2), expected)
    torch.testing.assert_close(network.clip_scores(clip), network.fc(expected.mean(dim=(2, 3, 4))))


@torch.no_grad()
def test_features_in_single_precision():
    clip = tiny_clip(frames=4)
    network = lived(BNInception(STUDY, 5, 4), clip)
    expected = naive_frames.bninception(network.state_dict(), clip, small=True)
    got = network.features(clip).unflatten(0, (2, -1)).transpose(1, 2)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
