"""From tables to runs: what is equal is trained once, and every default is part of a run's identity."""

from __future__ import annotations

import json

import pytest

from experiments.store.store import State, Store
from experiments.study.plan import headline, make_plan, select_rows
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta.config import content_id, run_from_dict, to_dict
from gta.errors import UserError
from tests import golden

SMOKE = PROFILES["smoke"]


@pytest.fixture
def plan(tmp_path):
    def make(*tables, rows=None, seeds=(0,)):
        chosen = select_rows([TABLES[name] for name in tables], rows)
        return make_plan(chosen, SMOKE, seeds, Store(tmp_path))

    return make


def test_equal_rows_of_two_tables_are_one_run(plan):
    runs = plan("table_ablation_components", "table_ablation_order")
    assert len(runs) == 11
    shared = [run for run in runs.values() if len(run.uses) > 1]
    assert [run.uses for run in shared] == [
        [("table_ablation_components", "Pixel + Region + CCMH"), ("table_ablation_order", "+ SA + GTA")]
    ]
    assert shared[0].tables == ["table_ablation_components", "table_ablation_order"]


def test_first_seed_of_all_rows_comes_first(plan):
    runs = plan("table_ablation_components", seeds=(0, 1))
    assert [run.config.seed for run in runs.values()] == [0] * 6 + [1] * 6


def test_headline(plan):
    runs = plan("table_ablation_components").values()
    for run, state in zip(runs, State, strict=False):
        run.state = state
    assert headline(6, 1, runs) == (
        "6 rows x 1 seed, 6 distinct runs: 1 done, 1 running elsewhere, 1 to resume, "
        "1 failed before, to try again, 2 new"
    )


def test_rows_are_chosen_by_a_shell_pattern(plan):
    assert [run.uses[0][1] for run in plan("table_ablation_components", rows="Pixel*CCMH").values()] == [
        "Pixel + Region + CCMH",
        "Pixel + CCMH",
    ]
    with pytest.raises(UserError, match="matches no row"):
        plan("table_ablation_components", rows="pixel")


@pytest.mark.parametrize("profile", golden.run_ids())
def test_identities_are_those_of_the_golden_file(profile):
    stored = json.loads(golden.RUN_IDS.read_text())
    assert golden.run_ids()[profile] == stored.get(profile), "if meant: python -m tests.golden"


def test_identity_survives_the_disk():
    config = SMOKE.resolve(TABLES["table_ablation_order"].rows[4], 3)
    content = json.loads(json.dumps(to_dict(config)))
    assert content_id(content) == config.id == run_from_dict(content).id


def test_seed_and_profile_are_part_of_the_identity():
    row = TABLES["table_ablation_order"].rows[0]
    ids = {PROFILES[name].resolve(row, seed).id for name in ("smoke", "tiny-v2") for seed in (0, 1)}
    assert len(ids) == 4
