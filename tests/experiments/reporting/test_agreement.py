"""Agreement in size: each pair of runs once, the paper's figures beside it, sums that follow from the lines."""

import dataclasses

import pytest

from experiments.reporting.evidence import agreement
from experiments.reporting.evidence.collect import collect
from experiments.reporting.pages import agreement_page
from experiments.reporting.pictures.agreement_picture import draw_agreement
from experiments.store.store import Store
from experiments.study.claims import greater
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from tests.support import fake_scores

TINY = PROFILES["tiny-v2"]
ORDER, MAIN = TABLES["table_ablation_order"], TABLES["table_main"]
RIGHT = {"R2D": 0.4, "+ SA": 0.42, "+ SA + TA": 0.5, "+ SA + TAPE": 0.7, "+ SA + GTA": 0.8}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Five rows of the order ablation, three of which are rows of the main table too."""
    store = Store(tmp_path_factory.mktemp("results"))
    for row in ORDER.rows:
        for seed in range(3) if row.name in RIGHT else ():
            fake_scores.finish(store.prepare(TINY.resolve(row, seed)), RIGHT[row.name], seed)
    return store, [collect(table, TINY, store) for table in (ORDER, MAIN)]


def test_every_printed_difference_of_rows_that_were_run_stands_there_once(study):
    store, tables = study
    found = agreement.pairs(tables, store)
    names = [(pair.table, pair.measured.contrast) for pair in found]
    assert len(set(names)) == len(names)
    assert {pair.table for pair in found} == {"table_ablation_order"}  # the main table's are the same runs
    run = {row.row.name for row in tables[0].rows if row.results}
    assert {row for pair in found for row, _ in pair.measured.contrast} == run == set(RIGHT)


def test_the_papers_figure_and_the_measured_one_belong_to_the_same_rows(study):
    store, tables = study
    pair = next(p for p in agreement.pairs(tables, store) if p.measured.contrast[0][0] == "+ SA + GTA")
    assert pair.measured.contrast == (("+ SA + GTA", 1.0), ("+ SA + TAPE", -1.0))
    assert pair.paper == pytest.approx(50.6 - 48.4)
    top1 = {row.row.name: row.measure("top1").mean for row in tables[0].rows if row.results}
    assert pair.measured.value == pytest.approx(top1["+ SA + GTA"] - top1["+ SA + TAPE"])
    assert pair.inside == (pair.measured.low <= pair.paper <= pair.measured.high)
    assert not pair.sanity
    assert any(p.sanity for p in agreement.pairs(tables, store))


def test_a_difference_written_the_other_way_round_is_the_same_one(study):
    store, _ = study
    claims = (greater("one", "+ SA", "R2D", "x"), greater("other", "R2D", "+ SA", "x"))
    data = collect(dataclasses.replace(ORDER, claims=claims), TINY, store)
    contrasts = [pair.measured.contrast for pair in agreement.pairs([data], store)]
    assert (("R2D", 1.0), ("+ SA", -1.0)) not in contrasts
    assert (("+ SA", 1.0), ("R2D", -1.0)) in contrasts


def test_the_sums_follow_from_the_lines(study):
    store, tables = study
    found = agreement.pairs(tables, store)
    lines, whole = agreement_page.frame(found), agreement_page.summary_frame(found).set_index("differences")
    assert whole.loc["all", "mean distance"] == f"{(lines['measured'] - lines['paper']).abs().mean():.1f}"
    assert int(whole.loc["all", "paper inside the interval"]) == lines["inside"].sum()
    tests = lines[~lines["sanity_check"]]
    assert int(whole.loc["without sanity checks", "n"]) == len(tests) < len(lines)
    small = tests[tests["paper"].abs() < 3]
    assert whole.iloc[2]["mean distance"] == f"{(small['measured'] - small['paper']).abs().mean():.1f}"
    ranks = lines[["measured", "paper"]].rank().to_numpy()
    centred = ranks - ranks.mean(axis=0)
    rank = (centred[:, 0] * centred[:, 1]).sum() / ((centred**2).sum(axis=0).prod() ** 0.5)
    assert float(whole.loc["all", "rank correlation"]) == pytest.approx(rank, abs=0.006)


def test_page_and_picture(study):
    store, tables = study
    found = agreement.pairs(tables, store)
    page = agreement_page.render(found)
    assert page.count("\n| ablation_order") == len(found)
    assert "(sanity)" in page
    figure = draw_agreement(found, "drawn clips")
    shown = sum(len(marks.get_offsets()) for marks in figure.axes[0].collections)
    assert shown == len(found)
