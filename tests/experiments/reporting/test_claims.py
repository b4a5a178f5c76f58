"""Claims: what can be claimed, the bootstrap behind a verdict, and the pages that show it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from experiments.reporting.evidence.bootstrap import REPLICATES, replicate_means
from experiments.reporting.evidence.claim_tests import judge_claims
from experiments.reporting.evidence.collect import collect
from experiments.reporting.evidence.contrasts import Differences, detectable
from experiments.reporting.evidence.verdicts import Outcome, Tested, Verdict, holm
from experiments.reporting.pages.claim_cells import contrast_text, detectable_text, seeds_text
from experiments.reporting.pages.claims_page import claims_csv, claims_frame, render_claims, summary
from experiments.store.store import Store
from experiments.study.claims import Claim, above_mean, each_greater, greater, helps_more, mean_above, within
from experiments.study.profiles import PROFILES
from experiments.study.rows import Row, Table
from experiments.tables import TABLES
from gta import files
from gta.config import ViewsConfig
from gta.config.views import view_table
from tests.support import fake_scores

TINY, SECOND = PROFILES["tiny-v2"], PROFILES["tiny-v2"]
ROWS = tuple(
    dataclasses.replace(row, name=name) for name, row in zip("ABCD", TABLES["table_ablation_order"].rows, strict=False)
)
CLAIMS = (
    greater("A > B", "A", "B", "A beats B"),
    greater("B > A", "B", "A", "B beats A"),
    greater("A is best", "A", ("B", "C"), "A is best"),
    within("B is about C", "B", "C", 20, "B is like C", "as wide as twenty points"),
    within("A is about B", "A", "B", 5, "A is like B", "five points"),
    helps_more("A - B > C - B", ("A", "B"), ("C", "B"), "more"),
    greater("A > D", "A", "D", "D was never run"),
)
TABLE = dataclasses.replace(TABLES["table_ablation_order"], rows=ROWS, claims=CLAIMS, reference="A", title="Letters")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A right on 80 % of the clips, B and C on 50 %, three seeds; D not there."""
    store = Store(tmp_path_factory.mktemp("results"))
    for number, (row, right) in enumerate(zip(ROWS[:3], (0.8, 0.5, 0.5), strict=True)):
        for seed in range(3):
            fake_scores.finish(store.prepare(TINY.resolve(row, seed)), right, 10 * number + seed)
    return store


def test_every_kind_of_claim_has_its_verdict(store):
    found = {verdict.claim.name: verdict for verdict in judge_claims(collect(TABLE, TINY, store), store)}
    outcomes = {name: verdict.outcome for name, verdict in found.items()}
    assert outcomes == {
        "A > B": Outcome.SUPPORTED,
        "B > A": Outcome.CONTRADICTED,
        "A is best": Outcome.SUPPORTED,
        "B is about C": Outcome.SUPPORTED,
        "A is about B": Outcome.CONTRADICTED,
        "A - B > C - B": Outcome.SUPPORTED,
        "A > D": Outcome.NOT_MEASURED,
    }
    assert found["A > D"].why == "no run of D"
    best = found["A is best"]
    assert best.closest.difference == min(tested.difference for tested in best.tested)
    means = {row.row.name: row.measure("top1").mean for row in collect(TABLE, TINY, store).rows if row.results}
    assert found["A > B"].closest.difference == pytest.approx(means["A"] - means["B"])
    assert found["A > B"].closest.low < found["A > B"].closest.difference < found["A > B"].closest.high


def test_of_a_contradicted_claim_the_surest_contrast_is_shown():
    sure = Tested((("A", 1.0), ("B", -1.0)), -3.0, -4.0, -2.0, 1.0, 0.001, (0, 1, 2))
    wide = Tested((("A", 1.0), ("C", -1.0)), -6.0, -14.0, 2.0, 1.0, 0.2, (0, 1))
    claim = greater("A is best", "A", ("B", "C"), "A is best")
    verdict = Verdict("t", claim, Outcome.CONTRADICTED, (wide, sure), 1200)
    assert verdict.closest == sure
    assert verdict.seeds == (0, 1)
    assert dataclasses.replace(verdict, outcome=Outcome.UNDECIDED).closest == wide


