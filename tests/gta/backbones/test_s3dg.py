"""S3D-G: torchvision's features by torchvision's weights, gates, and clips as short and small as ours."""

import dataclasses

import pytest
import torch
from torch import nn
from torchvision.models.video import s3d

from gta.backbones.layers import to_pictures
from gta.backbones.s3dg import S3DG, Gate
from gta.config import S3DGConfig
from gta.weights.fit import fitted
from gta.weights.names import renamed

NARROW = S3DGConfig(width=16, stem="small", strides_t=(1, 2, 2))


def clips(frames=8, side=32, batch=2):
    return torch.randn(batch, 3, frames, side, side, generator=torch.Generator().manual_seed(0))


def awake(network):
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.running_mean.uniform_(-0.1, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return network.eval()


def build(config=NARROW, frames=8, classes=5):
    torch.manual_seed(0)
    return awake(S3DG(config, classes, frames))


@torch.no_grad()
def test_torchvisions_weights_give_torchvisions_features_and_classes():
    torch.manual_seed(0)
    theirs = awake(s3d(num_classes=5))
    ours = S3DG(S3DGConfig(gates="none"), 5, 16).eval()
    ours.load_state_dict(fitted(ours, renamed(theirs.state_dict(), "torchvision")))
    clip = clips(16, 48, batch=1)
    expected = theirs.features(clip)
    got = ours.features(clip).unflatten(0, (1, -1)).transpose(1, 2)
    assert ours.last_frames == 2
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
    pooled = expected.mean(dim=(2, 3, 4), keepdim=True)
    scores = theirs.classifier(pooled).flatten(1)
    torch.testing.assert_close(ours(clip), scores, rtol=1e-3, atol=1e-3 * float(scores.abs().max()))


def test_a_gate_weighs_channels_by_the_mean_of_the_clip():
    gate = Gate(6, frames=4)
    x = torch.randn(2, 6, 4, 3, 5)
    expected = torch.empty_like(x)
    for clip in range(2):
        mean = x[clip].mean(dim=(1, 2, 3))
        for channel in range(6):
            weight = torch.sigmoid(gate.fc.weight[channel] @ mean + gate.fc.bias[channel])
            expected[clip, channel] = weight * x[clip, channel]
    torch.testing.assert_close(gate(to_pictures(x)).unflatten(0, (2, 4)).transpose(1, 2), expected)


@pytest.mark.parametrize(("gates", "count"), [("none", 0), ("temporal", 2 + 2 * 9), ("branches", 1 + 4 * 9)])
def test_where_gates_stand(gates, count):
    network = build(dataclasses.replace(NARROW, gates=gates))
    assert sum(isinstance(module, Gate) for module in network.modules()) == count


@torch.no_grad()
@pytest.mark.parametrize("gates", ["none", "temporal", "branches"])
def test_the_order_of_frames_changes_the_scores(gates):
    network = build(dataclasses.replace(NARROW, gates=gates))
    scores = network(clips())
    assert (scores - network(clips().flip(2))).abs().max() > 1e-3 * scores.abs().max()


def test_every_layer_gets_a_gradient():
    network = build().train()
    network(clips()).logsumexp(dim=1).sum().backward()
    assert [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()] == []


@torch.no_grad()
@pytest.mark.parametrize("strides_t", [(1, 2, 2), (1, 1, 2), (2, 2, 2)])
def test_channels_and_frames_of_every_place_are_those_of_the_config(strides_t):
    config = dataclasses.replace(NARROW, strides_t=strides_t)
    network, seen = build(config), {}
    places = [(stage, index) for stage, count in config.stages.items() for index in range(count)]
    for stage, index in places:
        network.get_submodule(network.stage_modules[stage][index]).register_forward_hook(
            lambda *args, place=(stage, index): seen.__setitem__(place, args[2].shape)
        )
    network(clips())
    assert {place: (shape[1], shape[0] // 2) for place, shape in seen.items()} == {
        place: (config.channels(place), config.frames(place, 8)) for place in places
    }
    assert [int(seen[stage, 0][-1]) for stage in config.stages] == [8, 4, 2]  # as res3, res4, res5 of the 2D network


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match=r"S3DGConfig.width is 6; it must be a multiple of 4, for"):
        S3DGConfig(width=6)
    with pytest.raises(ValueError, match=r"S3DGConfig.strides_t is \(1, 2\)"):
        S3DGConfig(strides_t=(1, 2))
    with pytest.raises(ValueError, match="frames is 8, but the clip"):
        build()(clips(4))
