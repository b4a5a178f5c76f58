"""The maps of one block: its own weights where the query stands, and those of swapped projections by formula."""

import pytest
import torch

from gta.blocks import NonLocal, SpatialAttention, TemporalAttention
from gta.blocks.tokens import to_tokens
from gta.config import NLConfig, SAConfig, TAConfig
from gta.explain.maps import joint_map, position, received_map, spatial_map, temporal_map, temporal_weights

T, C, H, W = 8, 16, 6, 4
QUERY = (5, 0.5, 0.6)


@pytest.fixture
def x():
    return torch.randn(T, C, H, W, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("pool", "size"), [("after", (3, 2)), ("before", (3, 2)), ("none", (H, W))])
@torch.no_grad()
def test_a_map_is_the_block_s_weights_at_the_query(x, pool, size):
    joint, spatial = NonLocal(C, T, NLConfig(pool=pool)), SpatialAttention(C, T, SAConfig(pool=pool))
    one = joint_map(joint, x, (3, 0.5, 0.3))
    assert one.shape == (T, *size)
    torch.testing.assert_close(one, joint.weights(x)[0, 3 * H * W + 3 * W + 1])
    torch.testing.assert_close(spatial_map(spatial, x, QUERY), spatial.weights(x)[:, 3 * W + 2, 0])
    assert received_map(spatial, x).shape == (T, *size)
    torch.testing.assert_close(received_map(spatial, x).sum(), torch.tensor(float(T * H * W)))


@pytest.mark.parametrize("groups", [1, 2])
@torch.no_grad()
def test_temporal_maps_are_averaged_over_heads_and_groups(x, groups):
    block = TemporalAttention(C, T, TAConfig(groups=groups))
    weights_NTT = temporal_weights(block, x)
    assert weights_NTT.shape == (H * W, T, T)
    torch.testing.assert_close(weights_NTT.sum(dim=2), torch.ones(H * W, T))
    torch.testing.assert_close(weights_NTT, block.weights(x)[0].mean(dim=(1, 2)))
    assert torch.equal(temporal_map(block, x, QUERY), weights_NTT[3 * W + 2, QUERY[0]])


@torch.no_grad()
def test_swapped_maps_use_the_other_block_s_projections(x):
    spatial, temporal = SpatialAttention(C, T, SAConfig()), TemporalAttention(C, T, TAConfig())
    at = position(x, QUERY)
    assert at == 3 * W + 2
    q_TND, k_TND, _ = temporal.qkv(to_tokens(x, T)[0]).chunk(3, dim=-1)
    expected = torch.stack([(q @ k.T / q.shape[-1] ** 0.5).softmax(-1)[at] for q, k in zip(q_TND, k_TND, strict=True)])
    torch.testing.assert_close(spatial_map(temporal, x, QUERY), expected.view(T, H, W))
    x_TNC = to_tokens(x, T)[0]
    q_TND, k_TND = spatial.query(x_TNC), spatial.key_value(x_TNC).chunk(2, dim=-1)[0]
    scores_TT = q_TND[:, at] @ k_TND[:, at].T / q_TND.shape[-1] ** 0.5
    torch.testing.assert_close(temporal_map(spatial, x, QUERY), scores_TT.softmax(-1)[QUERY[0]])
    assert spatial_map(spatial, x, QUERY).sum(dim=(1, 2)).tolist() == pytest.approx([1] * T)
    with pytest.raises(TypeError, match="got Linear"):
        temporal_map(torch.nn.Linear(2, 2), x, QUERY)
