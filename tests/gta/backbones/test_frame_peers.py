"""MSNet, TRN, ECO and bLVNet-TAM: as large as published, changed by the order of frames, exported, at full size."""

import dataclasses

import pytest
import torch
from torch import nn

from experiments.flops import size
from experiments.study.pins import FRAMES
from gta.config import (
    BackboneConfig,
    BLVNetConfig,
    BNInceptionConfig,
    ECOConfig,
    ModelConfig,
    MotionSqueezeConfig,
    RelationHeadConfig,
)
from gta.model import build_model

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


@pytest.mark.parametrize("pin", FRAMES, ids=lambda pin: pin.name)
def test_networks_are_as_large_as_published(pin):
    mparams, gmacs = size(pin.models, pin.crop)
    assert mparams == pytest.approx(pin.mparams, abs=0.006 * len(pin.models), rel=0)
    assert gmacs == pytest.approx(pin.gmacs, rel=pin.within)


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
