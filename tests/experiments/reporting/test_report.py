"""The report: cells, pages that depend on the store alone, and a check that finds an edited number."""

from __future__ import annotations

import csv
import json

import pytest

from experiments.report import main
from experiments.reporting.evidence.collect import collect
from experiments.reporting.evidence.measure import Measure
from experiments.reporting.evidence.sizes import size_of
from experiments.reporting.files import read_table, table_files, write_one
from experiments.reporting.pages import cells
from experiments.reporting.pages.frames import formatted_frame
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from tests.support import fake_child

NAME = "table_ablation_components"
TABLE = TABLES[NAME]
SMOKE, TINY = PROFILES["smoke"], PROFILES["tiny-v2"]


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Results without scores: 3 seeds of row 0, one of row 1, row 2 failed, row 3 done and failed, two rows missing."""
    monkeypatch.setattr("experiments.reporting.check.incomplete", lambda *arguments: [])
    store = Store(tmp_path)
    for row, seed, top1 in ((0, 0, 50.0), (0, 1, 50.6), (0, 2, 50.2), (1, 0, 48.0), (3, 1, 49.0)):
        fake_child.finish(store.prepare(TINY.resolve(TABLE.rows[row], seed)), top1=top1)
    for row, seed in ((2, 0), (3, 0)):
        store.write_error(store.prepare(TINY.resolve(TABLE.rows[row], seed)).name, "out of memory")
    return store


def rendered(table, profile, store):
    """The table's files by suffix."""
    return {
        name.removeprefix(table.name): text for name, text in table_files(read_table(table, profile, store)).items()
    }


def column(store, name):
    return list(formatted_frame(collect(TABLE, TINY, store))[name])


def test_cells(store):
    assert column(store, "top-1") == ["50.3 ± 0.3 (n=3)", "48.0 (n=1)", "†", "49.0 (n=1) †", "–", "–"]
    assert column(store, "Δ") == ["", "-2.0", "–", "-1.6", "–", "–"]  # paired: seed 1 of row 3 against seed 1
    assert column(store, "paper top-1") == ["50.6", "49.6", "47.9", "49.4", "49.1", "46.3"]
    assert column(store, "paper Δ") == ["", "-1.0", "-2.7", "-1.2", "-1.5", "-4.3"]
    costs = [size_of(TINY.resolve(row, 0)) for row in TABLE.rows]
    assert column(store, "params (M)")[:2] == [f"{params / 1e6:.3f}" for params, _ in costs[:2]]
    assert column(store, "MACs (M)")[0] == f"{costs[0][1] / 1e6:.1f}"
    assert column(store, "Pixel") == ["✓", "✓", "", "✓", "✓", ""]


def test_a_run_in_another_precision_is_named(tmp_path):
    store = Store(tmp_path)
    for row, precision in zip(TABLE.rows[:3], ("bf16-mixed", "bf16-mixed", "32-true"), strict=True):
        folder = store.prepare(TINY.resolve(row, 0))
        fake_child.finish(folder)
        if precision != "bf16-mixed":
            env = json.loads((folder / "env.json").read_text()) | {"precision": precision}
            (folder / "env.json").write_text(json.dumps(env))
            odd = folder.name
        page = rendered(TABLE, TINY, store)[".md"]
        assert ("uses one precision" in page) is (precision == "32-true")
    assert f"Most runs were computed in bf16-mixed, these were not: {odd} (32-true)" in page


def test_unknown_is_not_missing(tmp_path):
    store = Store(tmp_path)
    fake_child.finish(store.prepare(TINY.resolve(TABLE.rows[0], 0)), pair_accuracy=None, kinds={})
    assert column(store, "within pair") == ["n/a", "–", "–", "–", "–", "–"]


def test_spread_and_sign():
    assert cells.spread(Measure(-0.04, None, 1), sign=True) == "+0.0"
    assert cells.spread(Measure(1.25, 0.5, 3), sign=True, seeds=True) == "+1.2 ± 0.5 (n=3)"


