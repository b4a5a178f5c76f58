"""One step of the peers at full width, 224 pixels, those that read volumes on 8 frames: ``pytest -m slow``."""

import pytest
import torch

from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
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
from gta.training.optimizer import build_optimizer
from gta.training.recognizer import VideoRecognizer

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


ROWS = {
    trained.name: trained
    for table in ("table_test_set", "table_peers")
    for row in TABLES[table].rows
    for trained in row.trained
}
OF_FRAMES = ("STM", "TEA", "TAM", "MSNet", "TRN", "ECO", "ECO Lite", "bLVNet-TAM", "TSM, flow alone", "TRN, flow alone")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", OF_FRAMES)
def test_a_step_of_the_recipe(name):
    """The networks of frames as Something-Something's recipe trains them, with its frozen stages and optimiser."""
    torch.manual_seed(0)
    run = PROFILES["ssv1"].resolve(ROWS[name], 0)
    recognizer = VideoRecognizer(run)
    optimizer = build_optimizer(recognizer.model, run.train)
    trained = {name: p.detach().clone() for name, p in recognizer.named_parameters() if p.requires_grad}
    video = torch.randint(256, (2, run.data.channels, run.model.frames, 224, 224), dtype=torch.uint8)
    recognizer.loss(recognizer(video), torch.tensor([3, 5])).backward()
    optimizer.step()
    now = dict(recognizer.named_parameters())
    assert [name for name in trained if now[name].grad is None or not bool(now[name].grad.isfinite().all())] == []
    assert any(not torch.equal(now[name], before) for name, before in trained.items())
    assert bool(torch.isfinite(recognizer.eval()(video)).all())
