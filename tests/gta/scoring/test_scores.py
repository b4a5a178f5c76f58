"""Scores on disk: read back as written, refused when torn, averaged over views and models clip by clip."""

import numpy as np
import pytest

from gta.config import ViewsConfig
from gta.config.views import view_table
from gta.errors import UserError
from gta.scoring.compact import UNITS
from gta.scoring.scores import StoredScores, ensemble, read_scores, scores_name, write_scores

ONE, SIX = ViewsConfig(), ViewsConfig(2, 3)


def made(views, ids=("a", "b", "c"), labels=(0, 1, 1), seed=0):
    table = view_table(views)
    logits = np.random.default_rng(seed).normal(size=(len(table), len(ids), 4))
    scores = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    return StoredScores(np.array(ids), np.array(labels), scores.astype(np.float16), table)


@pytest.mark.parametrize("views", [(ONE,), (ONE, SIX), (SIX,)])
def test_scores_are_read_as_they_were_written(tmp_path, views):
    stored = made(views)
    path = tmp_path / scores_name("test")
    write_scores(path, stored)
    found = read_scores(path)
    for name in ("clip_ids", "labels", "scores", "views"):
        np.testing.assert_array_equal(getattr(found, name), getattr(stored, name))
    assert found.scores.dtype == np.float16
    assert found.of(views[-1]).shape == (len(view_table(views[-1:])), 3, 4)


def test_a_file_of_one_view_needs_no_list_of_views(tmp_path):
    write_scores(tmp_path / "scores.npz", made([ONE]))
    with np.load(tmp_path / "scores.npz", allow_pickle=False) as stored:
        assert set(stored) == {"clip_ids", "labels", "scores_bytes"}


def test_scores_in_one_piece_are_read_too(tmp_path):
    stored, path = made([ONE]), tmp_path / "scores.npz"
    np.savez_compressed(path, clip_ids=stored.clip_ids, labels=stored.labels, scores=stored.scores)
    np.testing.assert_array_equal(read_scores(path).scores, stored.scores)
    np.savez_compressed(path, clip_ids=stored.clip_ids, labels=stored.labels, scores_bytes=np.zeros(3, np.uint8))
    with pytest.raises(UserError, match=r"scores\.npz is no file of scores"):
        read_scores(path)


def test_files_that_are_no_scores(tmp_path):
    path = tmp_path / "scores.npz"
    with pytest.raises(UserError, match="does not exist"):
        read_scores(path)
    write_scores(path, made([ONE]))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"scores\.npz is unreadable"):
        read_scores(path)
    np.savez(path, labels=np.zeros(3))
    with pytest.raises(UserError, match=r"is no file of scores: .*clip_ids"):
        read_scores(path)
    write_scores(path, made([ONE], labels=(0, 1)))
    with pytest.raises(UserError, match=r"do not fit each other: clip_ids .3,., labels .2,."):
        read_scores(path)


def test_an_ensemble_averages_probabilities_whatever_the_order_of_the_clips():
    first, second = made([ONE, SIX]), made([SIX], seed=1)
    turn = np.array([2, 0, 1])
    turned = StoredScores(second.clip_ids[turn], second.labels[turn], second.scores[:, turn], second.views)
    probabilities, labels = ensemble([(first, ONE), (turned, SIX)])
    np.testing.assert_array_equal(probabilities, (first.units(ONE) / 2 + second.units(SIX) / 2) / UNITS)
    assert np.abs(first.units(ONE) - first.probabilities(ONE) * UNITS).max() <= 0.5
    np.testing.assert_array_equal(labels, first.labels)


@pytest.mark.parametrize("other", [{"ids": ("a", "b", "d")}, {"labels": (0, 1, 2)}])
def test_an_ensemble_of_runs_on_different_clips(other):
    with pytest.raises(ValueError, match="different clips"):
        ensemble([(made([ONE]), ONE), (made([ONE], **other), ONE)])
