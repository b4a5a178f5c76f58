"""Kernels inflated and reshaped: what a network of clips gives with the weights of pictures, and by foreign names."""

import pytest
import torch
from torch import nn

from gta.backbones import build_backbone
from gta.config import CorrNetConfig, I3DConfig, S3DGConfig
from gta.weights.fit import fitted
from gta.weights.load import load
from gta.weights.names import renamed

DEPTHS = (1, 3, 5, 2)
NARROW = {
    "I3D": I3DConfig(depths=DEPTHS, width=8, stem="small"),
    "I3D 3x3x3": I3DConfig(depths=DEPTHS, width=8, stem="small", inflate="3x3x3"),
    "CorrNet": CorrNetConfig(depths=DEPTHS, width=8, stem="small"),
    "S3D-G": S3DGConfig(width=8, stem="small"),
}
FRAMES = 64


def awake(config, frames):
    torch.manual_seed(0)
    network = build_backbone(config, 5, frames)
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.running_mean.uniform_(-0.1, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return network.eval()


def equal_frames(count):
    return torch.randn(2, 3, 1, 32, 32, generator=torch.Generator().manual_seed(0)).expand(-1, -1, count, -1, -1)


@torch.no_grad()
@pytest.mark.parametrize("config", NARROW.values(), ids=NARROW)
def test_inflated_kernels_give_the_scores_of_the_picture_on_a_clip_of_equal_frames(config):
    still, network = awake(config.still, 1), build_backbone(config, 5, FRAMES).eval()
    assert config.still.frame_step == 1
    assert not config.still.knows_order
    network.load_state_dict(fitted(network, still.state_dict()))
    expected = still.clip_scores(equal_frames(1))
    torch.testing.assert_close(network.clip_scores(equal_frames(FRAMES)), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("name", ["I3D", "I3D 3x3x3"])
def test_kernels_spread_over_frames_do_so_far_from_the_ends(name):
    still, network = awake(NARROW[name].still, 1), build_backbone(NARROW[name], 5, FRAMES).eval()
    network.load_state_dict(fitted(network, still.state_dict(), "mean"))
    features = network.features(equal_frames(FRAMES)).unflatten(0, (2, -1))
    expected = still.features(equal_frames(1))
    torch.testing.assert_close(features[:, 16], expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(features[:, 0], expected, atol=1e-2)


@pytest.mark.parametrize("depth", [50, 101])
def test_torchvisions_resnets_load_by_name(depth, tmp_path):
    from torchvision import models

    with torch.device("meta"):
        weights = getattr(models, f"resnet{depth}")().state_dict()
        network = build_backbone(I3DConfig(depths=(3, 4, 6 if depth == 50 else 23, 3)), 1000, 8)
    got = {name: value.shape for name, value in fitted(network, weights).items()}
    assert got == {name: value.shape for name, value in network.state_dict().items()}


def theirs(network):
    """The weights of an I3D as mmaction2 names and shapes them, within its recogniser."""
    found = {}
    for name, value in network.state_dict().items():
        parts = name.split(".")
        if parts[0] == "fc":
            found[f"cls_head.fc_cls.{parts[1]}"] = value
            continue
        kind, leaf = parts[-2], parts[-1]
        if "downsample" in parts:
            parts[-2:] = ["conv" if kind == "0" else "bn", leaf]
        else:
            parts[-2:] = [f"conv{kind[-1]}", "conv" if kind.startswith("conv") else "bn", leaf]
        if value.dim() == 4:
            module = network.get_submodule(name.rpartition(".")[0])
            if hasattr(module, "extent"):
                value = value.unflatten(1, (module.extent, -1)).transpose(1, 2)
            elif value.shape[2:] == (3, 1):
                value = value[..., None]
            else:
                value = value[:, :, None]
        found["backbone." + ".".join(parts)] = value.contiguous()
    found["backbone.layer2.1.non_local_block.g.conv.weight"] = torch.zeros(2, 2, 1, 1, 1)
    return found


def test_mmaction2s_weights_load_by_name(tmp_path):
    source, network = awake(NARROW["I3D"], 8), build_backbone(NARROW["I3D"], 5, 8)
    path = tmp_path / "i3d.pth"
    torch.save({"state_dict": theirs(source)}, path)
    load(network, path, "mmaction2")
    own, given = network.state_dict(), source.state_dict()
    assert all(torch.equal(own[name], given[name]) for name in own if not name.startswith("fc."))


def test_torchvisions_s3d_loads_by_name(tmp_path):
    from torchvision.models.video import s3d

    torch.manual_seed(0)
    source, network = s3d(num_classes=7), build_backbone(S3DGConfig(gates="none"), 5, 8)
    path = tmp_path / "s3d.pth"
    torch.save(source.state_dict(), path)
    load(network, path, "torchvision")
    given = source.state_dict()["features.5.branch1.1.1.0.weight"]
    assert torch.equal(network.state_dict()["body.5.branch1.1.1.0.weight"], given.squeeze(4))


def test_a_name_that_no_rule_knows_is_kept():
    value = torch.zeros(1)
    assert renamed({"layer9.bias": value, "neck.conv1.conv.bias": value}, "mmaction2").keys() == {
        "layer9.bias",
        "neck.conv1.bias",
    }


@torch.no_grad()
@pytest.mark.filterwarnings("ignore:The default weight initialization of GoogleNet")
def test_googlenet_starts_s3d_as_itself_on_every_frame(tmp_path):
    """Apart from its pooling, which rounds a map up where S3D pads it: the branches of one module are compared."""
    from torchvision.models import googlenet

    torch.manual_seed(0)
    theirs = googlenet(weights=None, num_classes=9, aux_logits=True, init_weights=False, transform_input=True).eval()
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
    network = build_backbone(S3DGConfig(gates="none", strides_t=(1, 1, 1)), 5, 4).eval()
    path = tmp_path / "googlenet.pth"
    torch.save(theirs.state_dict(), path)
    load(network, path, "torchvision")
    picture = torch.randn(1, 3, 64, 64)
    expected = theirs.conv1(theirs._transform_input(picture))
    got = network.body[0](picture.repeat(4, 1, 1, 1))
    inside = (slice(None), slice(None), slice(2, -2), slice(2, -2))  # a picture's border is padded with zeros
    torch.testing.assert_close(got[inside][:1], expected[inside], rtol=1e-3, atol=1e-3)
    x = torch.rand(1, 480, 7, 7)
    torch.testing.assert_close(network.body[8](x.repeat(4, 1, 1, 1))[2:3], theirs.inception4a(x), rtol=1e-3, atol=1e-3)


def test_gates_keep_their_initial_values_beside_googlenet(tmp_path):
    from torchvision.models import googlenet

    theirs = googlenet(weights=None, num_classes=9, init_weights=False)
    network = build_backbone(S3DGConfig(), 5, 8)
    before = {name: value.clone() for name, value in network.state_dict().items() if ".fc." in name}
    path = tmp_path / "googlenet.pth"
    torch.save(theirs.state_dict(), path)
    load(network, path, "torchvision")
    assert len(before) == 2 * 37
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