def test_of_a_supported_claim_the_least_sure_contrast_is_shown():
    sure = Tested((("A", 1.0), ("B", -1.0)), 4.0, 3.0, 5.0, 0.0001, 1.0, (0, 1, 2))
    wide = Tested((("A", 1.0), ("C", -1.0)), 9.0, 0.5, 17.5, 0.04, 1.0, (0, 1, 2))
    claim = greater("A is best", "A", ("B", "C"), "A is best")
    assert Verdict("t", claim, Outcome.SUPPORTED, (sure, wide), 1200).closest == wide


def test_equal_rows_are_undecided(store):
    table = dataclasses.replace(TABLE, claims=(greater("B > C", "B", "C", "no difference"),))
    assert judge_claims(collect(table, TINY, store), store)[0].outcome is Outcome.UNDECIDED


def test_rows_with_equal_answers_are_equivalent(tmp_path):
    store = Store(tmp_path)
    for row in ROWS[:2]:
        for seed in range(3):
            fake_scores.finish(store.prepare(TINY.resolve(row, seed)), 0.6, seed)
    (verdict,) = judge_claims(collect(dataclasses.replace(TABLE, claims=CLAIMS[:1]), TINY, store), store)
    assert (verdict.closest.low, verdict.closest.difference, verdict.closest.high) == (0, 0, 0)
    assert verdict.outcome is Outcome.EQUIVALENT


def test_a_wide_interval_around_the_range_contradicts_nothing(tmp_path):
    """Two seeds far below and one far above: no more mass inside than out of reach, and still no evidence."""
    store = Store(tmp_path)
    for seed, right in enumerate((0.2, 0.2, 0.9)):
        fake_scores.finish(store.prepare(TINY.resolve(ROWS[0], seed)), right, seed)
        fake_scores.finish(store.prepare(TINY.resolve(ROWS[1], seed)), 0.5, 10 + seed)
    table = dataclasses.replace(TABLE, claims=(within("A is about B", "A", "B", 1.8, "x", "1.8 points"),))
    (verdict,) = judge_claims(collect(table, TINY, store), store)
    assert verdict.closest.low < -1.8 < 1.8 < verdict.closest.high
    assert verdict.outcome is Outcome.UNDECIDED


def test_each_contrast_has_the_seeds_of_its_own_rows(tmp_path):
    store = Store(tmp_path)
    for row, right, seeds in zip(ROWS[:3], (0.9, 0.5, 0.4), ((0, 1, 2), (0, 1), (0, 1, 2)), strict=True):
        for seed in seeds:
            fake_scores.finish(store.prepare(TINY.resolve(row, seed)), right, 10 * seed + len(seeds))
    (verdict,) = judge_claims(collect(dataclasses.replace(TABLE, claims=CLAIMS[2:3]), TINY, store), store)
    assert [tested.seeds for tested in verdict.tested] == [(0, 1), (0, 1, 2)]
    assert verdict.seeds == (0, 1)


def test_rows_that_started_from_different_weights_are_not_paired(tmp_path):
    store = Store(tmp_path)
    for row, right, starts in zip(ROWS[:2], (0.9, 0.5), ("aab", "abb"), strict=True):
        for seed, start in enumerate(starts):
            folder = store.prepare(TINY.resolve(row, seed))
            fake_scores.finish(folder, right, 10 * seed)
            files.write_json(folder / "env.json", {"pretrained_sha256": start})
    data = collect(dataclasses.replace(TABLE, claims=CLAIMS[:1]), TINY, store)
    (verdict,) = judge_claims(data, store)
    assert verdict.seeds == (0, 2)
    assert verdict.why == "without seed 1, whose rows started from different weights"
    for seed in (0, 2):
        files.write_json(store.folder(TINY.resolve(ROWS[0], seed).id) / "env.json", {"pretrained_sha256": "c"})
    (verdict,) = judge_claims(collect(data.table, TINY, store), store)
    assert (verdict.outcome, verdict.why) == (
        Outcome.NOT_MEASURED,
        "its rows started from different pre-trained weights",
    )


def test_one_seed_decides_nothing(tmp_path):
    store = Store(tmp_path)
    for row, right in zip(ROWS[:2], (0.9, 0.1), strict=True):
        fake_scores.finish(store.prepare(TINY.resolve(row, 0)), right, 0)
    (verdict,) = judge_claims(collect(dataclasses.replace(TABLE, claims=CLAIMS[:1]), TINY, store), store)
    assert verdict.outcome is Outcome.UNDECIDED
    assert "one seed" in verdict.why
    assert holm([verdict]) == set()


