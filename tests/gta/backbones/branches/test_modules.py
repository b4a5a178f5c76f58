"""The modules inside residual branches against loops written from their equations."""

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d
from torchvision.models.resnet import Bottleneck

from gta.backbones import ResNet2D, branches
from gta.backbones.branches import install
from gta.backbones.branches.frame_difference import NextFrameDifference
from gta.backbones.branches.shift import shift
from gta.backbones.branches.tam import TemporalAggregation
from gta.backbones.branches.temporal_depthwise import TemporalDepthwise
from gta.config import (
    BackboneConfig,
    ModelConfig,
    Res2NetConfig,
    ShiftConfig,
    StmConfig,
    TamConfig,
    TeaConfig,
    TrainConfig,
    to_dict,
)
from gta.config.branches import Branch
from gta.config.identity import later
from gta.model import build_model
from gta.training.optimizer import parameter_groups
from tests.support.networks import tiny_clip, wake

T = 4
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def frames(channels, side=6, seed=0):
    """Pictures (2 * T, C, side, side) in channels-last memory."""
    x = torch.randn(2 * T, channels, side, side, generator=torch.Generator().manual_seed(seed))
    return x.to(memory_format=torch.channels_last)


def neighbour(x, offset):
    """Frame t + offset of each clip in place of frame t, zero beyond the ends."""
    out = torch.zeros_like(x)
    for n in range(len(x)):
        if 0 <= n % T + offset < T:
            out[n] = x[n + offset]
    return out


def taps(x, weight):
    """The three taps of every channel."""
    return sum(neighbour(x, offset) * weight[:, 0, 1 + offset].view(1, -1, 1, 1) for offset in (-1, 0, 1))


def block(config, index, planes=16, stride=1, channels=64):
    """A residual block with a module inside, in evaluation mode with random weights."""
    shortcut = None
    if stride != 1 or channels != 4 * planes:
        shortcut = nn.Sequential(nn.Conv2d(channels, 4 * planes, 1, stride, bias=False), nn.BatchNorm2d(4 * planes))
    return wake(install(Bottleneck(channels, planes, stride, shortcut), config, T, index)).eval()


# ---------------------------------------------------------------------------------------------- primitives
@pytest.mark.parametrize("channels", [8, 13])
def test_temporal_taps_equal_a_loop_over_frames(channels):
    conv, x = wake(TemporalDepthwise(channels, T)), frames(channels)
    torch.testing.assert_close(conv(x), taps(x, conv.weight), **CLOSE)


def test_starts_of_the_taps():
    x = frames(16)
    assert torch.equal(TemporalDepthwise(16, T, "identity")(x), x)
    stm = TemporalDepthwise(16, T, "shift")(x)
    assert torch.equal(stm, torch.cat([neighbour(x, -1)[:, :4], x[:, 4:12], neighbour(x, 1)[:, 12:]], dim=1))
    torch.manual_seed(0)
    assert float(TemporalDepthwise(4096, T, "kaiming").weight.std()) == pytest.approx((2 / 4096) ** 0.5, rel=0.05)


def test_fixed_taps_are_the_shift_of_tsm():
    conv, x = TemporalDepthwise(24, T), frames(24)
    conv.read([1] * 3 + [-1] * 3 + [0] * 18)
    assert torch.equal(conv(x), shift(x, T))


def test_the_difference_to_the_next_frame_equals_a_loop():
    layer, x = wake(NextFrameDifference(16, 4, T)).eval(), frames(16)
    r = layer.bn1(layer.conv1(x))
    expected = torch.zeros_like(r)
    for n in range(len(x)):
        if n % T < T - 1:
            expected[n] = conv2d(r[n + 1 : n + 2], layer.conv2.weight, padding=1, groups=4)[0] - r[n]
    torch.testing.assert_close(layer.difference(x), expected, **CLOSE)
    assert NextFrameDifference(16, 4, 1).difference(x).abs().sum() == 0  # a clip of one frame does not move


# ---------------------------------------------------------------------------------------------- blocks
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [6, 7])
def test_stm_adds_motion_to_the_channel_wise_convolution(stride, side):
    b, x = block(StmConfig(reduction=8), 0, stride=stride), frames(64, side)
    u = b.relu(b.bn1(b.conv1(x)))
    spatial = b.relu(b.bn2(b.conv2(taps(u, b.shift.weight))))
    motion = b.mb.conv3(b.mb.difference(u))
    if stride == 2:
        motion = max_pool2d(motion, 2, ceil_mode=True)
    shortcut = x if b.downsample is None else b.downsample(x)
    torch.testing.assert_close(b(x), torch.relu(b.bn3(b.conv3(spatial + motion)) + shortcut), **CLOSE)


def test_stm_starts_as_a_shift_of_a_quarter_of_the_planes_each_way():
    b = install(Bottleneck(64, 16), StmConfig(reduction=8), T, 3)
    assert torch.equal(b.shift(frames(16))[:, :4], neighbour(frames(16), -1)[:, :4])
    assert torch.equal(b.shift(frames(16))[:, 12:], neighbour(frames(16), 1)[:, 12:])


