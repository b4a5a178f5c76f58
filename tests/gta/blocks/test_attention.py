"""Attention is the same function in each way it is computed: written out, fused, in float32 and in bfloat16."""

import pytest
import torch

import gta.blocks.attention
from gta.blocks.attention import SMALL, attend

SIZES = [(9, 4), (300, 300), (SMALL, 2)]


def reference(q, k, v):
    return torch.softmax(q.double() @ k.double().mT / q.shape[-1] ** 0.5, dim=-1) @ v.double()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("queries", "keys"), SIZES)
def test_every_way_equals_the_formula_with_its_gradients(queries, keys, dtype):
    torch.manual_seed(0)
    parts = [torch.randn(2, n, 6).to(dtype).requires_grad_() for n in (queries, keys, keys)]
    gradient = torch.randn(2, queries, 6, dtype=torch.float64)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        ours = attend(*parts)
    assert ours.dtype == dtype
    theirs = reference(*parts)
    near = {"rtol": 1e-4, "atol": 1e-4} if dtype == torch.float32 else {"rtol": 0.03, "atol": 0.03}
    torch.testing.assert_close(ours.double(), theirs, **near)
    for mine, wanted in zip(
        torch.autograd.grad(ours.double(), parts, gradient), torch.autograd.grad(theirs, parts, gradient), strict=True
    ):
        error = (mine - wanted).double().norm() / wanted.double().norm()
        assert error < (1e-5 if dtype == torch.float32 else 0.02)


@pytest.mark.parametrize(
    ("dtype", "limit", "fused"), [(torch.float32, 2**26, 1), (torch.bfloat16, 2**26, 0), (torch.bfloat16, 300, 1)]
)
def test_large_scores_are_written_once_in_bfloat16_on_a_cpu_and_else_fused(dtype, limit, fused, monkeypatch):
    calls, kept = [], []
    own = gta.blocks.attention.scaled_dot_product_attention
    monkeypatch.setattr(gta.blocks.attention, "LARGE", limit)
    monkeypatch.setattr(
        gta.blocks.attention, "scaled_dot_product_attention", lambda *parts: calls.append(1) or own(*parts)
    )
    parts = [torch.randn(1, 300, 6).to(dtype).requires_grad_() for _ in range(3)]
    with (
        torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t),
        torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16),
    ):
        attend(*parts)
    assert len(calls) == fused
    scores = {t.untyped_storage().data_ptr(): t.dtype for t in kept if t.numel() == 300 * 300}
    assert list(scores.values()) == ([] if fused else [dtype])