def test_rows_on_different_clips_are_not_compared(tmp_path):
    store = Store(tmp_path)
    for row, clips in zip(ROWS[:2], (240, 48), strict=True):
        folder = store.prepare(TINY.resolve(row, 0))
        labels, scores = fake_scores.draw_scores(0.5, 0, clips)
        fake_scores.fake_child.finish(folder, **fake_scores.figures(labels, scores))
        fake_scores.save_scores(folder / "scores.npz", labels, scores)
    (verdict,) = judge_claims(collect(dataclasses.replace(TABLE, claims=CLAIMS[:1]), TINY, store), store)
    assert (verdict.outcome, verdict.why) == (Outcome.NOT_MEASURED, "its rows were measured on different clips")


def test_the_bootstrap_spreads_as_theory_says():
    rng = np.random.default_rng(0)
    differences = rng.integers(-1, 2, size=(40, 900)).astype(float)  # no effect of seeds, nothing common to clips
    means = replicate_means(differences)
    assert means.shape == (REPLICATES,)
    assert means.mean() == pytest.approx(differences.mean(), abs=0.002)
    assert means.std() == pytest.approx(differences.std() / math.sqrt(40 * 900), rel=0.3)
    seeds = np.repeat(rng.normal(size=(5, 1)), 300, axis=1)  # an effect of seeds alone: Student's t with 4 degrees
    low, high = np.quantile(replicate_means(seeds), [0.025, 0.975])
    assert (high - low) / 2 == pytest.approx(2.776 * seeds[:, 0].std(ddof=1) / math.sqrt(5), rel=0.05)
    clips = np.repeat(rng.normal(size=(1, 500)), 3, axis=0)  # the same clips in every seed do not average out
    assert replicate_means(clips).std() == pytest.approx(clips[0].std() / math.sqrt(500), rel=0.05)


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.04, 0.08])
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_cover_the_truth(seeds, spread):
    """As the page says; 100 trials of a true 95 % give 90 or less once in fifty times."""
    rng, covered, trials = np.random.default_rng(0), 0, 100
    for _ in range(trials):
        clips = rng.normal(size=(1, 1200)) * 0.35 + rng.normal(size=(seeds, 1200)) * 0.4
        below, above = np.quantile(replicate_means(rng.normal(size=(seeds, 1)) * spread + clips), [0.025, 0.975])
        covered += below < 0 < above
    assert covered / trials > 0.9


def test_a_small_p_value_is_as_rare_as_it_says():
    """Holm's first step asks for one in a thousand: with few seeds that far apart it must not be cheap."""
    rng, rare, trials = np.random.default_rng(1), 0, 300
    for _ in range(trials):
        clips = rng.normal(size=(1, 1200)) * 0.35 + rng.normal(size=(3, 1200)) * 0.4
        means = replicate_means(rng.normal(size=(3, 1)) * 0.06 + clips)
        rare += 2 * min((means <= 0).sum(), (means >= 0).sum()) < 0.0009 * REPLICATES
    assert rare <= 3


def test_replicates_do_not_depend_on_what_was_asked_before():
    data = np.random.default_rng(0).integers(-1, 2, size=(3, 200)).astype(float)
    first = replicate_means(data)
    replicate_means(data[:2, :120])
    assert np.array_equal(first, replicate_means(data))


def test_holm_keeps_the_small_p_values(store):
    found = judge_claims(collect(TABLE, TINY, store), store)
    assert ("table_ablation_order", "A > B") in holm(found)
    assert ("table_ablation_order", "A > D") not in holm(found)
    assert holm(found, alpha=1e-9) == set()


def test_holm_reads_the_p_value_of_the_outcome():
    """A small difference may be surely above zero at 3 %, and surely below one point at 0.1 %."""

    def verdict(name, outcome, **p):
        values = {"p_for": 1.0, "p_against": 1.0, "p_same": 1.0} | p
        contrast = (("A", 1.0), ("B", -1.0))
        tested = Tested(contrast, 0.3, 0.0, 0.5, seeds=(0, 1), **values)
        return Verdict("table", greater(name, "A", "B", "words"), outcome, (tested,))

    small = verdict("small", Outcome.SUPPORTED, p_for=0.03, p_same=0.001)
    others = [verdict(name, Outcome.UNDECIDED, p_for=0.5) for name in ("second", "third")]
    assert small.p == 0.03
    assert holm([small, *others]) == set()
    assert holm([verdict("same", Outcome.EQUIVALENT, p_for=0.06, p_same=0.001), *others]) == {("table", "same")}
    assert verdict("against", Outcome.CONTRADICTED, p_for=0.9, p_against=0.02).p == 0.02


