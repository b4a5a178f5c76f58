"""A trained network leaves Python: ``torch.export`` and ``torch.compile`` give the outputs of the eager network."""

import shutil

import pytest
import torch

from gta import GTAConfig, ModelConfig, SAConfig, build_model
from gta.config import (
    BackboneConfig,
    CorrelationConfig,
    CorrNetConfig,
    I3DConfig,
    NLConfig,
    RegionGraphHeadConfig,
    S3DGConfig,
    SlowFastConfig,
)

BLOCKS = (SAConfig(), GTAConfig())


def trained(config, side):
    """A network after two steps on random clips, so that no block is the identity any more."""
    torch.manual_seed(0)
    model = build_model(config).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(2):
        loss = model(torch.randn(2, 3, config.frames, side, side)).logsumexp(dim=1).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval().requires_grad_(False)


def moved(model):
    """Whether the inserted blocks let something through."""
    return any(
        bool(value.any()) for name, value in model.named_parameters() if name.endswith("norm.weight") and ".ins" in name
    )


@pytest.mark.parametrize(
    ("config", "side"),
    [
        pytest.param(ModelConfig(174, blocks=BLOCKS), 64, id="R2D-50 + GTA"),
        pytest.param(
            ModelConfig(
                24,
                frames=8,
                backbone=SlowFastConfig(depths=(1, 3, 5, 1), width=16, stem="small", beta_inverse=4),
                blocks=(SAConfig(), GTAConfig(groups=4)),
            ),
            32,
            id="narrow SlowFast + GTA",
        ),
        pytest.param(
            ModelConfig(
                24,
                backbone=S3DGConfig(width=16, stem="small", strides_t=(1, 2, 2)),
                blocks=(SAConfig(),),
                places=(("mixed4", 0),),
            ),
            32,
            id="narrow S3D-G",
        ),
        pytest.param(
            ModelConfig(
                24,
                backbone=CorrNetConfig(depths=(1, 1, 1, 1), width=16, stem="small"),
                blocks=(CorrelationConfig(patch=3, dilation=1, groups=4, start="identity"),),
                places=(("res3", 0),),
            ),
            32,
            id="narrow CorrNet",
        ),
        pytest.param(
            ModelConfig(
                24,
                backbone=I3DConfig(depths=(1, 1, 1, 1), width=16, stem="small", res5_stride=1),
                blocks=(NLConfig(),),
                places=(("res3", 0), ("res4", 0)),
                head=RegionGraphHeadConfig(width=16, grid=(1, 2), side=3),
            ),
            32,
            id="narrow I3D + NL + GCN",
        ),
    ],
)
def test_exported_programs_give_the_same_outputs(config, side, tmp_path):
    model = trained(config, side)
    assert moved(model)
    clip = torch.randn(1, 3, config.frames, side, side)
    torch.export.save(torch.export.export(model, (clip,)), tmp_path / "model.pt2")
    loaded = torch.export.load(tmp_path / "model.pt2").module()
    for _ in range(2):
        clip = torch.randn_like(clip)
        torch.testing.assert_close(loaded(clip), model(clip), rtol=1e-4, atol=1e-4)


def test_any_batch_can_be_exported():
    config = ModelConfig(7, blocks=BLOCKS, backbone=BackboneConfig((1, 3, 5, 1), 16, "small"))
    model = trained(config, 32)
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(model, (torch.randn(2, 3, 8, 32, 32),), dynamic_shapes=({0: batch},)).module()
    for clips in (1, 5):
        x = torch.randn(clips, 3, 8, 32, 32)
        torch.testing.assert_close(program(x), model(x), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(shutil.which("g++") is None and shutil.which("clang++") is None, reason="needs a C++ compiler")
def test_compiled_networks_give_the_same_outputs():
    backbone = BackboneConfig((1, 1, 1, 1), 16, "small")
    model = trained(ModelConfig(7, blocks=BLOCKS, backbone=backbone, places=(("res3", 0),)), 32)
    clip = torch.randn(2, 3, 8, 32, 32)
    expected = model(clip)
    torch.testing.assert_close(torch.compile(model)(clip), expected, rtol=1e-4, atol=1e-4)
