"""The non-local variants against loops written from their papers, and decoupling as one set of positions at a time."""

import pytest
import torch

from experiments.tables import TABLES
from gta.blocks import build_block
from gta.config import CGNLConfig, GCConfig, GloReConfig

B, T, C, H, W = 2, 3, 16, 2, 4
N = H * W
DOMAINS = ("joint", "space", "time")


def sets(domain):
    """Indices (frame, position) of the positions that one application of a block sees together."""
    if domain == "joint":
        return [[(t, n) for t in range(T) for n in range(N)]]
    if domain == "space":
        return [[(t, n) for n in range(N)] for t in range(T)]
    return [[(t, n) for t in range(T)] for n in range(N)]


def check(config, one_set):
    """Compare a block with ``one_set``, which maps the features (L, C) of one set to what is added to them."""
    torch.manual_seed(0)
    block = build_block(config, C, T).double().eval().requires_grad_(False)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter)
    for name, buffer in block.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 2.0)
    x = torch.randn(B, C, T, H, W, dtype=torch.float64)
    tokens = x.permute(0, 2, 3, 4, 1).reshape(B, T, N, C)
    expected = tokens.clone()
    for b in range(B):
        for members in sets(config.domain):
            features = torch.stack([tokens[b, t, n] for t, n in members])
            for (t, n), added in zip(members, one_set(block, features), strict=True):
                expected[b, t, n] += added
    torch.testing.assert_close(block(x), expected.view(B, T, H, W, C).permute(0, 4, 1, 2, 3))


@pytest.mark.parametrize("domain", DOMAINS)
def test_cgnl(domain):
    groups = 2

    def one_set(block, x):
        theta, phi, g = (part.chunk(groups, dim=1) for part in block.theta_phi_g(x).chunk(3, dim=1))
        weight = block.out.weight.squeeze(-1).chunk(groups)  # (C / G, D / G) each
        out = []
        for i in range(groups):
            s = sum(float(a) * float(b) for a, b in zip(phi[i].flatten(), g[i].flatten(), strict=True))
            z = (s * theta[i]) @ weight[i].T
            z = (z - z.mean()) / torch.sqrt(z.var(correction=0) + block.norm.eps)
            own = slice(i * C // groups, (i + 1) * C // groups)
            out.append(z * block.norm.weight[own] + block.norm.bias[own])
        return torch.cat(out, dim=1)

    check(CGNLConfig(domain=domain, groups=groups), one_set)


@pytest.mark.parametrize("domain", DOMAINS)
def test_global_context(domain):
    def one_set(block, x):
        scores = torch.exp(x @ block.mask.weight[0])
        context = sum(score / scores.sum() * row for score, row in zip(scores, x, strict=True))
        first, normalise, _, last = block.transform
        hidden = first.weight @ context + first.bias
        hidden = (hidden - hidden.mean()) / torch.sqrt(hidden.var(correction=0) + normalise.eps)
        hidden = torch.clamp(hidden * normalise.weight + normalise.bias, min=0)
        return (last.weight @ hidden + last.bias).expand(len(x), -1)

    check(GCConfig(domain=domain, reduction=4), one_set)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("domain", DOMAINS)
def test_global_reasoning(domain, normalised, bias):
    def one_set(block, x):
        nodes = C // 4
        zero = torch.zeros(())
        projected = x @ block.state_projection.weight.T + (block.state_projection.bias if bias else zero)
        states, nodes_of = projected[:, : 2 * nodes], projected[:, 2 * nodes :]
        v = sum(torch.outer(s, p) for s, p in zip(states, nodes_of, strict=True))  # (S, K)
        v = v / len(x) if normalised else v
        h = torch.clamp(v @ block.adjacency.weight.T + (block.adjacency.bias if bias else zero) + v, min=0)
        back = nodes_of @ (block.weight.weight @ h).T  # (L, S)
        y = back @ block.out.weight.T
        scale = block.norm.weight / torch.sqrt(block.norm.running_var + block.norm.eps)
        return (y - block.norm.running_mean) * scale + block.norm.bias

    check(GloReConfig(domain=domain, normalised=normalised, bias=bias), one_set)


def test_glore_has_the_biases_of_its_authors():
    with_bias, without = (dict(build_block(GloReConfig(bias=b), C, T).named_parameters()) for b in (True, False))
    nodes = C // 4
    assert {name: tuple(with_bias[name].shape) for name in with_bias.keys() - without.keys()} == {
        "state_projection.bias": (3 * nodes,),
        "adjacency.bias": (nodes,),
    }
    assert all(block.bias for row in TABLES["table_nl_variants"].rows for block in row.blocks if block.kind == "glore")


def test_glore_normalises_with_the_epsilon_of_its_authors():
    assert build_block(GloReConfig(), C, T).norm.eps == 1e-4
