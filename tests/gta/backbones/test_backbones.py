"""TSM and SlowFast on random weights: what is shifted and fused, and convolutions against three-dimensional ones."""

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn.functional import conv3d

from gta.backbones import ResNet2D, SlowFast
from gta.backbones.branches.shift import ShiftedConv2d, shift
from gta.backbones.layers import (
    ClipConv2d,
    TemporalConv2d,
    WindowAveragePool,
    over_positions,
    to_pictures,
)
from gta.config import BackboneConfig, ModelConfig, SlowFastConfig
from gta.model import build_model

SMALL = BackboneConfig((1, 3, 5, 1), 8, "small")
SLOWFAST = SlowFastConfig(depths=(1, 2, 2, 1), width=16, stem="small", alpha=4, beta_inverse=4, fusion_kernel=5)


def clip(frames, batch=2, side=32):
    return torch.randn(batch, 3, frames, side, side, generator=torch.Generator().manual_seed(0))


# ---------------------------------------------------------------------------------------------- TSM
def test_the_shift_moves_an_eighth_of_the_channels_each_way():
    frames, channels = 4, 24
    x = torch.randn(2 * frames, channels, 3, 5)
    before, after = (y.view(2, frames, channels, 3, 5) for y in (x, shift(x, frames)))
    fold = channels // 8
    for t in range(frames):
        following = before[:, t + 1, :fold] if t + 1 < frames else torch.zeros(2, fold, 3, 5)
        previous = before[:, t - 1, fold : 2 * fold] if t > 0 else torch.zeros(2, fold, 3, 5)
        assert torch.equal(after[:, t, :fold], following)
        assert torch.equal(after[:, t, fold : 2 * fold], previous)
        assert torch.equal(after[:, t, 2 * fold :], before[:, t, 2 * fold :])


def test_the_shift_refuses_pictures_that_are_no_whole_clips():
    with pytest.raises(ValueError, match="frames is 4, which does not divide the 6 pictures"):
        shift(torch.zeros(6, 8, 2, 2), 4)


@pytest.mark.parametrize(("every", "expected"), [(0, []), (1, [0, 1, 2, 3, 4]), (2, [0, 2, 4])])
def test_residual_blocks_that_are_shifted(every, expected):
    network = ResNet2D(dataclasses.replace(SMALL, shift_every=every), 5, frames=8)
    shifted = [i for i, residual in enumerate(network.layer3) if isinstance(residual.conv1, ShiftedConv2d)]
    assert shifted == expected


def test_tsm_shifts_the_residual_branch_alone_and_keeps_the_weight_names():
    plain, tsm = ResNet2D(SMALL, 5), ResNet2D(dataclasses.replace(SMALL, shift_every=1), 5, frames=8)
    tsm.load_state_dict(plain.state_dict())
    x = torch.randn(8, 64, 8, 8)
    residual, shifted = plain.layer2[1].eval(), tsm.layer2[1].eval()
    torch.nn.init.normal_(residual.bn3.weight)
    shifted.bn3.weight = residual.bn3.weight

    with torch.no_grad():
        inner = residual.bn3(
            residual.conv3(
                residual.relu(residual.bn2(residual.conv2(residual.relu(residual.bn1(residual.conv1(shift(x, 8)))))))
            )
        )
        torch.testing.assert_close(shifted(x), torch.relu(inner + x))


def test_tsm_knows_the_order_of_frames_and_r2d_does_not():
    for every, knows in ((0, False), (1, True)):
        torch.manual_seed(0)
        model = build_model(ModelConfig(5, backbone=dataclasses.replace(SMALL, shift_every=every), places=()))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                torch.nn.init.normal_(module.weight)
        model.eval().double()
        x = clip(8).double()
        assert torch.allclose(model(x), model(x.flip(2)), atol=1e-9) != knows


