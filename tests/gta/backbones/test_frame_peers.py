"""MSNet, TRN, ECO and bLVNet-TAM: as large as published, changed by the order of frames, exported, at full size."""

import dataclasses

import pytest
import torch
from torch import nn

from gta.config import (
    BackboneConfig,
    BLVNetConfig,
    BNInceptionConfig,
    ECOConfig,
    ModelConfig,
    MotionSqueezeConfig,
    RelationHeadConfig,
)
from gta.flops import cost
from gta.model import build_model

MSNET = ModelConfig(174, 8, BackboneConfig(shift_every=1), (MotionSqueezeConfig(),), (("res3", 3),))
TRN = ModelConfig(174, 8, BNInceptionConfig(), places=(), head=RelationHeadConfig())
ECO = ModelConfig(174, 16, ECOConfig(full=True), places=())
BLV50 = ModelConfig(174, 16, BLVNetConfig(), places=())
BLV101 = dataclasses.replace(BLV50, backbone=BLVNetConfig(depths=(4, 8, 18, 3)))

PINS = [  # name, model, crop, millions of parameters, GMACs, share that the MACs may differ by
    # all pairs of positions are multiplied in ours, near ones alone in the published count
    ("MSNet 8f", MSNET, 224, 23.935, 33.21, 0.01),
    ("MSNet 16f", dataclasses.replace(MSNET, frames=16), 224, 23.935, 66.44, 0.01),
    ("MSNet 16f at 256", dataclasses.replace(MSNET, frames=16), 256, 23.935, 86.79, 0.01),
    ("TRN BNInception", TRN, 224, 13.14, 16.33, 0.001),
    ("BNInception", dataclasses.replace(TRN, head=ModelConfig(2).head), 224, 10.449, 16.254, 0.001),
    ("ECO 16f", ECO, 224, 47.15, 64.41, 0.001),
    ("ECO 8f", dataclasses.replace(ECO, frames=8), 224, 47.15, 32.21, 0.001),
    ("bLVNet-TAM-50 8x2", BLV50, 224, 25.02, 23.85, 0.001),
    ("bLVNet-TAM-50 16x2", dataclasses.replace(BLV50, frames=32), 224, 25.02, 47.70, 0.001),
    ("bLVNet-TAM-50 24x2", dataclasses.replace(BLV50, classes=400, frames=48), 256, 25.48, 93.47, 0.001),
    ("bLVNet-TAM-101 8x2", BLV101, 224, 40.18, 32.15, 0.001),
    ("bLVNet-TAM-101 32x2", dataclasses.replace(BLV101, frames=64), 224, 40.18, 128.60, 0.001),
]

SMALL = BackboneConfig((1, 2, 1, 1), 8, "small", shift_every=1)
NARROW = {
    "msnet": ModelConfig(5, 8, SMALL, (MotionSqueezeConfig(reduction=4, patch=7),), (("res3", 1),), dropout=0.0),
    "trn": ModelConfig(
        5,
        8,
        BNInceptionConfig(width=16, stem="small"),
        places=(),
        dropout=0.0,
        head=RelationHeadConfig(width=8, bottleneck=8),
    ),
    "eco lite": ModelConfig(5, 8, ECOConfig(width=16, stem="small"), places=(), dropout=0.0),
    "eco": ModelConfig(5, 8, ECOConfig(full=True, width=16, stem="small"), places=(), dropout=0.0),
    "blvnet": ModelConfig(5, 8, BLVNetConfig(depths=(2, 3, 2, 1), width=8, stem="small"), places=(), dropout=0.0),
}


@pytest.mark.parametrize(
    ("model", "crop", "mparams", "gmacs", "share"), [p[1:] for p in PINS], ids=[p[0] for p in PINS]
)
def test_networks_are_as_large_as_published(model, crop, mparams, gmacs, share):
    found = cost(model, crop)
    assert found.params / 1e6 == pytest.approx(mparams, abs=0.006)
    assert found.macs / 1e9 == pytest.approx(gmacs, rel=share)


def test_the_four_networks_of_eco_en_lite_are_as_large_as_published():
    lite = ModelConfig(174, 16, ECOConfig(), places=())
    found = [cost(dataclasses.replace(lite, frames=frames), 224) for frames in (16, 20, 24, 32)]
    assert sum(one.macs for one in found) / 1e9 == pytest.approx(267.3, rel=0.001)
    assert sum(one.params for one in found) / 1e6 == pytest.approx(149.6, rel=0.001)


def awake(config):
    """A narrow network whose norms all let something through and have the statistics of one random clip."""
    torch.manual_seed(0)
    model = build_model(config).double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            module.momentum = 1.0
    model.train()(torch.randn(2, 3, 8, 32, 32, dtype=torch.float64))
    return model


@pytest.fixture
def clip():
    return torch.randn(2, 3, 8, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
@pytest.mark.parametrize("name", NARROW)
def test_reversed_frames_change_the_scores(name, clip):
    model = awake(NARROW[name]).eval()
    scores = model(clip)
    assert (model(clip.flip(2)) - scores).abs().max() > 1e-6 * scores.abs().max()


@torch.no_grad()
def test_pairs_in_another_order_are_the_same_where_aggregation_starts_as_the_identity(clip):
    backbone = dataclasses.replace(NARROW["blvnet"].backbone, start="identity")
    model = awake(dataclasses.replace(NARROW["blvnet"], backbone=backbone)).eval()
    pairs = clip.unflatten(2, (4, 2))
    torch.testing.assert_close(model(pairs.flip(2).flatten(2, 3)), model(clip))
    assert not torch.allclose(model(pairs.flip(3).flatten(2, 3)), model(clip))


@pytest.mark.parametrize("name", NARROW)
def test_every_parameter_gets_a_gradient(name, clip):
    model = awake(NARROW[name])
    (model(clip) * torch.randn(2, 5)).sum().backward()
    assert [at for at, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@torch.no_grad()
@pytest.mark.parametrize("name", NARROW)
def test_narrow_networks_are_exported(name, clip):
    model = awake(NARROW[name]).eval()
    program = torch.export.export(model, (clip,))
    torch.testing.assert_close(program.module()(clip), model(clip))
