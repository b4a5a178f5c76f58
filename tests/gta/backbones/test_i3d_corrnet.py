"""I3D and CorrNet: what their pictures give is what three-dimensional networks give."""

import dataclasses

import pytest
import torch
from torch import nn

from gta.backbones.corrnet import CorrNet
from gta.backbones.i3d import I3D, inflates
from gta.config import CorrNetConfig, I3DConfig
from tests.support import naive3d

DEPTHS = (1, 3, 5, 2)
I3D_CONFIG = I3DConfig(depths=DEPTHS, width=8, stem="small")
CORRNET = CorrNetConfig(depths=DEPTHS, width=8, stem="small")


def awake(network):
    """The network with norms that let something through and have statistics of their own."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.running_mean.uniform_(-0.2, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return network.eval()


def build(config, frames=8):
    torch.manual_seed(0)
    return awake((I3D if config.kind == "i3d" else CorrNet)(config, 5, frames))


def clips(frames=8, side=32):
    return torch.randn(2, 3, frames, side, side, generator=torch.Generator().manual_seed(0))


VARIANTS = [
    I3D_CONFIG,
    dataclasses.replace(I3D_CONFIG, res5_stride=1, stem_frames=1, stem="imagenet"),
    dataclasses.replace(I3D_CONFIG, inflate="3x3x3", pool_t=1),
    CORRNET,
    dataclasses.replace(CORRNET, stem="imagenet", strides_t=(1, 2, 1, 2)),
]


@torch.no_grad()
@pytest.mark.parametrize("config", VARIANTS, ids=lambda config: f"{config.kind}-{config.stem}")
def test_features_are_those_of_the_three_dimensional_network(config):
    network, clip = build(config).double(), clips().double()
    expected = naive3d.features(network, config, clip)
    got = network.features(clip).unflatten(0, (2, -1)).transpose(1, 2)
    assert got.shape[2] == network.last_frames == config.frames(config.last, 8)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(network(clip), network.fc(expected.mean(dim=(2, 3, 4))))


@torch.no_grad()
@pytest.mark.parametrize("config", VARIANTS, ids=lambda config: f"{config.kind}-{config.stem}")
def test_the_order_of_frames_changes_the_scores(config):
    network = build(config)
    assert not torch.allclose(network(clips()), network(clips().flip(2)), atol=1e-4)


@pytest.mark.parametrize("config", VARIANTS, ids=lambda config: f"{config.kind}-{config.stem}")
def test_every_layer_gets_a_gradient(config):
    network = build(config).train()
    network(clips()).logsumexp(dim=1).sum().backward()
    assert [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()] == []


@pytest.mark.parametrize("config", [I3D_CONFIG, CORRNET])
def test_other_frames_are_refused(config):
    with pytest.raises(ValueError, match="frames is 8, but the clip"):
        build(config)(clips(4))


def test_which_residual_blocks_are_inflated():
    stages = {"res2": 3, "res3": 4, "res4": 6, "res5": 3}
    found = {stage: [int(inflates(stage, index)) for index in range(depth)] for stage, depth in stages.items()}
    assert found == {"res2": [1, 1, 1], "res3": [1, 0, 1, 0], "res4": [1, 0, 1, 0, 1, 0], "res5": [0, 1, 0]}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: I3DConfig(stem_frames=4), "I3DConfig.stem_frames is 4; it must be odd"),
        (lambda: I3DConfig(res5_stride=3), "I3DConfig.res5_stride is 3; it must be 1 or 2"),
        (lambda: I3DConfig(depths=(1, 1, 1)), "I3DConfig.depths"),
        (lambda: CorrNetConfig(strides_t=(1, 1, 2)), "CorrNetConfig.strides_t is"),
    ],
)
def test_configs_refuse_what_cannot_be_built(make, message):
    with pytest.raises(ValueError, match=message):
        make()
