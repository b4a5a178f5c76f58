"""Parameters and MACs at the paper's scale, against the cells that the paper prints."""

import json

import pytest

from experiments import flops as profile
from experiments.tables import TABLES
from gta.flops import Cost

PINNED = {  # every cell of the paper that its own reading determines: row -> (millions of parameters, GMACs)
    "R2D": (23.9, 32.7),
    "R2D + NL": (31.2, 61.1),
    "R2D + DNL": (31.2, 49.9),
    "SlowFast": (34.0, 131.4),
    "SlowFast + NL": (41.4, 239.9),
    "SlowFast + DNL": (41.4, 169.1),
    "+ SA": (27.5, 41.7),
    "+ TA": (27.5, 41.0),
    "+ SA + TA": (31.2, 49.9),
    "+ SA + TAPE": (31.2, 49.9),
}


@pytest.fixture(scope="module")
def found():
    return profile.cells(list(TABLES.values()))


def ours(found, row, quantity, table=None):
    return next(c.ours for c in found if (c.row, c.quantity) == (row, quantity) and table in (None, c.table))


@pytest.mark.parametrize("row", PINNED)
def test_cells_that_the_paper_pins_agree_to_the_digit(found, row):
    assert abs(ours(found, row, "mparams") - PINNED[row][0]) <= 0.05
    assert abs(ours(found, row, "gmacs") - PINNED[row][1]) <= 0.05


@pytest.mark.parametrize(
    ("row", "gmacs"),
    [("R2D + NL", 77), ("R2D + GTA", 62), ("SlowFast-R101 + NL", 137), ("SlowFast-R101 + GTA", 137)],
)
def test_the_kinetics_cells_agree_to_the_digit(found, row, gmacs):
    assert round(ours(found, row, "gmacs", "table_kinetics")) == gmacs


@pytest.mark.parametrize(("row", "mparams"), [("CGNL", 29.61), ("GloRe", 29.61), ("GCNet", 24.33)])
def test_the_variants_are_as_large_as_published(found, row, mparams):
    assert round(ours(found, row, "mparams"), 2) == mparams


@pytest.mark.parametrize(
    ("row", "mparams", "gmacs"),
    [("R2D + GTA", 31.2, 50.2), ("SlowFast + GTA", 41.4, 169.9), ("+ SA + GTA", 31.2, 50.2)],
)
def test_cells_of_gta_that_are_not_determined_are_near(found, row, mparams, gmacs):
    assert abs(ours(found, row, "mparams") / mparams - 1) < 0.015
    assert abs(ours(found, row, "gmacs") / gmacs - 1) < 0.015


def test_no_cell_drifts_and_every_trained_row_is_counted(found):
    assert not [cell for cell in found if cell.drifted]
    rows = {(table.name, own.name) for table in TABLES.values() for row in table.rows for own in row.trained}
    assert {(cell.table, cell.row) for cell in found} == rows
    assert all(cell.ours > 0 for cell in found)


def test_a_drift_is_named_and_fails(monkeypatch, capsys):
    monkeypatch.setattr("gta.flops.cost", lambda model, crop: Cost(30_000_000, 40_000_000_000))
    assert profile.main(["table_ablation_order"]) == 1
    captured = capsys.readouterr()
    assert "drifted: table_ablation_order, R2D: gmacs 40.000, expected 32.7" in captured.err
    assert "+ SA + TAPE" in captured.out


def test_json_and_bad_input(monkeypatch, capsys):
    monkeypatch.setattr("gta.flops.cost", lambda model, crop: Cost(23_860_000, 32_700_000_000))
    profile.main(["table_ablation_order", "--json"])
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["row"], first["quantity"], first["paper"], first["ours"]) == ("R2D", "mparams", 23.9, 23.86)
    assert profile.main(["table_ablation_ordr"]) == 2
    assert "did you mean 'table_ablation_order'" in capsys.readouterr().err


def test_what_the_paper_says_of_cost(found):
    """Section 4.1: DNL saves computation against NL (18 to 30 % by the paper's own table), GTA adds next to nothing."""
    for backbone, saved in (("R2D", 18.3), ("SlowFast", 29.5)):
        nl, dnl, gta = (ours(found, f"{backbone} + {name}", "gmacs", "table_main") for name in ("NL", "DNL", "GTA"))
        assert 100 * (nl - dnl) / nl == pytest.approx(saved, abs=0.05)
        assert dnl < gta < 1.01 * dnl  # "a negligible increase in computation cost"
        assert gta < nl
