"""Parameters and MACs at the paper's scale, against the cells that the paper prints."""

import json

import pytest

from experiments import profile
from experiments.tables import TABLES
from gta.config import ModelConfig, NLConfig
from gta.flops import Cost, cost


@pytest.fixture(scope="module")
def found():
    return profile.cells(list(TABLES.values()))


def test_cells_that_the_paper_pins_agree_to_the_digit(found):
    pinned = [cell for cell in found if cell.paper is not None and "PE" not in cell.row and "GTA" not in cell.row]
    assert len(pinned) == 8  # R2D, + SA, + TA, + SA + TA
    assert {(cell.row, cell.quantity, round(cell.ours, 1)) for cell in pinned} == {
        (cell.row, cell.quantity, cell.paper) for cell in pinned
    }


def test_cells_that_are_not_uniquely_identifiable_are_near(found):
    near = [cell for cell in found if cell.paper is not None and ("PE" in cell.row or "GTA" in cell.row)]
    assert len(near) == 4
    assert all(abs(cell.deviation) < 1.5 for cell in near)
    assert not any(cell.drifted for cell in found)


def test_the_joint_block_agrees_to_the_digit():
    size = cost(ModelConfig(174, blocks=(NLConfig(),)), 224)
    assert (round(size.macs / 1e9, 1), round(size.params / 1e6, 1)) == (61.1, 31.2)


def test_a_drift_is_named_and_fails(monkeypatch, capsys):
    monkeypatch.setattr("gta.flops.cost", lambda model, crop: Cost(30_000_000, 40_000_000_000))
    assert profile.main(["table_ablation_order"]) == 1
    captured = capsys.readouterr()
    assert "drifted: table_ablation_order, R2D: gmacs 40.000, paper 32.7" in captured.err
    assert "+ SA + TAPE" in captured.out


def test_json_and_bad_input(monkeypatch, capsys):
    monkeypatch.setattr("gta.flops.cost", lambda model, crop: Cost(23_860_000, 32_700_000_000))
    profile.main(["table_ablation_order", "--json"])
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["row"], first["quantity"], first["paper"], first["ours"]) == ("R2D", "mparams", 23.9, 23.86)
    assert profile.main(["table_ablation_ordr"]) == 2
    assert "did you mean 'table_ablation_order'" in capsys.readouterr().err
