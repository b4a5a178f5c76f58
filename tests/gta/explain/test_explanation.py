"""The explanation of a clip: every kind of block is shown, and the evidence adds up to the score."""

import numpy as np
import pytest
import torch

from gta.blocks import GlobalTemporalAttention
from gta.config import (
    BackboneConfig,
    CorrNetConfig,
    GTAConfig,
    I3DConfig,
    ModelConfig,
    NLConfig,
    RegionGraphHeadConfig,
    S3DGConfig,
    SAConfig,
    SlowFastConfig,
    TAConfig,
)
from gta.errors import UserError
from gta.explain.explanation import explain, temporal_matrices
from gta.explain.overlay import contact_sheet
from gta.model import build_model

NARROW = BackboneConfig((1, 3, 5, 1), 8, "small")
SLOWFAST = SlowFastConfig(depths=(1, 3, 5, 1), width=8, stem="small", beta_inverse=4, fusion_kernel=5)


@pytest.mark.parametrize(
    ("backbone", "frames"), [(NARROW, 8), (BackboneConfig((1, 3, 5, 1), 8, "small", shift_every=1), 8), (SLOWFAST, 32)]
)
def test_every_kind_of_block_is_looked_into(backbone, frames):
    torch.manual_seed(0)
    blocks = (SAConfig(), TAConfig(groups=2), GTAConfig(groups=2), NLConfig())
    model = build_model(ModelConfig(7, frames, backbone, blocks, dropout=0.0)).eval()
    clip = torch.randn(1, 3, frames, 32, 32)
    found = explain(model, clip)
    places = [f"{stage}[{index}]" for stage, index in ModelConfig(7).places]
    assert set(found.maps) == {f"{place}.{kind}" for place in places for kind in ("sa", "nl", "regions")}
    assert set(found.matrices) == {f"{place}.{kind}" for place in places for kind in ("ta", "pixel", "region")}
    assert all(matrix.shape == (8, 8) and matrix.min() >= 0 for matrix in found.matrices.values())
    assert all(maps.shape[0] == 8 and maps.dtype == np.float32 for maps in found.maps.values())
    assert found.maps["res3[0].regions"].shape == (8, 64 // 8, 8, 8)
    assert found.probabilities.sum() == pytest.approx(1)
    assert found.target == found.probabilities.argmax()
    assert found.evidence.shape[0] == 8
    frames = np.random.default_rng(0).integers(0, 256, (frames, 32, 32, 3), dtype=np.uint8)
    figure = contact_sheet(frames, found, "a clip")
    assert len(figure.axes) == 6 * 8 + 3  # frames, evidence, SA, NL and two regions; TA, pixel and region matrices


def test_the_evidence_adds_up_to_the_score():
    torch.manual_seed(0)
    model = build_model(ModelConfig(7, backbone=NARROW, dropout=0.0)).eval()
    clip = torch.randn(1, 3, 8, 32, 32)
    with torch.no_grad():
        score = model(clip)[0, 3] - model.backbone.fc.bias[3]
    assert explain(model, clip, target=3).evidence.mean() == pytest.approx(float(score), rel=1e-4)


def test_matrices_are_averaged_over_groups_and_heads():
    model = build_model(ModelConfig(7, backbone=NARROW, blocks=(SAConfig(), GTAConfig(region=False, groups=2))))
    found = temporal_matrices(model)
    assert list(found) == [f"{stage}[{index}].pixel" for stage, index in ModelConfig(7).places]
    block = next(m for m in model.modules() if isinstance(m, GlobalTemporalAttention))
    np.testing.assert_allclose(found["res3[0].pixel"], block.pixel_matrix.detach().abs().mean(dim=(0, 1)), rtol=1e-6)
    assert temporal_matrices(build_model(ModelConfig(7, backbone=NARROW))) == {}


def test_only_one_clip_at_a_time():
    model = build_model(ModelConfig(7, backbone=NARROW)).eval()
    with pytest.raises(ValueError, match="one clip"):
        explain(model, torch.zeros(2, 3, 8, 32, 32))


@pytest.mark.parametrize(
    "backbone",
    [
        I3DConfig(depths=(1, 1, 1, 1), width=8, stem="small"),
        CorrNetConfig(depths=(1, 1, 1, 1), width=8, stem="small"),
        S3DGConfig(width=8, stem="small"),
    ],
    ids=str,
)
def test_evidence_of_networks_of_clips_is_by_their_own_frames(backbone):
    torch.manual_seed(0)
    model = build_model(ModelConfig(5, 8, backbone, places=())).eval()
    clip = torch.randn(1, 3, 8, 32, 32)
    explanation = explain(model, clip, target=2)
    assert explanation.evidence.shape[0] == backbone.frames(backbone.last, 8)
    score = float((model(clip)[0, 2] - model.backbone.fc.bias[2]).detach())
    assert explanation.evidence.mean() == pytest.approx(score, rel=1e-4, abs=1e-5)


def test_a_head_of_its_own_is_refused_in_one_line():
    config = ModelConfig(
        5,
        8,
        I3DConfig(depths=(1, 1, 1, 1), width=8, stem="small", res5_stride=1),
        places=(),
        head=RegionGraphHeadConfig(width=8, grid=(1, 2), side=3),
    )
    with pytest.raises(UserError, match=r"ModelConfig.head is RegionGraphHead; evidence is shown for the mean head"):
        explain(build_model(config).eval(), torch.randn(1, 3, 8, 32, 32))
