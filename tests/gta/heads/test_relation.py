"""TRN's head: the sum that its paper writes, over tuples that are drawn in training and complete in evaluation."""

import itertools
import math
from collections import Counter

import pytest
import torch
from torch import nn

from gta.config import BackboneConfig, ModelConfig, RelationHeadConfig, TrainConfig
from gta.heads import RelationHead
from gta.heads.relation import LISTED, draw_tuples, evaluated_tuples
from gta.model import build_model
from gta.training.optimizer import parameter_groups

CONFIG = RelationHeadConfig(width=6, bottleneck=5)
NARROW = BackboneConfig((1, 1, 1, 1), 8, "small")


def build(frames=5, config=CONFIG):
    torch.manual_seed(0)
    head = RelationHead(config, 4, frames, 7, dropout=0.5).double()
    nn.init.normal_(head.reduce.weight)
    return head


def explicit(head, features, tuples, frames=5):
    """The sum over scales and tuples, one tuple at a time; ``tuples`` gives those of a scale."""
    x = features.mean(dim=(2, 3)) @ head.reduce.weight.T + head.reduce.bias
    scores = torch.zeros(len(features) // frames, 7, dtype=torch.float64)
    for b in range(len(scores)):
        for k, (_, first, _, last) in zip(range(frames, 1, -1), head.relations, strict=True):
            share = min(3, math.comb(frames, k)) / len(tuples(k))
            for chosen in tuples(k):
                joined = torch.cat([x[b * frames + t] for t in chosen]).clamp_min(0)
                hidden = (first.weight @ joined + first.bias).clamp_min(0)
                scores[b] += share * (last.weight @ hidden + last.bias)
    return scores


@torch.no_grad()
def test_all_tuples_are_an_explicit_sum():
    head, features = build().eval(), torch.randn(10, 4, 2, 3, dtype=torch.float64)
    expected = explicit(head, features, lambda k: list(itertools.combinations(range(5), k)))
    torch.testing.assert_close(head(features), expected)
    torch.testing.assert_close(head(features), head(features))
    assert not torch.allclose(head(features.unflatten(0, (2, 5)).flip(1).flatten(0, 1)), expected)


@torch.no_grad()
@pytest.mark.parametrize("config", [CONFIG, RelationHeadConfig(width=6, bottleneck=5, evaluation="draw")])
def test_drawn_tuples_are_an_explicit_sum_that_changes(config, monkeypatch):
    head, features = build(config=config), torch.randn(10, 4, 2, 3, dtype=torch.float64)
    head.train(config is CONFIG)
    head.pool[1].p = 0.0
    taken = {}
    monkeypatch.setattr("gta.heads.relation.draw_tuples", lambda *args: taken.setdefault(args[1], draw_tuples(*args)))
    scores = head(features)
    assert [len(taken[k]) for k in (5, 4, 3, 2)] == [1, 3, 3, 3]
    torch.testing.assert_close(scores, explicit(head, features, taken.get))
    taken.clear()
    assert not torch.allclose(head(features), scores)


@pytest.mark.parametrize(("frames", "k"), [(5, 3), (12, 6)])
def test_every_tuple_is_drawn_as_often(frames, k):
    torch.manual_seed(0)
    count = math.comb(frames, k)
    seen = Counter(drawn for _ in range(4 * count) for drawn in draw_tuples(frames, k, 3))
    assert (count > LISTED) == (frames == 12)
    assert all(len(set(drawn)) == k and list(drawn) == sorted(drawn) for drawn in seen)
    assert sum(seen.values()) == 12 * count  # three different ones at each draw
    expected = 12 * (1 - 3 / count)
    statistic = sum((seen[drawn] - 12) ** 2 for drawn in itertools.combinations(range(frames), k)) / expected
    assert abs(statistic - count) < 4 * math.sqrt(2 * count)


def test_draws_come_from_torch_and_differ_within_a_draw():
    torch.manual_seed(3)
    first = [draw_tuples(8, 4, 3), draw_tuples(16, 8, 3)]
    torch.manual_seed(3)
    assert first == [draw_tuples(8, 4, 3), draw_tuples(16, 8, 3)]
    assert all(len(set(drawn)) == 3 for drawn in first)
    assert draw_tuples(8, 8, 3) == [tuple(range(8))]


def test_long_clips_are_evaluated_on_fixed_tuples():
    found = evaluated_tuples(16, 8, 100)
    assert found == evaluated_tuples(16, 8, 100)
    assert len(set(found)) == 100
    assert all(list(chosen) == sorted(set(chosen)) and len(chosen) == 8 for chosen in found)
    assert sum(len(evaluated_tuples(8, k, 256)) for k in range(2, 9)) == 247


def test_trn_trains_every_parameter_in_one_group_and_knows_the_order():
    torch.manual_seed(0)
    model = build_model(ModelConfig(7, 8, NARROW, places=(), dropout=0.0, head=CONFIG))
    nn.init.normal_(model.head.reduce.weight)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    clip = torch.randn(2, 3, 8, 32, 32)
    (model(clip) * torch.randn(2, 7)).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []
    grouped = [id(p) for group in parameter_groups(model, TrainConfig()) for p in group["params"]]
    assert sorted(grouped) == sorted(map(id, model.parameters()))
    assert not torch.allclose(model.eval()(clip), model(clip.flip(2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RelationHeadConfig(tuples=0), "RelationHeadConfig.tuples is 0"),
        (lambda: build(frames=1), "frames is 1; relations"),
        (lambda: build()(torch.randn(6, 4, 2, 2, dtype=torch.float64)), "frames is 5, which does not divide 6"),
    ],
)
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
