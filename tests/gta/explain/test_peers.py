"""Networks with fewer frames inside than they are given, and with other heads, are looked into all the same."""

import numpy as np
import pytest
import torch

from experiments.study.profiles import SMOKE
from experiments.tables import TABLES
from gta.explain.capture import capture_looks
from gta.explain.explanation import explain
from gta.training.recognizer import VideoRecognizer

ROWS = {trained.name: trained for row in TABLES["table_peers"].rows for trained in row.trained}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_can_be_looked_into(name):
    torch.manual_seed(0)
    recognizer = VideoRecognizer(SMOKE.resolve(ROWS[name], 0)).eval()
    frames = recognizer.run.data.frames
    clips, pictures = (
        torch.randn(2, recognizer.run.data.channels, frames, 32, 32),
        np.zeros((2, frames, 32, 32, 3), np.uint8),
    )
    pictures[:, frames // 2 :, 8:16, 8:16] = 255
    names = [str(number) for number in range(24)]
    looks = capture_looks(recognizer.model, clips, pictures, [0, 1], names)
    attends = any(block.kind in ("sa", "nl", "ta", "gta") for block in ROWS[name].blocks)
    assert (looks is not None) == attends
    if looks is not None:
        seen = {values.shape[1] for key, values in looks.maps.items() if key not in ("temporal", "temporal_swapped")}
        assert seen == {looks.frames.shape[1]}  # a picture beside every map
    if recognizer.model.head is None:
        found = explain(recognizer.model, clips[:1])
        assert np.isfinite(found.evidence).all()
