"""Compact scores: everything is counted as before; damage, kills and missing probabilities are named."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments import compact
from experiments.report import main as report
from experiments.reporting.evidence.collect import collect, judge_row
from experiments.reporting.evidence.judge import kinds_and_partners_of
from experiments.reporting.pictures.style import Picture
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta import files
from gta.config import ViewsConfig
from gta.config.views import view_table
from gta.errors import UserError
from gta.files import writing
from gta.scoring.accuracy import accuracies, label_places, rank
from gta.scoring.compact import UNITS, CompactScores, pack, write_compact
from gta.scoring.scores import StoredScores, ensemble, read_scores, write_scores
from tests.support import fake_scores
from tests.support.fuzz_files import mutate

TINY = PROFILES["tiny-v2"]
SOTA, TEST = TABLES["table_sota"], TABLES["table_test_set"]
ENSEMBLE = next(row for row in SOTA.rows if row.name == "GTA En")
PLAIN = next(row for row in SOTA.rows if row.trained == (row,) and row not in ENSEMBLE.members)
KINDS, PARTNER = kinds_and_partners_of(True)
ONE, SIX = ViewsConfig(), ViewsConfig(2, 3)
SPLITS = (("scores.npz", "validation"), ("scores-test.npz", "test"))


def drawn(views=(ONE,), clips=240, seed=0, levels=None, ids=None):
    """Scores of random answers; of few ``levels`` many classes tie."""
    table, rng = view_table(views), np.random.default_rng(seed)
    labels, scores = fake_scores.draw_scores(0.5, seed, clips, len(table))
    if levels is not None:
        scores = -rng.integers(1, levels + 1, scores.shape).astype(np.float16)
    order = rng.permutation(clips)
    names = np.array([str(31_800_000 + 7 * i) for i in range(clips)] if ids is None else ids)
    return StoredScores(names[order], labels[order], scores[:, order], table)


def packed(path, stored, kept=()):
    write_compact(path, pack(path, stored, PARTNER, kept))
    found = read_scores(path)
    assert isinstance(found, CompactScores)
    return found


@pytest.mark.parametrize("levels", [None, 1, 2, 3])
@pytest.mark.parametrize("views", [(ONE,), (ONE, SIX)])
def test_everything_is_counted_as_before(tmp_path, views, levels):
    stored = drawn(views, levels=levels, seed=len(views))
    found = packed(tmp_path / "scores.npz", stored)
    for config in views:
        answers = found.answers(config, PARTNER)
        assert answers.accuracies(KINDS) == accuracies(stored.of(config), stored.labels, KINDS, PARTNER)
        probabilities = stored.probabilities(config)
        counts = np.zeros((2, 24, 24), np.int64)  # of each class, how many are taken for which
        np.add.at(counts[0], (answers.labels, answers.predicted), 1)
        np.add.at(counts[1], (stored.labels, rank(probabilities, 1)[:, 0]), 1)
        np.testing.assert_array_equal(counts[0], counts[1])
        by_id = dict(zip(stored.clip_ids, rank(probabilities, 1)[:, 0], strict=True))
        assert dict(zip(answers.clip_ids, answers.predicted, strict=True)) == by_id
    if levels == 1:  # all tie: the lowest class is taken, every pair is a draw
        assert answers.accuracies(KINDS).pair_accuracy == 50
        assert set(answers.predicted.tolist()) == {0}


def test_the_place_of_a_label_counts_ties_to_the_lower_class():
    tied = np.array([[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4]])
    assert label_places(tied, np.array([0, 1, 2, 2])).tolist() == [0, 1, 2, 1]


@pytest.mark.parametrize(
    "ids",
    [
        [str(i) for i in range(48)],
        [f"{i:05}" for i in range(48)],  # a number would lose the zeros
        [f"clip-{i}_{i:06}" for i in range(48)],
        [str(-i * 10**17) for i in range(48)],
        [str(10**20 + i) for i in range(48)],
    ],
)
def test_clip_ids_are_kept_exactly(tmp_path, ids):
    found = packed(tmp_path / "scores.npz", drawn(clips=48, ids=ids))
    assert found.clip_ids.tolist() == sorted(ids)


def test_more_classes_than_a_byte_counts(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "scores.npz"
    labels, scores = rng.integers(0, 400, 64), np.log(rng.dirichlet(np.ones(400), (1, 64))).astype(np.float16)
    stored = StoredScores(np.array([str(i) for i in range(64)]), labels, scores, view_table([ONE]))
    write_compact(path, pack(path, stored, {}, ()))
    assert read_scores(path).answers(ONE, {}).accuracies() == accuracies(scores, labels)


def test_a_clip_takes_little_room(tmp_path):
    path, stored = tmp_path / "scores.npz", drawn(clips=4800)
    write_scores(path, stored)
    whole = path.stat().st_size
    packed(path, stored)
    assert path.stat().st_size < 10_000 < whole / 10


def test_an_ensemble_is_the_same_from_either_form(tmp_path):
    first, second = drawn((ONE, SIX), levels=2), drawn((ONE, SIX), levels=2, seed=1)
    small = packed(tmp_path / "scores.npz", second, {SIX})
    whole_NK, labels = ensemble([(first, SIX), (second, SIX)])
    mixed_NK, same = ensemble([(first, SIX), (small, SIX)])
    np.testing.assert_array_equal(mixed_NK, whole_NK)
    np.testing.assert_array_equal(same, labels)


def test_probabilities_that_were_not_kept_are_asked_for_in_vain(tmp_path):
    path = tmp_path / "scores.npz"
    found = packed(path, drawn((ONE, SIX)), {SIX})
    with pytest.raises(UserError, match=r"scores\.npz: compact scores, .* no probabilities of the views 1x1"):
        found.probabilities(ONE)
    with pytest.raises(UserError, match=r"no probabilities of the views 1x1"):
        ensemble([(found, SIX), (found, ONE)])
    with pytest.raises(ValueError, match=r"views 1x3 .* are not scored; scored: 1x1, 2x3"):
        found.answers(ViewsConfig(1, 3), PARTNER)
    with pytest.raises(ValueError, match="clips of order pairs"):
        found.answers(ONE, {0: 1, 1: 0})


def changed(arrays, name):
    """A mistake in an array that no checksum sees."""
    value = arrays[name].copy()
    match name:
        case "clip_steps":
            value[1] = 0
        case "labels":
            hit = np.flatnonzero(value == arrays["answers"][0, 0])[0]
            value[hit] = (value[hit] + 1) % 24
        case "averaged":
            value[0, 2] = 2
        case "answers":
            value[0, 1, 0] = 0 if value[0, 1, 0] else 1
        case "units_bytes":
            value[:, 0, 0] = value[:, 0, 0, ::-1]
    return {**arrays, name: value}


@pytest.mark.parametrize("name", ["clip_steps", "labels", "averaged", "answers", "units_bytes"])
@pytest.mark.parametrize("kind", ["value", "shape", "type", "missing"])
def test_arrays_that_contradict_each_other_are_no_scores(tmp_path, name, kind):
    path = tmp_path / "scores.npz"
    packed(path, drawn((ONE, SIX)), {ONE, SIX})
    arrays = files.read_arrays(path)
    match kind:
        case "value":
            arrays = changed(arrays, name)
        case "shape":
            arrays[name] = arrays[name][..., :-1]
        case "type":
            arrays[name] = arrays[name].astype(np.float32)
        case "missing":
            del arrays[name]
    files.write_arrays(path, arrays)
    with pytest.raises(UserError, match=r"scores\.npz is no file of scores: "):
        read_scores(path)


def fill(store: Store) -> None:
    """Finish the members of the ensemble and another row, two seeds each, with scores of both splits."""
    for number, row in enumerate((*ENSEMBLE.members, PLAIN)):
        for seed in range(2):
            fake_scores.finish(store.prepare(TINY.resolve(row, seed)), 0.5, 10 * number + seed)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("finished"))
    fill(store)
    return store


@pytest.fixture
def store(finished, tmp_path):
    shutil.copytree(finished.runs, tmp_path / "runs")
    return Store(tmp_path)


def folder_of(store: Store, row=PLAIN, seed=0) -> Path:
    return store.folder(TINY.resolve(row, seed).id)


def everything(store: Store) -> list[object]:
    """All that is counted from scores: figures of tables, and the answer of each clip on both splits."""
    found: list[object] = []
    for table in (SOTA, TEST):
        data = collect(table, TINY, store)
        found += [data.problems, [(name, dataclasses.replace(result, env={})) for name, result in data.results]]
    for row in (ENSEMBLE, *ENSEMBLE.members, PLAIN):
        for seed in range(2):
            for split in ("validation", "test") if row is not PLAIN else ("validation",):
                judged = judge_row(dataclasses.replace(row, split=split), seed, TINY, store)
                found.append((judged.clip_ids, judged.labels.tolist(), judged.predicted.tolist(), judged.accuracies))
    return found


def contents(store: Store) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(store.runs.glob("*/*")) if path.is_file()}


def command(store: Store, *arguments: str) -> int:
    return compact.main([*arguments, "--results", str(store.results)])


def test_tables_ensembles_and_clips_are_counted_as_before(store, capsys):
    before, size = everything(store), sum(map(len, contents(store).values()))
    assert command(store, "--profile", "tiny-v2") == 0
    assert capsys.readouterr().out.count(" bytes\n") == len(list(store.runs.glob("*/scores*.npz")))
    assert everything(store) == before
    assert sum(map(len, contents(store).values())) < size / 3
    after = contents(store)
    assert command(store, "--profile", "tiny-v2") == 0
    assert (contents(store), capsys.readouterr().out) == (after, "")


def test_probabilities_stay_where_a_table_averages_them(store):
    assert command(store, "--profile", "tiny-v2") == 0
    for row, kept in ((ENSEMBLE.members[0], {ENSEMBLE.views}), (ENSEMBLE.members[1], {ENSEMBLE.views}), (PLAIN, set())):
        assert set(read_scores(folder_of(store, row) / "scores.npz").kept) == kept
    other = dataclasses.replace(ENSEMBLE, members=(*ENSEMBLE.members, PLAIN), views=None)
    with pytest.raises(UserError, match=r"compact scores, .* no probabilities of the views 1x1"):
        judge_row(other, 0, TINY, store)


class KilledError(Exception):
    """What comes between two files."""


def kill_after(patch, survives):
    """Let that many files be written; before the next one comes the kill."""
    replace, left = files.write_bytes, [survives]

    def until_killed(path, content):
        if not left[0]:
            raise KilledError
        left[0] -= 1
        replace(path, content)

    for module in (files, writing):  # write_json calls the latter's
        patch.setattr(module, "write_bytes", until_killed)


def test_probabilities_are_kept_of_the_splits_that_are_averaged():
    averaged = compact.averaged_views("tiny-v2", 0)
    splits = {
        "GTA En": {"scores.npz", "scores-test.npz"},  # of claims, which are tested on the other draw again
        "MSNet En": {"scores.npz"},
        "TRN RGB+Flow": {"scores-test.npz"},  # of the test table alone
    }
    for row in (*SOTA.rows, *TEST.rows):
        for member in row.members if row.name in splits else ():
            assert set(averaged[TINY.resolve(member, 0).id]) == splits[row.name]


def earlier(path, found, kept):
    """Write compact scores as they were while probabilities had 16 bits."""
    write_compact(path, found)
    arrays = dict(np.load(path))
    units = np.array([np.rint(found.kept[views] * (65_535 / UNITS)) for views in kept], "<u2")
    arrays["averaged"] = np.minimum(arrays["averaged"], [[99, 99, 999, 1]]).astype(np.int16)
    arrays["units_bytes"] = np.moveaxis(units[..., None].view(np.uint8), -1, 0)
    np.savez(path, **arrays)


def test_probabilities_in_more_bits_are_read_and_rounded(tmp_path):
    path = tmp_path / "scores.npz"
    found = packed(path, drawn((ONE, SIX), levels=3), {SIX})
    earlier(path, found, [SIX])
    read = read_scores(path)
    assert (read.rounded, found.rounded) == (True, False)
    np.testing.assert_array_equal(read.units(SIX), found.units(SIX))


@pytest.mark.parametrize("survives", range(5))
def test_what_is_kept_in_vain_goes_wherever_a_kill_falls(store, monkeypatch, survives):
    folder = folder_of(store, ENSEMBLE.members[0])
    assert command(store, folder.name) == 0
    slim, result = contents(store), json.loads((folder / "result.json").read_text())
    for name, _ in SPLITS:
        earlier(folder / name, read_scores(folder / name), [ENSEMBLE.views])
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name, _ in SPLITS}
    files.write_json(folder / "result.json", result | {"compact": digests})
    before = everything(store)
    with monkeypatch.context() as patch:
        kill_after(patch, survives)
        if survives < 4:  # the result, the scores of both splits, and the result again
            with pytest.raises(KilledError):
                command(store, folder.name)
        else:
            assert command(store, folder.name) == 0
    assert everything(store) == before
    assert command(store, folder.name) == 0
    assert everything(store) == before
    if survives == 4:
        assert contents(store) == slim


def test_runs_are_named_by_the_beginning_of_their_id(store):
    before, run_id = contents(store), folder_of(store).name
    assert command(store, run_id[:10]) == 0
    changed_files = {Path(name).parent.name for name, content in contents(store).items() if before[name] != content}
    assert changed_files == {run_id}


def test_a_report_over_compact_and_whole_files_agrees_with_the_one_before(store, monkeypatch, capsys):
    monkeypatch.setattr(Picture, "write", lambda picture, folder: [])
    monkeypatch.setattr(Picture, "is_current", lambda picture, folder: True)
    arguments = [SOTA.name, TEST.name, "--results", str(store.results)]
    assert report(arguments) == 0
    assert command(store, folder_of(store).name, folder_of(store, ENSEMBLE.members[0], 1).name) == 0
    assert report([*arguments, "--check"]) == 0
    path = folder_of(store) / "scores.npz"
    path.write_bytes(path.read_bytes()[:-40])
    capsys.readouterr()
    assert report([*arguments, "--check"]) == 1
    assert f"{path.parent.name}/scores.npz` ({PLAIN.name}, seed 0): " in capsys.readouterr().out


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_damaged_compact_files_are_named_and_left_out(store, seed, recorded):
    assert command(store, folder_of(store).name) == 0
    path = folder_of(store) / "scores.npz"
    if not recorded:
        result = path.with_name("result.json")
        content = json.loads(result.read_text())
        files.write_json(result, {name: value for name, value in content.items() if name not in ("files", "compact")})
    whole = path.read_bytes()
    damaged = mutate(whole, np.random.default_rng(seed))
    path.write_bytes(damaged)
    found = collect(SOTA, TINY, store)
    if recorded:
        assert damaged != whole
        assert 0 not in found.row(PLAIN.name).results
    if 0 in found.row(PLAIN.name).results:  # the bytes that changed mean nothing
        path.write_bytes(whole)
        assert found.row(PLAIN.name).results == collect(SOTA, TINY, store).row(PLAIN.name).results
    else:
        assert any("scores.npz` " in problem for problem in found.problems)
    assert 1 in found.row(PLAIN.name).results


def test_a_compact_file_of_another_run_is_left_out(store):
    assert command(store, "--profile", "tiny-v2") == 0
    ours, other = (folder_of(store, PLAIN, seed) / "scores.npz" for seed in (0, 1))
    ours.write_bytes(other.read_bytes())
    data = collect(SOTA, TINY, store)
    assert list(data.row(PLAIN.name).results) == [1]
    assert "is not the file that result.json was written beside" in data.problems[0]


@pytest.mark.parametrize("survives", range(4))
def test_a_kill_between_two_files_leaves_whole_runs(store, monkeypatch, survives):
    before, folder = everything(store), folder_of(store, ENSEMBLE.members[0])
    assert [name for name, _ in SPLITS if not (folder / name).exists()] == []
    with monkeypatch.context() as patch:
        kill_after(patch, survives)
        if survives < 3:  # the result and the scores of both splits
            with pytest.raises(KilledError):
                command(store, folder.name)
        else:
            assert command(store, folder.name) == 0
    compact_ones = [isinstance(read_scores(folder / name), CompactScores) for name, _ in SPLITS]
    assert sum(compact_ones) == max(survives - 1, 0)
    assert everything(store) == before
    assert command(store, folder.name) == 0
    assert all(isinstance(read_scores(folder / name), CompactScores) for name, _ in SPLITS)
    assert everything(store) == before


def test_scores_that_are_not_those_of_the_result_are_left_as_they_are(store, capsys):
    folder = folder_of(store)
    content = json.loads((folder / "result.json").read_text())
    files.write_json(folder / "result.json", content | {"files": {"scores.npz": "0" * 64}})
    before = contents(store)
    assert command(store, "--profile", "tiny-v2") == 1
    assert "left as it is: " in (error := capsys.readouterr().err)
    assert f"{folder.name}/scores.npz: it is not the file that result.json was written beside" in error
    after = contents(store)
    assert {name: after[name] for name in after if folder.name in name} == {
        name: before[name] for name in before if folder.name in name
    }
    assert isinstance(read_scores(folder_of(store, PLAIN, 1) / "scores.npz"), CompactScores)


def test_a_form_that_would_be_counted_otherwise_never_takes_the_place(store, monkeypatch, capsys):
    import gta.scoring.compact

    def wrong(path, stored, partner, kept):
        return pack(path, dataclasses.replace(stored, scores=stored.scores[:, ::-1]), partner, kept)

    monkeypatch.setattr(gta.scoring.compact, "pack", wrong)
    before = contents(store)
    assert command(store, folder_of(store).name) == 1
    assert "would be counted otherwise" in capsys.readouterr().err
    assert contents(store) == before


def test_answers_that_are_not_public_stay_whole(store, capsys):
    path = folder_of(store) / "scores-hidden.npz"
    stored = drawn()
    write_scores(path, dataclasses.replace(stored, labels=np.full_like(stored.labels, -1)))
    before = contents(store)
    assert command(store, path.parent.name) == 1
    assert "scores-hidden.npz: the labels of these clips are not public" in capsys.readouterr().err
    assert contents(store) == before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "name the runs, or all of a profile"),
        (["0", "--profile", "tiny-v2"], "name the runs, or all of a profile"),
        (["--profile", "tony"], "there is no profile 'tony'"),
        (["--profile", "smoke"], "no finished run of the profile 'smoke'"),
        (["zzz"], "is no run"),
    ],
)
def test_mistakes_are_one_line(store, capsys, arguments, line):
    before = contents(store)
    assert command(store, *arguments) == 2
    assert line in capsys.readouterr().err
    assert contents(store) == before


def test_an_unfinished_run_is_named(store, capsys):
    (folder_of(store) / "result.json").unlink()
    assert command(store, folder_of(store).name) == 1
    assert "has no result yet" in capsys.readouterr().err
