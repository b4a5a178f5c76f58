"""The recognizer's bookkeeping: views of clips in order, labels in checkpoints, learning rates."""

import numpy as np
import pytest
import torch

from experiments.profiles import SMOKE
from experiments.study import Row
from gta.errors import UserError
from gta.recognizer import VideoRecognizer, gather


def part(*lines):
    """A batch of (view, index) with label = index % 2 and scores that tell both."""
    view, index = (torch.tensor(column) for column in zip(*lines, strict=True))
    return view, index, index % 2, torch.stack((view.float(), index.float()), dim=1)


def test_views_are_put_in_order_whatever_the_order_of_the_batches():
    scores = gather([part((1, 2), (0, 0), (1, 1)), part((0, 2)), part((1, 0), (0, 1))])
    np.testing.assert_array_equal(scores.index, [0, 1, 2])
    np.testing.assert_array_equal(scores.labels, [0, 1, 0])
    assert scores.log_probabilities.tolist() == [[[v, i] for i in range(3)] for v in range(2)]


@pytest.mark.parametrize(
    "lines", [((0, 0), (0, 1), (0, 1)), ((0, 0), (0, 1), (1, 0)), ((0, 0), (0, 1), (1, 0), (1, 1), (1, 1))]
)
def test_a_view_seen_twice_or_not_at_all(lines):
    with pytest.raises(RuntimeError, match="not each of"):
        gather([part(*lines)])


def test_labels_go_with_the_checkpoint_and_another_order_is_refused():
    run = SMOKE.resolve(Row(""), 0)
    names = [f"class {number}" for number in range(24)]
    recognizer = VideoRecognizer(run, names)
    checkpoint = {}
    recognizer.on_save_checkpoint(checkpoint)
    assert checkpoint["labels"] == names
    recognizer.on_load_checkpoint(checkpoint)
    recognizer.on_load_checkpoint({})  # of a version that did not keep them
    other = VideoRecognizer(run, names[::-1])
    own = {}
    other.on_save_checkpoint(own)
    with pytest.raises(UserError) as caught:
        other.on_load_checkpoint(checkpoint)
    assert all(found["label_fingerprint"] in str(caught.value) for found in (own, checkpoint))
