"""One step of the networks of clips at full width, 8 frames of 224 pixels: ``pytest -m slow``."""

import pytest
import torch

from gta.config import (
    CorrelationConfig,
    CorrNetConfig,
    GTAConfig,
    I3DConfig,
    ModelConfig,
    NLConfig,
    RegionGraphHeadConfig,
    S3DGConfig,
    SAConfig,
)
from gta.model import build_model

STRG = I3DConfig(res5_stride=1)
MODELS = {
    "I3D + GTA": ModelConfig(174, 8, I3DConfig(), (SAConfig(), GTAConfig())),
    "I3D + NL + GCN": ModelConfig(174, 8, STRG, (NLConfig(pool="before"),), head=RegionGraphHeadConfig()),
    "S3D-G": ModelConfig(174, 8, S3DGConfig(), places=()),
    "CorrNet": ModelConfig(
        174, 8, CorrNetConfig(), (CorrelationConfig(),), (("res2", 2), ("res3", 3), ("res4", 5)), dropout=0.0
    ),
}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS)
def test_a_step_at_full_size(config):
    torch.manual_seed(0)
    model = build_model(config).to(memory_format=torch.channels_last).train()
    before = model.backbone.get_submodule(model.backbone.stem_modules[0]).state_dict()
    before = {name: value.clone() for name, value in before.items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    clip = torch.randn(2, 3, 8, 224, 224)
    loss = torch.nn.functional.cross_entropy(model(clip), torch.tensor([3, 5]))
    loss.backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    optimizer.step()
    after = model.backbone.get_submodule(model.backbone.stem_modules[0]).state_dict()
    assert any(not torch.equal(value, after[name]) for name, value in before.items() if name.endswith("weight"))
    assert bool(torch.isfinite(model.eval()(clip)).all())