def test_the_seeds_and_the_detectable_difference_are_those_of_the_one_that_is_shown():
    contrasts = [(("A", 1.0), (other, -1.0)) for other in "BC"]
    near = Tested(contrasts[0], 0.1, -0.5, 0.7, 0.8, 1.0, (0, 1, 2), detectable=1.5)
    far = Tested(contrasts[1], 9.0, 8.0, 10.0, 0.01, 1.0, (0,), detectable=4.0)
    verdict = Verdict("table", greater("A is best", "A", ("B", "C"), "words"), Outcome.UNDECIDED, (near, far))
    assert (seeds_text(verdict), detectable_text(verdict)) == ("3", "1.5")


def test_claims_page_and_csv(store):
    data = collect(TABLE, TINY, store)
    data.verdicts = judge_claims(data, store)
    page = render_claims([data])
    assert "**7 claims: 4 supported, 2 contradicted, 0 equivalent, 0 undecided, 1 not measured. Each is tested" in page
    assert "of the 6 that are decided, 6 survive Holm's correction within their table" in page
    assert "6 are younger than a run that they read" in page  # they stand in no protocol
    assert "“A beats B”" in page
    assert "not on the paper's data sets" in page
    assert "paper -0.9, outside the interval:" in page  # 17.0 - 17.9, the figures of the rows that stand behind A and B
    lines = list(csv.DictReader(io.StringIO(claims_csv([data]))))
    assert [line["verdict"] for line in lines][:2] == ["supported", "contradicted"]
    assert lines[-1]["difference"] == ""
    assert float(lines[0]["low"]) < float(lines[0]["difference"]) < float(lines[0]["high"])
    data.verdicts = judge_claims(collect(TABLE, TINY, store), store)
    assert render_claims([data]) == page


def test_a_claim_names_rows_of_its_table_and_balances():
    with pytest.raises(ValueError, match="do not add up to zero"):
        Claim("odd", "x", ((("A", 1.0),),))
    with pytest.raises(ValueError, match="a contrast and a range"):
        Claim("empty", "x", ())
    with pytest.raises(ValueError, match="speak of its rows"):
        dataclasses.replace(TABLE, claims=(greater("A > Z", "A", "Z", "x"),))
    quoted = Row("Q", quoted=True)
    with pytest.raises(ValueError, match="speak of its rows"):
        Table("t", "t", "d", (ROWS[0], quoted), "A", claims=(greater("A > Q", "A", "Q", "x"),))
    shared = helps_more("x", ("A", "B"), ("C", "B"), "x")
    assert shared.contrasts == ((("A", 1.0), ("C", -1.0)),)
    assert each_greater("x", [("A", "B"), ("C", "B")], "x").rows == ("A", "B", "C")


def test_the_paper_has_said_enough_and_its_own_figures_agree():
    claims = [(table, claim) for table in TABLES.values() for claim in table.claims]
    assert len(claims) >= 25
    assert all(table.claims for name, table in TABLES.items() if name != "table_test_set")
    for table, claim in claims:
        for metric in ("top1", "v2_top1"):
            paper = claim.in_paper({row.name: row.paper[metric] for row in table.rows if metric in row.paper})
            for value in paper or ():
                assert claim.low < value < claim.high, f"{table.name}: {claim.name}: {value}"


def test_summary_without_any_test():
    assert summary([]).startswith("0 claims")


def test_a_claim_is_a_sanity_check_when_only_one_side_of_all_its_differences_knows_order():
    for table in TABLES.values():
        knows = {row.name: row.knows_order for row in table.rows}
        for claim in table.claims:
            unlike = [abs(sum(w for row, w in contrast if knows[row])) > 1e-9 for contrast in claim.contrasts]
            assert all(unlike) is bool(claim.sanity), f"{table.name}: {claim.name}"


