"""What every backbone promises: features as its config says, blocks at every place, a classifier or a head."""

import dataclasses

import pytest
import torch
from torch import nn

from experiments.study.profiles import SMOKE
from experiments.study.rows import Row
from gta import backbones, heads
from gta.backbones import Network, build_backbone
from gta.config import GTAConfig, ModelConfig, SAConfig, TrainConfig, run_from_dict, to_dict
from gta.config.backbones import Backbone
from gta.config.heads import Head
from gta.model import build_model, inserted_blocks
from gta.training.optimizer import parameter_groups
from tests.support.networks import NARROW, tiny_clip, wake


def places(config):
    return tuple((stage, index) for stage, count in config.stages.items() for index in range(count))


@pytest.fixture(params=NARROW, ids=str)
def config(request):
    return NARROW[request.param]


@pytest.fixture
def clip():
    return tiny_clip()


def test_features_at_every_place_are_as_the_config_says(config, clip):
    torch.manual_seed(0)
    network, seen = build_backbone(config, 5, 8).eval(), {}
    for stage, index in places(config):
        place, module = (stage, index), network.get_submodule(network.stage_modules[stage][index])
        module.register_forward_hook(lambda *args, place=place: seen.__setitem__(place, args[2].shape[:2]))
    scores = network.clip_scores(clip)
    assert scores.shape == (2, 5)
    assert seen == {place: (2 * config.frames(place, 8), config.channels(place)) for place in places(config)}
    assert list(seen) == list(places(config))
    if config.one_map:
        assert network.features(clip).shape[:2] == seen[config.last]


def test_blocks_stand_and_learn_at_every_place(config, clip):
    torch.manual_seed(0)
    model = build_model(ModelConfig(5, 8, config, (SAConfig(),), places(config)))
    assert list(inserted_blocks(model.backbone)) == [f"{stage}[{index}]" for stage, index in places(config)]
    model(clip).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    grouped = [id(p) for group in parameter_groups(model, TrainConfig()) for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())


def test_reversal_changes_the_scores_of_networks_that_know_order_and_of_no_other(config, clip):
    network = wake(build_backbone(config, 5, 8)).eval()
    with torch.no_grad():
        scores, reversed_ = network.clip_scores(clip), network.clip_scores(clip.flip(2))
    assert torch.isfinite(scores).all()
    change, apart = float((scores - reversed_).abs().max()), float((scores[0] - scores[1]).abs().max())
    assert change > 0.02 * apart if config.knows_order else change < 1e-5 * float(scores.abs().max())


def test_it_is_exported(config, clip):
    model = wake(build_model(ModelConfig(5, 8, config, places=()))).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(model, (clip,), dynamic_shapes=({0: batch},)).module()
    for clips in (1, 3):
        x = tiny_clip(clips, seed=1)
        torch.testing.assert_close(program(x), model(x), rtol=1e-4, atol=1e-4)


def test_a_stored_run_of_it_is_read_back(config):
    run = SMOKE.resolve(Row("R2D"), 0)
    model = dataclasses.replace(run.model, backbone=config, frames=8, places=())
    data = dataclasses.replace(run.data, frames=8)
    train = dataclasses.replace(run.train, frozen=("stem",))
    stored = dataclasses.replace(run, model=model, data=data, train=train)
    assert run_from_dict(to_dict(stored)) == stored
    assert run_from_dict(to_dict(stored)).id == stored.id


def test_the_stem_is_part_of_the_network(config):
    network = build_backbone(config, 5, 8)
    assert all(list(network.get_submodule(name).parameters()) for name in network.stem_modules)


def test_a_still_network_takes_the_fewest_frames(config):
    network = build_backbone(config.still, 5, config.still.frame_step)
    assert network.clip_scores(torch.randn(1, 3, config.still.frame_step, 32, 32)).shape == (1, 5)


@dataclasses.dataclass(frozen=True)
class LastFrameConfig(Head):
    kind: str = "last_frame"


class LastFrame(nn.Module):
    def __init__(self, config, channels, frames, classes, dropout):
        super().__init__()
        self.frames, self.linear = frames, nn.Linear(channels, classes)

    def forward(self, features):
        return self.linear(features.mean(dim=(2, 3)).unflatten(0, (-1, self.frames))[:, -1])


def test_a_head_takes_the_place_of_the_classifier(monkeypatch, config, clip):
    monkeypatch.setitem(heads._HEADS, LastFrameConfig, LastFrame)
    if not config.one_map:
        with pytest.raises(ValueError, match=r"ModelConfig.head is .*; it reads one map of features"):
            ModelConfig(5, 8, config, places=(), head=LastFrameConfig())
        return
    model = build_model(ModelConfig(5, 8, config, places=(), dropout=0.0, head=LastFrameConfig()))
    assert [name for name in model.state_dict() if name.startswith("backbone.fc")] == []
    scores = model.eval()(clip)
    changed = clip.clone()
    changed[:, :, -config.frame_step :] += 1
    assert scores.shape == (2, 5)
    assert not torch.allclose(model(changed), scores)


@dataclasses.dataclass(frozen=True)
class OddConfig(Backbone):
    """Modules of different widths in a stage that is called otherwise; the second halves the frames."""

    stages = {"mixed4": 2}  # noqa: RUF012 - in place of the property

    def channels(self, place):
        return (4, 8)[place[1]]

    def frames(self, place, clip_frames):
        return clip_frames // (1, 2)[place[1]]


class Odd(Network):
    stage_modules = {"mixed4": ["first", "second"]}  # noqa: RUF012

    def __init__(self, config, classes, frames, dropout, pool):
        super().__init__()
        self.config = config
        self.first, self.second = nn.Conv2d(3, 4, 1), nn.Conv3d(4, 8, (2, 1, 1), (2, 1, 1))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8, classes)

    def features(self, clip):
        x = self.first(clip.transpose(1, 2).flatten(0, 1))
        return self.second(x.unflatten(0, (len(clip), -1)).transpose(1, 2)).transpose(1, 2).flatten(0, 1)


def test_a_network_of_other_stages_costs_a_config_a_module_and_a_line(monkeypatch, clip):
    monkeypatch.setitem(backbones._NETWORKS, OddConfig, Odd)
    config = ModelConfig(5, 8, OddConfig(), (GTAConfig(groups=1, region_ratio=2),), (("mixed4", 0), ("mixed4", 1)))
    model = build_model(config)
    assert list(inserted_blocks(model)) == ["mixed4[0]", "mixed4[1]"]
    assert [block[0].frames for block in inserted_blocks(model).values()] == [8, 4]
    assert model(clip).shape == (2, 5)
    with pytest.raises(ValueError, match=r"stage 'res3' is not one of mixed4"):
        ModelConfig(5, 8, OddConfig(), places=(("res3", 0),))
    with pytest.raises(ValueError, match=r"mixed4\[2\] does not exist; mixed4 has places 0..1"):
        ModelConfig(5, 8, OddConfig(), places=(("mixed4", 2),))
