"""What blocks say they attend to is what they compute with: the output is made again from the weights."""

import pytest
import torch
from torch.nn.functional import linear

from gta.blocks import GlobalTemporalAttention, NonLocal, SpatialAttention, TemporalAttention
from gta.blocks.tokens import pool_positions, to_tokens
from gta.config import GTAConfig, NLConfig, SAConfig, TAConfig

B, T, C = 2, 4, 16
SIZES = [(6, 4), (5, 3), (2, 2)]
"""Even and odd; the last one is not pooled."""


@pytest.fixture(params=SIZES, ids=str)
def x(request):
    return torch.randn(B * T, C, *request.param, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def evaluated(block):
    """The block in float64, with normalisations whose every part shows."""
    block = block.double().eval().requires_grad_(False)
    for module in block.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for values in (module.weight, module.bias, module.running_mean):
                torch.nn.init.normal_(values)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    return block


def added(path, z_BTND, x):
    """norm(Z W_O) as a feature map."""
    y_BTNC = path.out(z_BTND)
    return path.norm(y_BTNC.reshape(B * T, *x.shape[-2:], C).permute(0, 3, 1, 2))


@pytest.mark.parametrize("pool", ["after", "before", "none"])
@pytest.mark.parametrize(("kind", "config"), [(SpatialAttention, SAConfig), (NonLocal, NLConfig)])
def test_spatial_and_joint_attention(x, kind, config, pool):
    block = evaluated(kind(C, T, config(pool=pool)))
    x_BTNC, size = to_tokens(x, T), tuple(x.shape[-2:])
    read = pool_positions(x_BTNC, size) if pool == "before" else x_BTNC
    v_BTPD = block.key_value(read).chunk(2, dim=-1)[1]
    v_BTPD = pool_positions(v_BTPD, size) if pool == "after" else v_BTPD
    weights = block.weights(x)
    sets, frames = (B, T) if block.joint else (B * T, 1)
    small = (size[0] // 2, size[1] // 2) if pool != "none" and size != (2, 2) else size
    assert weights.shape == (sets, B * T // sets * size[0] * size[1], frames, *small)
    torch.testing.assert_close(weights.sum(dim=(2, 3, 4)), torch.ones_like(weights[:, :, 0, 0, 0]))
    z = weights.flatten(2) @ v_BTPD.reshape(sets, -1, v_BTPD.shape[-1])
    torch.testing.assert_close(x + added(block, z.reshape(*x_BTNC.shape[:3], -1), x), block(x))
    torch.testing.assert_close(block.weights(x, 3), weights[:, 3:4])
    video = x.unflatten(0, (B, T)).transpose(1, 2)
    assert torch.equal(block.weights(video), weights)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("position", [None, "projected", "input"])
def test_temporal_attention(x, position, groups):
    config = TAConfig(groups=groups, **({"position": True, "position_on": position} if position else {}))
    block = evaluated(TemporalAttention(C, T, config))
    x_BTNC = to_tokens(x, T)
    read = x_BTNC + block.position.unsqueeze(1) if position == "input" else x_BTNC
    v_BTND = block.qkv(read).chunk(3, dim=-1)[2]
    v_BTND = v_BTND + block.position.unsqueeze(1) if position == "projected" else v_BTND
    weights = block.weights(x)
    assert weights.shape == (B, x_BTNC.shape[2], groups, groups, T, T)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights[..., 0]))
    z_BTNHC = torch.einsum("bnhgts,bsngc->btnhc", weights, v_BTND.unflatten(-1, (groups, -1)))
    torch.testing.assert_close(x + added(block, z_BTNHC.flatten(3), x), block(x))


def mixed(matrix, v_BTND):
    """Head h is the sum over the groups g of M[g, h] V_g."""
    return torch.einsum("ghts,bsngc->btnhc", matrix, v_BTND.unflatten(-1, (len(matrix), -1))).flatten(3)


@pytest.mark.parametrize("pixel", [True, False])
@pytest.mark.parametrize("reads", ["values", "input"])
def test_regions_and_matrices_of_gta(x, reads, pixel):
    block = evaluated(
        GlobalTemporalAttention(C, T, GTAConfig(groups=2, region_ratio=4, region_input=reads, pixel=pixel))
    )
    x_BTNC = to_tokens(x, T)
    g_BTKN = block.regions(x).flatten(3)
    assert g_BTKN.shape == (B, T, C // 4, x_BTNC.shape[2])
    a_BTKD = mixed(block.region_matrix, linear(g_BTKN @ x_BTNC / x_BTNC.shape[2], block.region.value.weight))
    y = x + added(block.region, g_BTKN.mT @ a_BTKD, x)
    if pixel:
        y = y + added(block.pixel, mixed(block.pixel_matrix, block.pixel.value(x_BTNC)), x)
    torch.testing.assert_close(y, block(x))


def test_queries_and_keys_are_those_of_the_unpooled_weights(x):
    spatial, temporal = (
        evaluated(kind(C, T, config))
        for kind, config in ((SpatialAttention, SAConfig(pool="none")), (TemporalAttention, TAConfig()))
    )
    q_BTND, k_BTND = spatial.query_key(x)
    weights = (q_BTND @ k_BTND.mT / q_BTND.shape[-1] ** 0.5).softmax(-1)
    torch.testing.assert_close(weights.flatten(0, 1), spatial.weights(x).flatten(2))
    q_BNTD, k_BNTD = (part.transpose(1, 2) for part in temporal.query_key(x))
    weights = (q_BNTD @ k_BNTD.mT / q_BNTD.shape[-1] ** 0.5).softmax(-1)
    torch.testing.assert_close(weights, temporal.weights(x)[:, :, 0, 0])