def test_shapes_are_one_contrast():
    peak = above_mean("peak", "A", ("B", "C"), "x")
    assert peak.contrasts == ((("A", 1.0), ("B", -0.5), ("C", -0.5)),)
    assert mean_above("mean", ("A", "B"), "C", "x").contrasts == ((("A", 0.5), ("B", 0.5), ("C", -1.0)),)
    assert contrast_text(peak.contrasts[0]) == "A − mean of B and C"


def two_way(whole_SN):
    """Mean, standard error and degrees of freedom of a two-way random-effects model (seeds x clips, Satterthwaite)."""
    seeds, clips = whole_SN.shape
    by_seed, by_clip, mean = whole_SN.mean(axis=1), whole_SN.mean(axis=0), whole_SN.mean()
    rest = whole_SN - by_seed[:, None] - by_clip + mean
    squares = np.array([clips * by_seed.var(ddof=1), seeds * by_clip.var(ddof=1)])
    error = (rest**2).sum() / ((seeds - 1) * (clips - 1))
    freedom = np.array([seeds - 1, clips - 1])
    variance = max(squares.sum() - error, squares.max())
    return mean, math.sqrt(variance / (seeds * clips)), variance**2 / (squares**2 / freedom).sum()


def test_a_two_way_model_gives_the_same_intervals_on_made_up_runs():
    """Five seeds whose rows differ by a few points, on clips of which some are hard for every row."""
    rng = np.random.default_rng(2)
    for noise in (0.0, 0.01, 0.03):
        hard = rng.beta(4, 1, size=(1, 1, 1200))
        right = np.clip(hard + rng.normal(size=(2, 5, 1)) * noise + np.array([0.02, -0.02])[:, None, None], 0, 1)
        hits = rng.random((2, 5, 1200)) < right
        differences = 100 * (hits[0].astype(float) - hits[1])
        low, high = np.quantile(replicate_means(differences), [0.025, 0.975])
        mean, error, freedom = two_way(differences)
        half = error * float(np.quantile(rng.standard_t(freedom, 400_000), 0.975))
        assert (low + high) / 2 == pytest.approx(mean, abs=half / 10)
        assert (high - low) / 2 == pytest.approx(half, rel=0.25)


def second_opinion(verdict, differences):
    """The outcome of a claim by the two-way model, and whether one of its p values is within a half of the level."""
    draws, found = np.random.default_rng(1), []
    for tested in verdict.tested:
        hits = [[weight * differences._of(row, seed)[1] for seed in tested.seeds] for row, weight in tested.contrast]
        mean, error, freedom = two_way(100 * np.sum(hits, axis=0))
        found.append(mean + error * draws.standard_t(freedom, 400_000))
    low, high, sides = verdict.claim.low, verdict.claim.high, 1 if verdict.claim.equivalence else 2
    p_for = max(sides * max((means <= low).mean(), (means >= high).mean()) for means in found)
    p_against = len(found) * min(2 * min((means >= low).mean(), (means <= high).mean()) for means in found)
    p_same = max(max((means <= -1).mean(), (means >= 1).mean()) for means in found)
    plain = not (verdict.claim.equivalence or low or high < math.inf)
    values = [p_for, p_against, p_same if plain else 1.0]
    outcomes = (Outcome.SUPPORTED, Outcome.CONTRADICTED, Outcome.EQUIVALENT)
    outcome = next((one for one, p in zip(outcomes, values, strict=True) if p < 0.05), Outcome.UNDECIDED)
    return outcome, any(0.025 < p < 0.1 for p in values)


