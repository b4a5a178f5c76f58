"""Which figures the report trusts and where it takes them from: scores, views, ensembles, bad and foreign files."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from experiments.report import main
from experiments.reporting.evidence.collect import collect, judge_row
from experiments.reporting.evidence.sizes import size_of
from experiments.reporting.pages.frames import formatted_frame, numeric_frame
from experiments.reporting.pages.table_page import render
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta.config import ViewsConfig
from gta.errors import UserError
from gta.scoring.accuracy import accuracies, merge_views
from tests.support import fake_child, fake_scores

TINY, SSV1 = PROFILES["tiny-v2"], PROFILES["ssv1"]
COMPONENTS, SOTA, TEST = (TABLES[f"table_{name}"] for name in ("ablation_components", "sota", "test_set"))
ENSEMBLE = next(row for row in SOTA.rows if row.name == "GTA En")
VIEWS = [(1, 1, 0, 0), *((2, 3, clip, crop) for clip in range(2) for crop in range(3))]


def finish_member(store, row, seed, number, split="validation", views=VIEWS):
    """A run scored on one view and on the ensemble's six; returns its labels and scores (V, N, 24)."""
    folder = store.prepare(TINY.resolve(row, seed))
    labels, scores = fake_scores.draw_scores(0.5, number, views=len(VIEWS))
    if split == "validation":
        fake_child.finish(folder, **fake_scores.figures(labels, scores[:1]))
        fake_scores.save_scores(folder / "scores.npz", labels, scores[: len(views)], views)
    else:
        fake_scores.save_scores(folder / f"scores-{split}.npz", labels, scores, views)
    return labels, scores


def row_of(table, store, name="GTA En", profile=TINY):
    return collect(table, profile, store).row(name)


def test_an_ensemble_is_counted_from_its_members_scores(tmp_path):
    store = Store(tmp_path)
    labels, first = finish_member(store, ENSEMBLE.members[0], 0, 0)
    _, second = finish_member(store, ENSEMBLE.members[1], 0, 1)
    finish_member(store, ENSEMBLE.members[1], 1, 2)  # seed 1 of the other member is missing
    found = row_of(SOTA, store)
    assert list(found.results) == [0]
    expected = (merge_views(first[1:]) + merge_views(second[1:])) / 2
    assert found.results[0].accuracies.top1 == pytest.approx((expected.argmax(axis=1) == labels).mean() * 100)
    assert found.results[0].params == sum(size_of(TINY.resolve(member, 0))[0] for member in ENSEMBLE.members)
    assert found.results[0].accuracies.top1 > max(
        found.members[0][0].accuracies.top1, found.members[0][1].accuracies.top1
    )  # the draws are independent
    page = render(collect(SOTA, TINY, store))
    alone = [
        f"{member.name} (alone {own.accuracies.top1:.1f} on the validation clips)"
        for member, own in zip(ENSEMBLE.members, found.members[0], strict=True)
    ]
    assert f"GTA En: class probabilities of {' and '.join(alone)} averaged, each over 2 clips x 3 crops, on" in page
    assert [line.split(":")[0] for line in page.splitlines() if ": class probabilities of" in line] == ["GTA En"]
    assert page.count(found.members[0][0].run_id) == 1  # trained once, listed once, under its own row


def test_another_split_is_read_from_its_own_file(tmp_path):
    store = Store(tmp_path)
    for number, member in enumerate(ENSEMBLE.members):
        finish_member(store, member, 0, number)
    found = row_of(TEST, store)
    assert (found.results, list(found.members)) == ({}, [0])
    assert "scores-test.npz does not exist" in collect(TEST, TINY, store).problems[0]
    for number, member in enumerate(ENSEMBLE.members):
        finish_member(store, member, 0, 10 + number, split="test")
    assert row_of(TEST, store).results[0].accuracies.top1 != row_of(SOTA, store).results[0].accuracies.top1
    assert collect(TEST, TINY, store).problems == []


def test_a_view_that_was_not_scored_is_named(tmp_path):
    store = Store(tmp_path)
    finish_member(store, ENSEMBLE.members[0], 0, 0)
    finish_member(store, ENSEMBLE.members[1], 0, 1, views=VIEWS[:-1])
    data = collect(SOTA, TINY, store)
    assert data.row("GTA En").results == {}
    assert data.row("TSM + GTA 8").results[0].accuracies.top1 > 0  # its own figure needs one view
    assert "the views 2x3 (clips x crops) are not scored" in data.problems[0]
    frame = formatted_frame(data).set_index("method")
    assert frame.loc["GTA En", "top-1"] == "–"


