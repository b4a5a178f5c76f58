"""Where a model looks: the weights are those that the blocks compute with, and the evidence adds up to the score."""

import numpy as np
import pytest
import torch

from gta.blocks import GlobalTemporalAttention, NonLocal, SpatialAttention, TemporalAttention
from gta.blocks.attention import PooledAttention
from gta.blocks.tokens import pool_positions, to_tokens
from gta.config import BackboneConfig, GTAConfig, ModelConfig, NLConfig, SAConfig, SlowFastConfig, TAConfig
from gta.explain.maps import explain, received, seen_from, temporal_matrices, temporal_weights
from gta.explain.overlay import contact_sheet, overlay, spread
from gta.model import build_model

T, C, H, W = 8, 16, 6, 4
NARROW = BackboneConfig((1, 3, 5, 1), 8, "small")
SLOWFAST = SlowFastConfig(depths=(1, 3, 5, 1), width=8, stem="small", beta_inverse=4, fusion_kernel=5)


@pytest.fixture
def x():
    return torch.randn(T, C, H, W, generator=torch.Generator().manual_seed(0))


def attended(block: PooledAttention, x, weights_MQP):
    """What the block would add, were its weights these."""
    keys = block.key_value(pool_positions(to_tokens(x, T), (H, W)) if block.pool == "before" else to_tokens(x, T))
    if block.pool == "after":
        keys = pool_positions(keys, (H, W))
    first = 1 if block.joint else 0
    values = keys.flatten(first, first + 1).chunk(2, dim=-1)[1]
    y = block.norm(block.out(weights_MQP @ values).reshape(T, H, W, C).permute(0, 3, 1, 2))
    return x + y


@pytest.mark.parametrize("pool", ["after", "before", "none"])
@pytest.mark.parametrize(("kind", "config"), [(SpatialAttention, SAConfig), (NonLocal, NLConfig)])
def test_the_weights_are_those_of_the_block(x, kind, config, pool):
    from gta.explain.maps import _attention

    block = kind(C, T, config(pool=pool)).eval()
    torch.nn.init.ones_(block.norm.weight)
    with torch.no_grad():
        weights, size = _attention(block, x)
        torch.testing.assert_close(attended(block, x, weights), block(x), rtol=1e-4, atol=1e-5)
        if block.joint:
            one = seen_from(block, x, (3, 0.5, 0.3))
            assert one.shape == (T, *size)
            torch.testing.assert_close(one.flatten(), weights[0, 3 * H * W + 3 * W + 1])
        else:
            assert received(block, x).shape == (T, *size)
            torch.testing.assert_close(received(block, x).sum(), torch.tensor(float(T * H * W)))


@pytest.mark.parametrize("position_on", ["projected", "input"])
@pytest.mark.parametrize("position", [False, True])
def test_temporal_weights_are_those_of_the_block(x, position, position_on):
    config = TAConfig(position=position, position_on=position_on) if position else TAConfig()
    block = TemporalAttention(C, T, config).eval()
    torch.nn.init.ones_(block.norm.weight)
    with torch.no_grad():
        weights_NTT = temporal_weights(block, x)
        assert weights_NTT.shape == (H * W, T, T)
        torch.testing.assert_close(weights_NTT.sum(dim=2), torch.ones(H * W, T))
        x_TNC = to_tokens(x, T)[0]
        read = x_TNC + block.position.unsqueeze(1) if position and position_on == "input" else x_TNC
        v_NTD = block.qkv(read).chunk(3, dim=-1)[2].transpose(0, 1)
        if position and position_on != "input":
            v_NTD = v_NTD + block.position
        y_TNC = block.out((weights_NTT @ v_NTD).transpose(0, 1))
        y = block.norm(y_TNC.unflatten(1, (H, W)).permute(0, 3, 1, 2))
        torch.testing.assert_close(x + y, block(x), rtol=1e-4, atol=1e-5)


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


def test_maps_brighten_where_they_are_high():
    frames = np.full((4, 8, 8, 3), 100, np.uint8)
    maps = np.zeros((2, 2, 2), np.float32)
    maps[1, 0, 0] = 1
    assert spread(maps, 4)[:, 0, 0].tolist() == [0, 0, 1, 1]
    found = overlay(frames, maps)
    assert (found[:2] == 100).all()
    assert found[2, 0, 0].astype(int).tolist() != [100, 100, 100]
    assert (found[2, 7, 7] == 100).all()
