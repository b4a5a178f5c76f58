"""Accuracies against counting by hand."""

import numpy as np
import pytest

from gta.config import ViewsConfig
from gta.config.views import select_views, view_table
from gta.scoring.accuracy import accuracies, merge_models, merge_views, pair_hits


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


def test_views_are_listed_clip_by_clip_and_found_again():
    table = view_table([ViewsConfig(), ViewsConfig(2, 3), ViewsConfig()])
    assert table.dtype == np.int16
    assert table.tolist()[0] == [1, 1, 0, 0]
    assert table.tolist()[1:] == [[2, 3, clip, crop] for clip in range(2) for crop in range(3)]
    assert select_views(table, ViewsConfig()).tolist() == [0]
    assert select_views(table, ViewsConfig(2, 3)).tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("table", [view_table([ViewsConfig()]), view_table([ViewsConfig(2, 3)])[:-1]])
def test_views_that_were_not_all_scored(table):
    with pytest.raises(ValueError, match=r"the views 2x3 .* are not scored; scored: [12]x[13]"):
        select_views(table, ViewsConfig(2, 3))


def test_models_are_averaged_as_probabilities():
    np.testing.assert_allclose(merge_models([np.array([[0.9, 0.1]]), np.array([[0.2, 0.8]])]), [[0.55, 0.45]])
    with pytest.raises(ValueError, match="different clips"):
        merge_models([np.zeros((1, 2)), np.zeros((2, 2))])


def test_positions_that_all_rule_a_class_out_leave_it_a_finite_logarithm():
    """Probabilities below the smallest float are averaged as logarithms."""
    import torch

    from gta.backbones.layers import over_positions

    scores = torch.tensor([[[0.0, -200.0], [0.0, -300.0]], [[1.0, 2.0], [3.0, 0.5]]])
    found = over_positions(scores)
    torch.testing.assert_close(found[1].exp(), scores[1].softmax(dim=-1).mean(dim=0))
    torch.testing.assert_close(found[0, 1], torch.tensor(-200 - np.log(2), dtype=torch.float32))