def test_members_on_other_clips_are_not_averaged(tmp_path):
    store = Store(tmp_path)
    finish_member(store, ENSEMBLE.members[0], 0, 0)
    folder = store.prepare(TINY.resolve(ENSEMBLE.members[1], 0))
    labels, scores = fake_scores.draw_scores(0.5, 1, clips=48, views=len(VIEWS))
    fake_child.finish(folder, **fake_scores.figures(labels, scores[:1]))
    fake_scores.save_scores(folder / "scores.npz", labels, scores, VIEWS)
    data = collect(SOTA, TINY, store)
    assert data.row("GTA En").results == {}
    assert "scored different clips" in data.problems[0]


def test_clips_are_paired_by_their_ids(two_runs):
    """The same clips in another order give the same judgement."""
    row = COMPONENTS.rows[0]
    first = judge_row(row, 0, TINY, two_runs)
    path = two_runs.folder(TINY.resolve(row, 0).id) / "scores.npz"
    with np.load(path) as stored:
        ids, labels, scores = stored["clip_ids"], stored["labels"], stored["scores"]
    order = np.random.default_rng(0).permutation(len(ids))
    np.savez(path, clip_ids=ids[order], labels=labels[order], scores=scores[:, order])
    again = judge_row(row, 0, TINY, two_runs)
    assert again.clip_ids == first.clip_ids
    assert np.array_equal(again.hits, first.hits)
    assert again.accuracies == first.accuracies


def test_a_split_without_answers_and_a_clip_twice_are_refused(two_runs):
    row = COMPONENTS.rows[0]
    path = two_runs.folder(TINY.resolve(row, 0).id) / "scores.npz"
    labels, scores = fake_scores.draw_scores(0.5, 0, clips=48)
    fake_scores.save_scores(path, np.full(48, -1), scores)
    with pytest.raises(UserError, match="not public"):
        judge_row(row, 0, TINY, two_runs)
    np.savez(path, clip_ids=np.array(["1"] * 48), labels=labels, scores=scores)
    with pytest.raises(UserError, match="stands twice"):
        judge_row(row, 0, TINY, two_runs)


def test_quoted_rows_and_missing_backbones(tmp_path):
    store = Store(tmp_path)
    fake_scores.finish(store.prepare(TINY.resolve(SOTA.rows[16], 0)), 0.5, 0)
    frame = formatted_frame(collect(SOTA, TINY, store)).set_index("frames x crops x clips")
    (quoted,) = (
        line for name, line in zip(SOTA.rows, frame.iloc, strict=True) if name.name.startswith("TEA (3D R50, 16")
    )
    assert quoted["top-1"] == "quoted"
    assert quoted[["Δ", "within pair", "params (M)", "paper Δ"]].tolist() == ["", "", "", ""]
    printed = frame.iloc[0][["paper SSv1", "paper SSv1 top-5", "paper SSv2", "paper SSv2 top-5"]]
    assert printed.tolist() == ["34.4", "n/a", "48.8", "n/a"]
    assert "top-5" in frame.columns
    numbers = numeric_frame(collect(SOTA, TINY, store)).set_index("row")
    assert numbers.loc["GTA 8", ["paper_top5", "paper_v2_top1", "paper_v2_top5"]].tolist() == [78.8, 63.5, 88.6]
    assert numbers["source"].value_counts().to_dict() == {"run": 15, "quoted": 2, "scores": 4}
    kinetics = TABLES["table_kinetics"]
    lacking = formatted_frame(collect(kinetics, SSV1, store)).set_index("row")
    assert lacking.loc["R2D + GTA", ["top-1", "Δ", "params (M)"]].tolist() == ["n/a", "n/a", "n/a"]
    assert lacking.loc["TSM", "top-1"] == "n/a"
    page = render(collect(SOTA, TINY, store))
    assert "quoted: a figure that the paper quotes" in page
    assert "GTA En:" not in page


def test_lost_figures_of_the_paper_stay_unknown(tmp_path):
    frame = formatted_frame(collect(TABLES["table_nl_variants"], TINY, Store(tmp_path))).set_index("row")
    assert frame.loc["CGNL", ["paper top-1", "paper Δ"]].tolist() == ["n/a", "n/a"]
    assert frame.loc["DNL", ["paper top-1", "paper Δ"]].tolist() == ["38.8", "+7.6"]


@pytest.fixture
def two_runs(tmp_path):
    """Rows 0 and 1 of the component ablation, two seeds each."""
    store = Store(tmp_path)
    for row in range(2):
        for seed in range(2):
            fake_scores.finish(store.prepare(TINY.resolve(COMPONENTS.rows[row], seed)), 0.6, 10 * row + seed)
    return store


