"""Predictions for a test set in the format of its submissions."""

import numpy as np

from gta.scoring.submission import write_submission


def test_a_line_a_video_with_the_best_labels_first(tmp_path):
    labels = ["Holding something", "Dropping something, then leaving", "Pushing something"]
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])
    path = tmp_path / "test-predictions.csv"
    write_submission(path, ["7", "3"], probabilities, labels, 2)
    assert path.read_text() == (
        "7;Dropping something, then leaving;Pushing something\n3;Holding something;Dropping something, then leaving\n"
    )
    write_submission(path, ["7", "3"], probabilities, labels, 1)
    assert path.read_text().splitlines() == ["7;Dropping something, then leaving", "3;Holding something"]
