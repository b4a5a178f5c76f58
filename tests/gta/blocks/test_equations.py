"""Every block against loops over clips, frames, positions, heads and groups, written from the paper's equations."""

import math

import pytest
import torch

from gta.blocks import NonLocal, SpatialAttention, TemporalAttention, attention, build_block
from gta.blocks.gta import GlobalTemporalAttention
from gta.blocks.mixing import CrossChannelMultiHead, MultiHead, SingleMatrix
from gta.config import GTAConfig, NLConfig, SAConfig, TAConfig

B, T, C, H, W = 2, 3, 16, 4, 5
N = H * W


def randomise(block):
    """Give every parameter and statistic a value that shows; return the block in float64 and evaluation mode."""
    block = block.double().eval().requires_grad_(False)
    for module in block.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    return block


def norm(bn, y):
    return (y - bn.running_mean) / torch.sqrt(bn.running_var + bn.eps) * bn.weight + bn.bias


def attend(q, k, v):
    """Eq. 1 for lists of vectors, one query and one key at a time."""
    out = []
    for query in q:
        scores = [float(query @ key) / math.sqrt(len(query)) for key in k]
        total = sum(math.exp(score) for score in scores)
        out.append(sum(math.exp(score) / total * value for score, value in zip(scores, v, strict=True)))
    return torch.stack(out)


