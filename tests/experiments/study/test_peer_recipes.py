"""The peers at their papers' scale: planned and costed without data or weights."""

import re

import pytest

from experiments.run import main
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES

FEW = "[STI]*"
"""Rows of each kind: modules in branches, heads, volumes."""


@pytest.mark.parametrize("profile", ["ssv1", "k400"])
def test_a_dry_run_plans_and_costs_the_peers(tmp_path, capsys, profile):
    folders = ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    assert main(["table_peers", "--rows", FEW, "--profile", profile, *folders, "--dry-run"]) == 2
    told = capsys.readouterr()
    rows = [row for row in TABLES["table_peers"].rows if row.name[0] in "STI" and PROFILES[profile].runs(row)]
    assert len(rows) > 2
    assert [row.name for row in rows if not row.members and f"{row.name} [peers]" not in told.out] == []
    assert float(re.search(r"([\d,]+) GPU-hours left", told.out)[1].replace(",", "")) > 10
    errors = [line for line in told.err.splitlines() if line.startswith("error: ")]
    assert errors  # the weights that nobody may download for a person are named, and nothing else is wrong
    assert [line for line in errors if not line.startswith("error: the weights ")] == []