# ----------------------------------------------------------------------------------------- SlowFast
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 4), (7, 2)])
def test_a_convolution_over_time_is_the_three_dimensional_one(kernel, stride):
    conv = TemporalConv2d(6, 10, kernel, frames=8, stride=stride)
    x = torch.randn(2, 6, 8, 3, 5)
    expected = conv3d(x, conv.weight[..., None], stride=(stride, 1, 1), padding=(kernel // 2, 0, 0))
    got = conv(to_pictures(x)).view(2, 8 // stride, 10, 3, 5).transpose(1, 2)
    torch.testing.assert_close(got, expected)


def test_the_fast_stem_is_the_three_dimensional_convolution():
    conv = ClipConv2d(3, 4, extent=5, side=7, frames=8)
    x = torch.randn(2, 3, 8, 16, 16)
    kernel = conv.weight.view(4, 5, 3, 7, 7).transpose(1, 2)
    expected = conv3d(x, kernel, stride=(1, 2, 2), padding=(2, 3, 3))
    torch.testing.assert_close(conv(to_pictures(x)).view(2, 8, 4, 8, 8).transpose(1, 2), expected)


def awake_slowfast(config=SLOWFAST, frames=8):
    torch.manual_seed(0)
    network = SlowFast(config, 5, frames)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


def test_without_fusion_the_output_is_the_sum_of_the_pathways():
    network = awake_slowfast()
    for fusion in network.fusions.values():
        torch.nn.init.zeros_(fusion[0].weight)
        torch.nn.init.zeros_(fusion[1].bias)
    x = clip(8)
    slow = network.slow.stem(to_pictures(x[:, :, [0, 7]]))
    fast = network.fast.stem(to_pictures(x))
    for stage, width in enumerate((8, 32, 64, 128), start=1):
        padded = torch.cat([slow, torch.zeros(len(slow), width, *slow.shape[2:])], dim=1)
        slow = network.slow.get_submodule(f"layer{stage}")(padded)
        fast = network.fast.get_submodule(f"layer{stage}")(fast)
    parts = [part.mean(dim=(2, 3)).view(2, -1, part.shape[1]).mean(dim=1) for part in (slow, fast)]
    weights = network.fc.weight.split([parts[0].shape[1], parts[1].shape[1]], dim=1)
    expected = parts[0] @ weights[0].T + parts[1] @ weights[1].T + network.fc.bias
    torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-5)


def test_a_fusion_brings_the_fast_pathway_into_the_slow_one():
    network = awake_slowfast()
    seen = []
    network.slow.layer4.register_forward_hook(lambda *args: seen.append(args[2]))
    x = clip(8)
    other = x.clone()
    other[:, :, 1] += 1.0  # a frame that the slow pathway does not see
    network(x), network(other)
    assert not torch.allclose(seen[0], seen[1])


@pytest.mark.parametrize(("alpha", "beta_inverse"), [(2, 4), (4, 2), (8, 8)])
def test_alpha_and_beta_are_as_configured(alpha, beta_inverse):
    config = dataclasses.replace(SLOWFAST, alpha=alpha, beta_inverse=beta_inverse)
    network = awake_slowfast(config, frames=16)
    shapes = {}
    for name in ("slow", "fast"):
        pathway = network.get_submodule(name)
        pathway.layer1.register_forward_hook(lambda *args, name=name: shapes.__setitem__(name, args[2].shape))
    network(clip(16, batch=1))
    assert shapes["slow"][0] * alpha == shapes["fast"][0] == 16
    assert shapes["slow"][1] == shapes["fast"][1] * beta_inverse == 64


def test_slowfast_refuses_other_frames():
    with pytest.raises(ValueError, match="frames is 8, but the clip"):
        awake_slowfast()(clip(4))
    with pytest.raises(ValueError, match=r"ModelConfig.frames is 6; SlowFastConfig needs a multiple of 4: 4, 8"):
        ModelConfig(5, frames=6, backbone=SLOWFAST, places=())


# --------------------------------------------------------------------------------------- positions
def test_a_window_smaller_than_the_map_gives_scores_at_several_positions():
    x = torch.randn(2, 3, 4, 5)
    pooled = WindowAveragePool(3)(x)
    assert pooled.shape == (2, 3, 2, 3)
    torch.testing.assert_close(pooled[0, 1, 1, 2], x[0, 1, 1:4, 2:5].mean())
    assert WindowAveragePool(7)(x).shape == WindowAveragePool()(x).shape == (2, 3, 1, 1)


def test_scores_of_positions_are_averaged_as_probabilities():
    scores = torch.randn(2, 4, 5)
    expected = sum(scores[:, p].softmax(-1) for p in range(4)) / 4
    torch.testing.assert_close(over_positions(scores).exp(), expected)
    assert torch.equal(over_positions(scores[:, 0]), scores[:, 0])


@pytest.mark.parametrize("backbone", [SMALL, SLOWFAST])
def test_a_larger_test_crop_is_scored_fully_convolutionally(backbone):
    torch.manual_seed(0)
    config = ModelConfig(5, frames=8, backbone=backbone, places=(), pool=2, dropout=0.0)
    model = build_model(config).eval()
    whole = build_model(dataclasses.replace(config, pool=None)).eval()
    whole.load_state_dict(model.state_dict())
    torch.testing.assert_close(model(clip(8)), whole(clip(8)))  # 32 pixels: the window is the map
    probabilities = model(clip(8, side=48)).exp().sum(dim=1)
    torch.testing.assert_close(probabilities, torch.ones(2))
