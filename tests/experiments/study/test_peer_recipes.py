"""The peers at their papers' scale: planned and costed without data or weights."""

import re

import pytest

from experiments.run import main
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES

PLANS = [("table_peers", "ssv1"), ("table_peers", "ssv2"), ("table_peers", "k400"), ("table_kinetics", "k400")]


@pytest.mark.parametrize(("table", "profile"), PLANS)
def test_a_dry_run_plans_and_costs_every_peer(tmp_path, capsys, table, profile):
    folders = ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    assert main([table, "--profile", profile, *folders, "--dry-run"]) == 2
    told = capsys.readouterr()
    rows = [row for row in TABLES[table].rows if PROFILES[profile].runs(row)]
    assert len(rows) > 4
    short = table.removeprefix("table_")
    assert [row.name for row in rows if not row.members and f"{row.name} [{short}]" not in told.out] == []
    assert float(re.search(r"([\d,]+) GPU-hours left", told.out)[1].replace(",", "")) > 10
    errors = [line for line in told.err.splitlines() if line.startswith("error: ")]
    assert errors  # the weights that nobody may download for a person are named, and nothing else is wrong
    assert [line for line in errors if not line.startswith("error: the weights ")] == []


@pytest.mark.parametrize("profile", ["ssv1", "ssv2", "k400"])
def test_every_setting_at_full_scale_names_its_start(profile):
    """CorrNet alone is trained from scratch, on Kinetics."""
    scratch = {name for name, setting in PROFILES[profile].settings.items() if setting.pretrain is None}
    assert scratch == ({"corrnet", "corrnet_r101"} if profile == "k400" else set())


def test_eco_makes_as_many_steps_as_its_authors_on_both_data_sets():
    for profile, clips in (("ssv1", 86_017), ("ssv2", 168_913)):
        train = PROFILES[profile].settings["eco"].train
        steps = [epochs * (clips // train.batch_size) for epochs in (*train.milestones, train.epochs)]
        assert steps == pytest.approx([25_000, 50_000, 60_000], rel=0.06)


def test_views_are_those_of_the_authors():
    views = {name: PROFILES["ssv1"].settings[name].views for name in ("stm", "corrnet", "i3d", "tea", "trn")}
    assert {name: (each.clips, each.crops) for name, each in views.items()} == {
        "stm": (10, 3),
        "corrnet": (10, 1),
        "i3d": (2, 3),
        "tea": (1, 1),
        "trn": (1, 1),
    }


def test_corrnet_goes_on_from_its_own_training_on_kinetics():
    k400, ssv1 = PROFILES["k400"].settings["corrnet"], PROFILES["ssv1"].settings["corrnet"]
    assert (k400.backbone, k400.spots) == (ssv1.backbone, ssv1.spots)
    assert ssv1.pretrain.name == "CorrNet_k400"


@pytest.mark.parametrize("profile", ["ssv1", "ssv2"])
@pytest.mark.parametrize("table", ["table_sota", "table_test_set"])
def test_a_row_that_is_run_sees_as_many_frames_as_the_figure_beside_it(table, profile):
    for row in TABLES[table].rows:
        if not row.trained:
            continue
        cells = row.cells.get("frames") or row.cells["frames x crops x clips"].partition("x")[0]
        printed = sum(int(number) for number in cells.strip("()").split("+"))
        assert sum(PROFILES[profile].resolve(each, 0).model.frames for each in row.trained) == printed, row.name


def test_the_test_table_has_blvnet_tam_of_101_layers():
    assert sum(PROFILES["ssv1"].settings["blvnet_r101"].backbone.depths) * 3 + 2 == 101
    assert sum(PROFILES["ssv1"].settings["blvnet"].backbone.depths) * 3 + 2 == 50


def test_narrow_networks_are_shared_by_longer_and_deeper_ones():
    tables = (TABLES["table_sota"], TABLES["table_test_set"], TABLES["table_peers"])
    ids = [
        {row.name: [PROFILES["tiny-v2"].resolve(each, 0).id for each in row.trained] for row in table.rows}
        for table in tables
    ]
    assert ids[0]["TEA 8"] == ids[1]["TEA"] == ids[2]["TEA"]
    assert ids[1]["STM"] == ids[2]["STM"]
    assert ids[1]["bLVNet-TAM"] == ids[2]["bLVNet-TAM"]
    assert ids[0]["TSM RGB+Flow"] == ids[2]["TSM RGB+Flow"]
    assert ids[0]["TSM RGB+Flow"][:1] == ids[0]["TSM 8"]