@pytest.mark.parametrize(("index", "stride"), [(0, 1), (0, 2), (1, 1)])
@pytest.mark.parametrize("kind", [TeaConfig, Res2NetConfig])
def test_tea_and_res2net_are_cascades_of_splits(kind, index, stride):
    config = TeaConfig(base_width=24, reduction=8) if kind is TeaConfig else Res2NetConfig(base_width=24)
    b, x = block(config, index, stride=stride), frames(64)
    u = b.relu(b.bn1(b.conv1(x)))
    if kind is TeaConfig:
        mean = b.me.difference(u).mean(dim=(2, 3), keepdim=True)
        u = u * (0.5 + torch.sigmoid(b.me.bn3(b.me.conv3(mean))))
    outs = []
    for number in range(4):
        split = u[:, 6 * number : 6 * number + 6]
        if 0 < number < 3 and index > 0:
            split = split + outs[-1]
        if kind is TeaConfig:
            split = taps(split, b.shifts[number].conv.weight)
        if number < 3:
            split = torch.relu(b.bns[number](b.convs[number](split)))
        elif index == 0:
            split = avg_pool2d(split, 3, stride, padding=1)
        outs.append(split)
    shortcut = x if b.downsample is None else b.downsample(x)
    torch.testing.assert_close(b(x), torch.relu(b.bn3(b.conv3(torch.cat(outs, dim=1))) + shortcut), **CLOSE)


def test_tea_starts_with_still_splits_but_for_the_last_which_is_a_shift():
    b, x = install(Bottleneck(64, 16), TeaConfig(base_width=24, reduction=8), T, 0), frames(6)
    assert all(torch.equal(b.shifts[number](x), x) for number in range(3))
    assert torch.equal(b.shifts[3](x), torch.cat([neighbour(x, 1)[:, :3], neighbour(x, -1)[:, 3:]], dim=1))


@pytest.mark.parametrize(("stride", "channels"), [(1, 64), (2, 64), (1, 32)])
def test_tam_mixes_what_the_branch_and_a_projection_read(stride, channels):
    b, x = block(TamConfig(), 0, stride=stride, channels=channels), frames(channels)
    mixed = torch.relu(taps(x, b.tam.weight))
    inner = b.bn3(b.conv3(b.relu(b.bn2(b.conv2(b.relu(b.bn1(b.conv1(mixed))))))))
    shortcut = x if b.downsample is None else b.downsample(mixed)
    torch.testing.assert_close(b(x), torch.relu(inner + shortcut), **CLOSE)


def test_tam_as_the_identity_changes_nothing_after_a_relu():
    x = frames(8).relu()
    assert torch.equal(TemporalAggregation(8, T, "identity")(x), x)


# ---------------------------------------------------------------------------------------------- configs
def test_the_shift_branch_is_the_recorded_field():
    assert BackboneConfig(branch=ShiftConfig(every=2)) == BackboneConfig(shift_every=2)
    assert to_dict(BackboneConfig(branch=ShiftConfig())) == to_dict(BackboneConfig(shift_every=1))
    assert BackboneConfig(shift_every=2).inside == ShiftConfig(every=2)


def test_networks_start_from_those_of_pictures():
    tea = BackboneConfig(branch=TeaConfig(base_width=14, scale=3))
    assert tea.still == BackboneConfig(branch=Res2NetConfig(base_width=14, scale=3))
    assert BackboneConfig(branch=StmConfig()).still == BackboneConfig(shift_every=1).still == BackboneConfig()
    assert [str(BackboneConfig(branch=kind())) for kind in (StmConfig, TeaConfig, TamConfig)] == ["STM", "TEA", "TAM"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BackboneConfig(width=8, branch=StmConfig()), "StmConfig.reduction is 16; it must leave one of the 8"),
        (lambda: BackboneConfig(width=4, branch=TeaConfig()), "TeaConfig.base_width is 26; of 4 planes it leaves 1"),
        (lambda: BackboneConfig(width=8, branch=TeaConfig()), "TeaConfig.reduction is 16; it must leave one of the 12"),
        (lambda: BackboneConfig(shift_every=1, branch=StmConfig()), "branch is STM, but shift_every is 1"),
        (lambda: BackboneConfig(shift_every=1, branch=ShiftConfig(every=2)), "shift_every is 1, branch shifts every 2"),
        (lambda: StmConfig(reduction=0), "StmConfig.reduction is 0"),
        (lambda: Res2NetConfig(scale=1), "Res2NetConfig.scale is 1"),
        (lambda: TamConfig(start="zero"), "TamConfig.start is 'zero'"),
    ],
)
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------------------------------------- a module of one's own
@dataclasses.dataclass(frozen=True)
class FadeConfig(Branch):
    """A toy: what the branch reads fades from the first frame to the last."""

    kind: str = "fade"
    rate: float = later(0.5)


class Fade(nn.Conv2d):
    """The first convolution, of faded frames."""

    def __init__(self, residual, config, frames, index):
        conv = residual.conv1
        super().__init__(conv.in_channels, conv.out_channels, 1, bias=False)
        self.rate, self.frames = config.rate, frames

    def forward(self, input):
        shares = self.rate ** torch.arange(self.frames).repeat(len(input) // self.frames)
        return super().forward(input * shares.view(-1, 1, 1, 1))


def fade(residual, config, frames, index):
    """Return the residual block with its first convolution replaced."""
    residual.conv1 = Fade(residual, config, frames, index)
    return residual


def test_a_module_costs_its_author_a_file_a_config_and_a_line(monkeypatch):
    monkeypatch.setitem(branches._BRANCHES, FadeConfig, fade)
    backbone = BackboneConfig((1, 1, 1, 1), 8, "small", branch=FadeConfig())
    model = wake(build_model(ModelConfig(5, 8, backbone, places=()))).eval()
    clip = tiny_clip()
    assert not torch.allclose(model(clip), model(clip.flip(2)), rtol=1e-3)
    model(clip).sum().backward()
    grouped = [id(p) for group in parameter_groups(model, TrainConfig()) for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())
    assert model.state_dict().keys() == {
        f"backbone.{name}" for name in ResNet2D(backbone.still, 5).state_dict()
    }  # torchvision's weights still load by name