def test_page_says_what_was_measured_and_where_it_comes_from(store):
    page = rendered(TABLE, TINY, store)[".md"]
    assert page.startswith("# Contribution of the components of GTA\n")
    assert "drawn clips (`tiny-v2`" in page
    assert "not on Something-Something v1" in page
    assert "python -m experiments.run table_ablation_components --profile tiny-v2 --seeds 0,1,2" in page
    assert "Not all rows have the same seeds" in page
    assert "† Region + CCMH, seed 0: out of memory" in page
    assert "data fingerprint, seed 1: f00dfeed" in page
    assert "torch 2.14.1" in page
    assert "0123456789ab" in page
    assert TINY.resolve(TABLE.rows[0], 2).id in page
    assert "nan" not in page.lower().replace("provenance", "")
    assert "smoke" not in page


def test_smoke_is_marked(tmp_path):
    store = Store(tmp_path)
    fake_child.finish(store.prepare(SMOKE.resolve(TABLE.rows[0], 0)))
    assert "**smoke: not a result.**" in rendered(TABLE, SMOKE, store)[".md"]


def test_csv_holds_numbers(store):
    lines = list(csv.DictReader(rendered(TABLE, TINY, store)[".csv"].splitlines()))
    assert [line["row"] for line in lines] == [row.name for row in TABLE.rows]
    first, second, failed = lines[:3]
    assert float(first["top1"]) == pytest.approx(50.266667)
    assert float(first["top1_std"]) == pytest.approx(0.305505)
    assert (first["n"], first["seeds"]) == ("3", "0 1 2")
    assert float(second["delta"]) == pytest.approx(-2.0)
    assert second["top1_std"] == ""
    assert (failed["top1"], failed["failed_seeds"]) == ("", "0")
    assert float(failed["paper_delta"]) == pytest.approx(-2.7)


def test_equal_stores_give_equal_pages(store):
    assert rendered(TABLE, TINY, store) == rendered(TABLE, TINY, Store(store.results))


def test_equal_pictures_are_equal_files(store):
    paths = [store.results / "tiny-v2" / f"{NAME}{suffix}" for suffix in (".png", "_curves.png")]
    write_one(read_table(TABLE, TINY, store), store)
    first = [path.read_bytes() for path in paths]
    write_one(read_table(TABLE, TINY, store), store)
    assert [path.read_bytes() for path in paths] == first
    assert all(len(content) < 150_000 for content in first)


def test_check_agrees_then_finds_an_edited_number(store, capsys):
    arguments = [NAME, "--results", str(store.results)]
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    path = store.results / "tiny-v2" / f"{NAME}.md"
    path.write_text(path.read_text().replace("48.0\u00a0(n=1)", "58.0\u00a0(n=1)"))
    capsys.readouterr()
    assert main([*arguments, "--check"]) == 1
    out = capsys.readouterr().out
    assert str(path) in out
    assert "58.0\u00a0(n=1)" in out
    assert "48.0\u00a0(n=1)" in out
    assert main(arguments) == 0
    assert main([*arguments, "--check", "--profile", "tiny-v2"]) == 0


def test_check_finds_an_edited_csv_a_missing_file_and_a_stranger(store, capsys):
    arguments = ["--results", str(store.results)]
    assert main(arguments) == 0
    folder = store.results / "tiny-v2"
    (folder / f"{NAME}.csv").unlink()
    (folder / "table_of_dreams.md").write_text("99.9")
    assert main([*arguments, "--check"]) == 1
    out = capsys.readouterr().out
    assert f"{NAME}.csv differs" in out
    assert "table_of_dreams.md: no such table" in out


def test_check_finds_a_changed_result(store):
    arguments = [NAME, "--results", str(store.results)]
    assert main(arguments) == 0
    path = store.folder(TINY.resolve(TABLE.rows[1], 0).id) / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "top1": 48.3}))
    assert main([*arguments, "--check"]) == 1


def test_mistakes_are_one_line(tmp_path, capsys):
    for arguments in (["table_x"], ["--profile", "tinny"], ["--chek"], []):
        assert main([*arguments, "--results", str(tmp_path)]) == 2
        err = capsys.readouterr().err
        assert err.startswith("error: ")
        assert err.count("\n") == 1


def test_the_command_names_the_seeds_that_all_rows_have(tmp_path):
    store = Store(tmp_path)
    for row in range(6):
        for seed in (0, 1, 3) if row else range(5):
            fake_child.finish(store.prepare(TINY.resolve(TABLE.rows[row], seed)))
    page = rendered(TABLE, TINY, store)[".md"]
    assert f"experiments.run {NAME} --profile tiny-v2 --seeds 0,1,3\n" in page
    assert "the seeds that all measured rows have" in page
    assert "Not all rows have the same seeds" in page