def pooled(maps, height=H, width=W):
    """Max-pool (H*W, D) 2x2, odd edges dropped."""
    rows = []
    for i in range(height // 2):
        for j in range(width // 2):
            window = [maps[(2 * i + a) * width + 2 * j + b] for a in (0, 1) for b in (0, 1)]
            rows.append(torch.stack(window).amax(0))
    return torch.stack(rows)


def keys_values(block, x, pool):
    """Keys and values of one frame (N, C) by the two halves of the joint projection."""
    w_k, w_v = block.key_value.weight.chunk(2)
    if pool == "before":
        x = pooled(x)
    k, v = x @ w_k.T, x @ w_v.T
    return (pooled(k), pooled(v)) if pool == "after" else (k, v)


LAYOUTS = {
    "frames": lambda x: x.transpose(1, 2).reshape(B * T, C, H, W),
    "frames channels-last": lambda x: x.transpose(1, 2).reshape(B * T, C, H, W).to(memory_format=torch.channels_last),
    "clips": lambda x: x.contiguous(),
    "clips channels-last": lambda x: x.to(memory_format=torch.channels_last_3d),
    "clips strided": lambda x: x.transpose(3, 4).contiguous().transpose(3, 4),
}


def check(block, reference):
    """Compare ``block`` in all layouts with ``reference``, which maps (B, T, N, C) to the same."""
    clips = torch.randn(B, C, T, H, W, dtype=torch.float64)
    expected = reference(clips.permute(0, 2, 3, 4, 1).reshape(B, T, N, C))
    for name, layout in LAYOUTS.items():
        x = layout(clips)
        y = block(x)
        assert y.shape == x.shape, name
        if y.dim() == 4:
            y = y.reshape(B, T, C, H, W).transpose(1, 2)
        got = y.permute(0, 2, 3, 4, 1).reshape(B, T, N, C)
        torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")
    assert not torch.allclose(expected, clips.permute(0, 2, 3, 4, 1).reshape(B, T, N, C))


@pytest.fixture(params=["written out", "fused"])
def attention_path(request, monkeypatch):
    monkeypatch.setattr(attention, "SMALL", 2**16 if request.param == "written out" else 0)


@pytest.mark.usefixtures("attention_path")
@pytest.mark.parametrize("pool", ["after", "before", "none"])
def test_nonlocal_is_eq_1_and_2(pool):
    block = randomise(NonLocal(C, T, NLConfig(pool=pool)))

    def reference(x):
        y = x.clone()
        for b in range(B):
            q = torch.cat([x[b, t] @ block.query.weight.T for t in range(T)])
            pairs = [keys_values(block, x[b, t], pool) for t in range(T)]
            a = attend(q, torch.cat([k for k, _ in pairs]), torch.cat([v for _, v in pairs]))
            y[b] += norm(block.norm, a @ block.out.weight.T).view(T, N, C)
        return y

    check(block, reference)


@pytest.mark.usefixtures("attention_path")
@pytest.mark.parametrize("pool", ["after", "before", "none"])
def test_spatial_attention_is_eq_3(pool):
    block = randomise(SpatialAttention(C, T, SAConfig(pool=pool)))

    def reference(x):
        y = x.clone()
        for b in range(B):
            for t in range(T):
                a = attend(x[b, t] @ block.query.weight.T, *keys_values(block, x[b, t], pool))
                y[b, t] += norm(block.norm, a @ block.out.weight.T)
        return y

    check(block, reference)


@pytest.mark.usefixtures("attention_path")
@pytest.mark.parametrize("position", [None, "input", "projected"])
def test_temporal_attention_is_eq_4(position):
    config = TAConfig(position=position is not None, position_on=position or "input")
    block = randomise(TemporalAttention(C, T, config))
    w_q, w_k, w_v = block.qkv.weight.chunk(3)
    before = block.position if position == "input" else torch.zeros(T, C, dtype=torch.float64)
    after = block.position if position == "projected" else torch.zeros(T, C // 4, dtype=torch.float64)

    def reference(x):
        y = x.clone()
        for b in range(B):
            for n in range(N):
                z = x[b, :, n] + before
                a = attend(z @ w_q.T + after, z @ w_k.T + after, z @ w_v.T + after)
                y[b, :, n] += norm(block.norm, a @ block.out.weight.T)
        return y

    check(block, reference)


@pytest.mark.parametrize("groups", [2, 4])
def test_temporal_attention_with_ccmh_sums_every_group_in_every_head(groups):
    """Eq. 7 and 8 with M[g, k] = softmax(Q_k K_g^T / sqrt(D / G))."""
    block = randomise(TemporalAttention(C, T, TAConfig(groups=groups)))
    w_q, w_k, w_v = block.qkv.weight.chunk(3)

    def reference(x):
        y = x.clone()
        for b in range(B):
            for n in range(N):
                q, k, v = ((x[b, :, n] @ w.T).chunk(groups, dim=1) for w in (w_q, w_k, w_v))
                heads = [sum(attend(q[head], k[g], v[g]) for g in range(groups)) for head in range(groups)]
                y[b, :, n] += norm(block.norm, torch.cat(heads, dim=1) @ block.out.weight.T)
        return y

    check(block, reference)


def mixed(mixing, v):
    """Eq. 6, or eq. 7 and 8, for the values (T, D) of one position or region."""
    if isinstance(mixing, SingleMatrix):
        return mixing.matrix[0, 0] @ v
    parts = v.chunk(mixing.groups, dim=1)
    if isinstance(mixing, MultiHead):
        return torch.cat([mixing.matrix[g, 0] @ part for g, part in enumerate(parts)], dim=1)
    heads = []
    for k in range(mixing.groups):
        head = torch.zeros_like(parts[0])
        for g, part in enumerate(parts):
            for out in range(T):
                for source in range(T):
                    head[out] += mixing.matrix[g, k, out, source] * part[source]
        heads.append(head)
    return torch.cat(heads, dim=1)


@pytest.mark.parametrize("mixing", ["ccmh", "multihead", "single"])
@pytest.mark.parametrize(("pixel", "region"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("region_input", ["values", "input"])
@pytest.mark.parametrize("region_norm", ["positions", "softmax"])
@pytest.mark.parametrize("region_ratio", [8, 1], ids=["few regions", "many regions"])
def test_gta_is_eq_5_and_6(mixing, pixel, region, region_input, region_norm, region_ratio):
    config = GTAConfig(
        mixing=mixing,
        pixel=pixel,
        region=region,
        region_input=region_input,
        region_norm=region_norm,
        region_ratio=region_ratio,
        groups=2,
    )
    block = randomise(build_block(config, C, T))
    assert isinstance(block, GlobalTemporalAttention)

    def reference(x):
        y = x.clone()
        for b in range(B):
            if block.pixel is not None:
                for n in range(N):
                    a = mixed(block.pixel.mixing, x[b, :, n] @ block.pixel.value.weight.T)
                    y[b, :, n] += norm(block.pixel.norm, a @ block.pixel.out.weight.T)
            if block.region is not None:
                features = block.features if block.pixel is None else block.pixel.value
                read = x[b] if region_input == "input" else x[b] @ features.weight.T
                g = [block.region.assign.weight @ read[t].T for t in range(T)]  # G_R(t) = W_G X(t)^T, (K, N)
                if region_norm == "softmax":
                    into, back = [m.softmax(1) for m in g], [m.softmax(0).T for m in g]
                else:
                    into, back = [m / N for m in g], [m.T for m in g]
                x_g = torch.stack([into[t] @ x[b, t] for t in range(T)])  # (T, K, C)
                v = x_g @ block.region.value.weight.T
                a = torch.stack([mixed(block.region.mixing, v[:, k]) for k in range(v.shape[1])], dim=1)
                for t in range(T):
                    y[b, t] += norm(block.region.norm, back[t] @ a[t] @ block.region.out.weight.T)
        return y

    check(block, reference)


def test_multihead_is_the_diagonal_of_ccmh():
    cross, plain = CrossChannelMultiHead(T, 4).double(), MultiHead(T, 4).double()
    with torch.no_grad():
        cross.matrix.zero_()
        for g in range(4):
            cross.matrix[g, g] = plain.matrix[g, 0]
    v = torch.randn(B, T, N, C, dtype=torch.float64)
    torch.testing.assert_close(cross(v), plain(v))


@pytest.mark.parametrize(
    ("mixing", "terms"),
    [
        (lambda: SingleMatrix(64, 2.0), 64),
        (lambda: MultiHead(32, 8, 2.0), 32),
        (lambda: CrossChannelMultiHead(8, 8, 2.0), 64),
    ],
)
def test_matrices_start_with_gain_over_root_of_the_summed_terms(mixing, terms):
    assert mixing().matrix.std().item() == pytest.approx(2.0 / math.sqrt(terms), rel=0.1)