def edit(store, row, run_seed, **changes):
    path = store.folder(TINY.resolve(COMPONENTS.rows[row], run_seed).id) / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def seeds_of(store, row):
    return list(collect(COMPONENTS, TINY, store).rows[row].results)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"top1": 99.5}, "the scores give top1"),
        ({"kinds": {"order": 99.5, "motion": 1.0, "static": 1.0}}, "the scores give order"),
        ({"n_val": 24}, "result.json says 24"),
        ({"schema": 2}, "schema is 2, this version reads 1"),
        ({"profile": "smoke"}, "profile is 'smoke', its config says 'tiny-v2'"),
        ({"seed": 5}, "seed is 5, its config says 1"),
        ({"top1": "high"}, "top1 is 'high'"),
    ],
)
def test_what_contradicts_itself_is_named_and_left_out(two_runs, capsys, changes, reason):
    path = edit(two_runs, 1, 1, **changes)
    assert seeds_of(two_runs, 1) == [0]
    arguments = [COMPONENTS.name, "--results", str(two_runs.results)]
    assert main(arguments) == 0
    assert reason in capsys.readouterr().err
    assert main([*arguments, "--check"]) == 1
    out = capsys.readouterr().out
    assert reason in out
    assert path.parent.name in out
    assert out.endswith("1 differences\n")  # the page is what the store gives: it names the file as left out too
    assert reason in (two_runs.results / "tiny-v2" / f"{COMPONENTS.name}.md").read_text()


def test_torn_files_are_named_and_left_out(two_runs, capsys):
    folder = two_runs.folder(TINY.resolve(COMPONENTS.rows[1], 1).id)
    arguments = [COMPONENTS.name, "--results", str(two_runs.results)]
    assert main(arguments) == 0
    whole = (folder / "scores.npz").read_bytes()
    (folder / "scores.npz").write_bytes(whole[:200])
    assert seeds_of(two_runs, 1) == [0]
    assert main([*arguments, "--check"]) == 1
    assert "scores.npz` (Pixel + CCMH, seed 1): is unreadable" in capsys.readouterr().out
    (folder / "scores.npz").unlink()
    assert main([*arguments, "--check"]) == 1
    assert "scores.npz: the scores of a finished run are missing" in capsys.readouterr().out
    (folder / "scores.npz").write_bytes(whole)
    assert main([*arguments, "--check"]) == 0
    (folder / "result.json").write_text('{"schema": 1, "top1":')
    assert seeds_of(two_runs, 1) == [0]
    (folder / "config.json").write_text("{}")
    assert seeds_of(two_runs, 1) == [0]


def test_runs_on_other_data_are_never_averaged_in(two_runs):
    edit(two_runs, 1, 1, data_fingerprint="another draw")
    data = collect(COMPONENTS, TINY, two_runs)
    assert list(data.rows[1].results) == [0]
    assert "was measured on other data (another draw, the others on f00dfeed)" in data.problems[0]
    assert "another draw" in render(data)


def test_an_ensemble_with_a_member_on_other_data_is_left_out(tmp_path):
    store = Store(tmp_path)
    for number, member in enumerate(ENSEMBLE.members):
        finish_member(store, member, 0, number)
    fake_scores.finish(store.prepare(TINY.resolve(SOTA.rows[16], 0)), 0.5, 0)
    path = store.folder(TINY.resolve(ENSEMBLE.members[1], 0).id) / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "data_fingerprint": "another draw"}))
    assert row_of(SOTA, store).results == {}


def test_a_store_with_nothing_usable_says_so(two_runs, capsys):
    for row in range(2):
        for seed in range(2):
            edit(two_runs, row, seed, schema=7)
    assert main(["--results", str(two_runs.results)]) == 2
    err = capsys.readouterr().err
    assert "left out: " in err
    assert "schema is 7" in err
    assert main(["--results", str(two_runs.results), "--check"]) == 1


def test_a_changed_scores_file_is_read_again(two_runs):
    row = COMPONENTS.rows[0]
    first = judge_row(row, 0, TINY, two_runs).accuracies
    labels, scores = fake_scores.draw_scores(0.9, 5)
    path = two_runs.folder(TINY.resolve(row, 0).id) / "scores.npz"
    path.unlink()
    fake_scores.save_scores(path, labels, scores)
    assert judge_row(row, 0, TINY, two_runs).accuracies.top1 == accuracies(scores, labels).top1 != first.top1


def test_a_row_may_read_more_views_of_one_run(tmp_path):
    store = Store(tmp_path)
    member = ENSEMBLE.members[0]
    _, scores = finish_member(store, member, 0, 0)
    row = dataclasses.replace(member, name="six views", views=ViewsConfig(2, 3))
    table = dataclasses.replace(SOTA, rows=(member, row), reference=member.name, claims=())
    found = row_of(table, store, "six views").results[0]
    assert found.accuracies.top1 == fake_scores.figures(np.arange(240) % 24, scores[1:])["top1"]
