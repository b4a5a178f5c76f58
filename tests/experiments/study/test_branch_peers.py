"""STM, TEA and TAM as settings: narrow under the common recipe, at full scale under their own."""

import dataclasses

import pytest

from experiments.flops import at_paper_scale
from experiments.study.profiles import K400, SSV1, TINY
from experiments.study.rows import Row
from experiments.tables.models import GTA
from gta.flops import cost

PEERS = ("stm", "tea", "tam")


@pytest.mark.parametrize("name", PEERS)
def test_a_narrow_peer_differs_from_r2d_in_its_branch_and_in_a_res2_that_learns(name):
    r2d, peer = TINY.settings["r2d"], TINY.settings[name]
    assert peer.backbone.branch.kind == name
    assert dataclasses.replace(peer.backbone, branch=None) == r2d.backbone
    assert peer.train == dataclasses.replace(r2d.train, frozen=("stem",))
    run = TINY.resolve(Row("with GTA", GTA, backbone=name), 0)
    assert run.model.places == TINY.resolve(Row("GTA", GTA), 0).model.places
    assert Row("with GTA", GTA, backbone=name).family == f"{name}+gta"


@pytest.mark.parametrize(("name", "gmacs"), [("stm", 33.08), ("tea", 34.54)])
def test_full_scale_is_that_of_the_papers(name, gmacs):
    model, crop = at_paper_scale(Row(name, backbone=name))
    assert cost(model, crop).macs / 1e9 == pytest.approx(gmacs, rel=0.005)


def test_recipes_of_the_authors():
    tea = SSV1.settings["tea"]
    assert (tea.train.lr, tea.train.batch_size, tea.train.milestones) == (0.02, 64, (30, 40, 45))
    assert tea.pretrain.name == "res2net50_26w_4s.in1k"
    assert SSV1.settings["tam"].train.schedule == "cosine"
    assert K400.settings["stm"].train.milestones == (50, 75, 90)