@pytest.mark.parametrize("name", TABLES)
def test_a_two_way_random_effects_model_gives_the_same_verdicts(name):
    """Another method, with tests for support, contradiction and equivalence of its own, on every claim of record.

    A p value between half and twice the level may fall on either side of it.
    """
    store = Store(Path(__file__).parents[3] / "results")
    data = collect(TABLES[name], TINY, store)
    differences, compared, open_ = Differences(data, store), 0, 0
    for verdict in judge_claims(data, store):
        if not verdict.tested or len(verdict.seeds) < 5:  # with fewer the two methods may differ
            continue
        outcome, near = second_opinion(verdict, differences)
        compared, open_ = compared + 1, open_ + near
        assert near or outcome is verdict.outcome, verdict.claim.name
    if not compared:
        pytest.skip("no claim has five seeds yet")
    assert open_ <= max(1, compared // 2)


@pytest.mark.parametrize("name", ["table_ablation_components", "table_main"])
def test_its_intervals_are_as_wide(name):
    """The interval of another method ends within a quarter of its own width of the bootstrap's on every difference.

    Where it does not touch the edge of the range more closely than that, the verdict is the same too.
    """
    store = Store(Path(__file__).parents[3] / "results")
    data = collect(TABLES[name], TINY, store)
    differences = Differences(data, store)
    whole, checked = 0, 0
    for verdict in judge_claims(data, store):
        low, high = verdict.claim.low, verdict.claim.high
        for tested in verdict.tested:
            if len(tested.seeds) < 5:  # the two methods may differ
                continue
            whole += 1
            hits = [
                [weight * differences._of(row, seed)[1] for seed in tested.seeds] for row, weight in tested.contrast
            ]
            mean, error, freedom = two_way(100 * np.sum(hits, axis=0))
            half = error * float(np.quantile(np.random.default_rng(1).standard_t(freedom, 400_000), 0.975))
            assert tested.difference == pytest.approx(mean)
            assert (tested.high - tested.low) / 2 == pytest.approx(half, rel=0.25)
            ends = np.array([mean - half, mean + half])
            if np.abs(np.subtract.outer(ends, [low, high])).min() > half / 4:
                inside, outside = low < ends[0] and ends[1] < high, ends[0] > high or ends[1] < low
                own_inside = low < tested.low and tested.high < high
                assert (inside, outside) == (own_inside, tested.low > high or tested.high < low)
                checked += 1
    if whole == 0:
        pytest.skip("no difference has five seeds yet")
    assert checked >= min(5, whole // 2)


@pytest.mark.parametrize("seed_noise", [0.0, 0.03])
def test_what_could_be_detected_is_found_in_four_of_five_studies(seed_noise):
    """Studies of noise alone say on average what they could detect; such a difference is then found."""
    rng = np.random.default_rng(3)

    def study(difference):
        right = 0.6 + np.array([difference / 2, -difference / 2])[:, None] + rng.normal(size=(2, 5)) * seed_noise
        hits = rng.random((2, 5, 300)) < right[:, :, None]
        return replicate_means(hits[0].astype(float) - hits[1])

    size = np.mean([detectable(study(0.0)) for _ in range(150)])
    found = [np.quantile(study(size), 0.025) > 0 for _ in range(150)]
    assert 0.7 < np.mean(found) < 0.9


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Two rows of the second study, alike on validation, apart on the test draw."""
    store = Store(tmp_path_factory.mktemp("second"))
    for number, (row, right) in enumerate(zip(ROWS[:2], (0.6, 0.6), strict=True)):
        for seed in range(4):
            folder = store.prepare(SECOND.resolve(row, seed))
            fake_scores.finish(folder, right, seed, data_fingerprint=f"draw {seed}", evaluated={"validation": "v"})
            labels, scores = fake_scores.draw_scores(0.9 - 0.6 * number, 50 + 10 * number + seed)
            fake_scores.save_scores(folder / "scores-test.npz", labels, scores, view_table([ViewsConfig()]))
    return store


def test_a_claim_is_tested_again_on_the_test_draw(second):
    data = collect(dataclasses.replace(TABLE, claims=CLAIMS[:1]), SECOND, second)
    (verdict,) = judge_claims(data, second)
    assert data.problems == []
    assert (verdict.outcome, verdict.test.outcome) == (Outcome.EQUIVALENT, Outcome.SUPPORTED)
    data.verdicts = (verdict,)
    page = render_claims([data])
    assert "On the test draw 0 of 1 decided claims come out the same." in page
    assert "on the test draw supported, +" in page
    assert list(claims_frame(data)["test draw"]) == ["supported"]


def test_seeds_with_draws_of_their_own_share_the_evaluated_clips_alone(second):
    run = SECOND.resolve(ROWS[0], 1)
    path = second.folder(run.id) / "result.json"
    whole = path.read_text()
    for change, count in (({"data_fingerprint": "draw 0"}, 1), ({"evaluated": {"validation": "w"}}, 1)):
        path.write_text(json.dumps(json.loads(whole) | change))
        data = collect(dataclasses.replace(TABLE, claims=CLAIMS[:1]), SECOND, second)
        assert len(data.problems) == count
        assert "was measured on other data" in data.problems[0]
    path.write_text(whole)
