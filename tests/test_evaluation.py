"""Accuracies against counting by hand."""

import numpy as np
import pytest

from gta.evaluation import accuracies, merge_views, pair_hits, top_k


def test_top_k_counts_clips():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.4, 0.35, 0.25]])
    labels = np.array([0, 1, 2])
    assert top_k(probabilities, labels, 1) == pytest.approx(100 / 3)
    assert top_k(probabilities, labels, 2) == pytest.approx(200 / 3)
    assert top_k(probabilities, labels, 3) == 100


def test_views_are_averaged_as_probabilities():
    views = np.log(np.array([[[0.9, 0.1]], [[0.2, 0.8]]]))
    np.testing.assert_allclose(merge_views(views), [[0.55, 0.45]])


def test_pairs_compete_alone_and_a_tie_is_one_half():
    probabilities = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.5, 0.1, 0.4], [0.0, 0.0, 1.0]])
    labels = np.array([1, 0, 1, 2])
    np.testing.assert_array_equal(pair_hits(probabilities, labels, {0: 1, 1: 0}), [1, 0.5, 0])


def test_accuracies_by_kind():
    scores = np.log(np.array([[[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.2, 0.2, 0.6]]]))
    found = accuracies(scores, np.array([0, 1, 2]), ("order", "order", "static"), {0: 1, 1: 0})
    assert (found.n_val, found.kinds) == (3, {"order": 50.0, "static": 100.0})
    assert found.pair_accuracy == 50
    assert found.top1 == pytest.approx(200 / 3)


def test_a_data_set_without_kinds_has_no_pairs():
    found = accuracies(np.zeros((1, 4, 6)), np.zeros(4, np.int64))
    assert (found.kinds, found.pair_accuracy, found.top1) == ({}, None, 100.0)
