"""Blocks that compare neighbouring frames, against loops over frames, positions and displacements."""

import math

import pytest
import torch

from gta.blocks import CorrelationBlock, MotionSqueeze, build_block
from gta.blocks.matching import local_correlation as module
from gta.blocks.matching.local_correlation import by_all_pairs, by_shifts, displacements, local_correlation
from gta.config import CorrelationConfig, MotionSqueezeConfig
from gta.config.blocks import check_block
from tests.gta.blocks.test_equations import check, norm, randomise

B, T, C, H, W = 2, 3, 16, 4, 5
MS = MotionSqueezeConfig(reduction=4, patch=3, widths=(4, 5, 6), sigma=1.5, temperature=3.0)
CORRELATION = CorrelationConfig(reduction=2, patch=3, dilation=2, groups=4)


def naive(a, b, patch, dilation, groups, weight=None):
    """One number at a time."""
    pairs, channels, height, width = a.shape
    size = channels // groups
    found = torch.zeros(pairs, height, width, groups, patch * patch, dtype=a.dtype)
    for m, i, j, g, d in torch.cartesian_prod(*map(torch.arange, found.shape)).tolist():
        row = i + dilation * (d // patch - patch // 2)
        column = j + dilation * (d % patch - patch // 2)
        if 0 <= row < height and 0 <= column < width:
            for c in range(g * size, (g + 1) * size):
                w = 1.0 if weight is None else float(weight[m % len(weight), c, d])
                found[m, i, j, g, d] += w * a[m, c, i, j] * b[m, c, row, column]
    return found


def pictures(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize(("patch", "dilation", "groups"), [(3, 1, 1), (3, 2, 2), (1, 1, 4), (9, 1, 1), (5, 3, 2)])
def test_local_correlation_is_brute_force_both_ways(patch, dilation, groups):
    a, b = pictures(2, 4, 4, 5), pictures(2, 4, 4, 5).to(memory_format=torch.channels_last)
    expected = naive(a, b, patch, dilation, groups)
    torch.testing.assert_close(by_all_pairs(a, b, patch, dilation, groups), expected)
    torch.testing.assert_close(by_shifts(a, b, patch, dilation, groups, None), expected)


def test_local_correlation_weighs_channels_and_displacements_of_each_frame():
    a, b, weight = pictures(4, 4, 3, 4), pictures(4, 4, 3, 4), pictures(2, 4, 9)
    torch.testing.assert_close(local_correlation(a, b, 3, 1, 2, weight), naive(a, b, 3, 1, 2, weight))


def test_large_maps_are_not_multiplied_with_themselves(monkeypatch):
    monkeypatch.setattr(module, "by_all_pairs", lambda *_: pytest.fail("all pairs of 7200 positions"))
    assert local_correlation(pictures(1, 1, 80, 90), pictures(1, 1, 80, 90), 3).shape == (1, 80, 90, 1, 9)


def test_gradients_of_both_ways_agree():
    a, b = pictures(2, 4, 3, 4).requires_grad_(), pictures(2, 4, 3, 4).requires_grad_()
    factor = pictures(2, 3, 4, 2, 9)
    one = torch.autograd.grad((by_all_pairs(a, b, 3, 1, 2) * factor).sum(), (a, b))
    other = torch.autograd.grad((by_shifts(a, b, 3, 1, 2, None) * factor).sum(), (a, b))
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((2,), "patch is 2"), ((3, 1, 3), "groups is 3, which does not divide the 4"), (None, "must be equal")],
)
def test_local_correlation_names_what_does_not_fit(arguments, message):
    b = pictures(1, 4, 3, 3) if arguments else pictures(1, 4, 3, 2)
    with pytest.raises(ValueError, match=message):
        local_correlation(pictures(1, 4, 3, 3), b, *(arguments or (3,)))


def refine(block, maps):
    """The small network on (B*T, 3, H, W), its layers called one by one."""
    for layer in block.flow_refinement:
        for depth_wise, bn in ((layer[0], layer[1]), (layer[3], layer[4])):
            maps = depth_wise(maps)
            maps = norm(bn, maps.permute(0, 2, 3, 1)).clamp_min(0).permute(0, 3, 1, 2)
    return maps


@pytest.mark.parametrize("start", ["published", "identity"])
def test_motion_squeeze_is_its_equations(start):
    block = randomise(MotionSqueeze(C, T, MotionSqueezeConfig(**{**vars(MS), "start": start})))
    weight = block.chnl_reduction[0].weight.flatten(1)
    moves = displacements(3, 1).tolist()

    def moved(one, following):
        """Columns, rows and similarity at each position of one pair of frames, both (N, D) of length 1."""
        found = torch.zeros(H * W, 3, dtype=torch.float64)
        for n in range(H * W):
            scores = []
            for down, right in moves:
                row, column = n // W + down, n % W + right
                inside = 0 <= row < H and 0 <= column < W
                scores.append(max(0.0, float(one[n] @ following[row * W + column])) if inside else 0.0)
            best = max(range(9), key=lambda d: scores[d])
            apart = [math.dist(move, moves[best]) ** 2 for move in moves]
            shares = [
                math.exp(MS.temperature * s * math.exp(-a / 2 / MS.sigma**2))
                for s, a in zip(scores, apart, strict=True)
            ]
            found[n, 0] = sum(share * right for share, (_, right) in zip(shares, moves, strict=True)) / sum(shares)
            found[n, 1] = sum(share * down for share, (down, _) in zip(shares, moves, strict=True)) / sum(shares)
            found[n, 2] = scores[best]
        return found

    def reference(x):
        z = norm(block.chnl_reduction[1], x @ weight.T).clamp_min(0)
        z = z / torch.sqrt((z * z).sum(dim=-1, keepdim=True) + 1e-6)
        y = x.clone()
        for b in range(B):
            pairs = [moved(z[b, t], z[b, t + 1]) for t in range(T - 1)]
            maps = torch.stack([*pairs, pairs[-1]]).view(T, H, W, 3).permute(0, 3, 1, 2)
            added = refine(block, maps).flatten(2).mT
            y[b] += norm(block.norm, added) if start == "identity" else added
        return y

    check(block, reference)


def test_correlation_block_is_its_equations():
    block = randomise(CorrelationBlock(C, T, CORRELATION))
    torch.nn.init.normal_(block.weight)
    reduce, decode = block.reduce[0].weight.flatten(1), block.decode.weight.flatten(1)

    def reference(x):
        z = norm(block.reduce[1], x @ reduce.T).clamp_min(0).mT.reshape(B, T, C // 2, H, W)
        before = torch.stack([z[:, 0], *z[:, :-1].unbind(1)], dim=1)
        s = naive(before.flatten(0, 1), z.flatten(0, 1), 3, 2, 4, block.weight) / 2  # two channels in a group
        s = s.flatten(3).reshape(B, T, H * W, -1)
        return (x + norm(block.norm, s @ decode.T)).clamp_min(0)

    check(block, reference)


@pytest.mark.parametrize("config", [MS, CORRELATION], ids=str)
def test_every_parameter_gets_a_gradient_and_the_order_counts(config):
    block = build_block(config, C, T).double()
    x = pictures(B, C, T, H, W).relu()
    (block(x) * pictures(B, C, T, H, W)).sum().backward()
    assert [name for name, p in block.named_parameters() if not p.grad.abs().sum() > 0] == []
    block = randomise(block)
    assert not torch.allclose(block(x.flip(2)).flip(2), block(x))
    assert config.knows_order


@pytest.mark.parametrize("config", [MotionSqueezeConfig, CorrelationConfig])
def test_identity_start_awakens(config):
    block = build_block(
        config(reduction=2, patch=3, start="identity", **({} if config is MotionSqueezeConfig else {"groups": 2})), C, T
    )
    x = torch.randn(B * T, C, H, W).relu()
    assert torch.equal(block(x), x)
    (block(x) * torch.randn_like(x)).sum().backward()
    assert block.norm.weight.grad.abs().sum() > 0


def test_a_moving_square_is_found():
    """A pattern that moves two columns right and one row up is found where it is, with certainty 1."""
    block = MotionSqueeze(4, 2, MotionSqueezeConfig(reduction=1, patch=7))
    pattern = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(0)).abs()
    one, following = torch.zeros(1, 4, 9, 9), torch.zeros(1, 4, 9, 9)
    one[0, :, 3:6, 3:6] = pattern
    following[0, :, 2:5, 5:8] = pattern
    columns, rows, sure = block.moved(one, following)[0, :, 3:6, 3:6]
    torch.testing.assert_close(sure, torch.ones(3, 3), atol=1e-4, rtol=0)
    centre = (float(columns[1, 1]), float(rows[1, 1]))
    assert centre == pytest.approx((2 / 3, -1 / 3), abs=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MotionSqueezeConfig(patch=4), "patch is 4; it must be odd"),
        (lambda: MotionSqueezeConfig(patch=1), "patch is 1; it must be 3 or more"),
        (lambda: MotionSqueezeConfig(widths=(1, 2)), "widths is"),
        (lambda: MotionSqueezeConfig(temperature=0.0), "temperature is 0"),
        (lambda: CorrelationConfig(patch=2), "CorrelationConfig.patch is 2"),
        (lambda: CorrelationConfig(groups=0), "groups is 0"),
        (lambda: check_block(CorrelationConfig(groups=3), "res3", 16), "groups is 3; it must divide the inner width 4"),
        (lambda: MotionSqueeze(16, 1), "frames is 1"),
    ],
)
def test_configs_name_the_field(make, message):
    with pytest.raises(ValueError, match=message):
        make()
