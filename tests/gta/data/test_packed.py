"""What a loader's worker holds of a split: arrays, no objects."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from gta.config import DataConfig
from gta.data.dataset import ClipDataset
from gta.data.packed import PackedPaths
from gta.data.sets.splits import Clip, Split

PATHS = [Path("a/1.webm"), Path("videos/ü.mp4"), Path(os.fsdecode(b"broken-\xff.webm")), Path("/" + "x" * 300)]


def test_paths_come_back_by_their_place():
    packed = PackedPaths(PATHS)
    assert [packed[index] for index in range(len(packed))] == PATHS
    assert packed[int(np.int64(2))] == PATHS[2]
    assert len(PackedPaths([])) == 0


def test_what_is_sent_to_a_worker_does_not_grow_by_an_object_a_clip():
    clips = tuple(Clip(str(n), Path(f"data/{n}.webm"), n % 2, "Opening something") for n in range(2000))
    dataset = ClipDataset(Split(("a", "b"), clips), DataConfig("ssv2"), 0, training=True)
    sent = pickle.dumps(dataset)
    assert len(sent) < 40 * len(clips) < len(pickle.dumps(dataset.split))
    copy = pickle.loads(sent)
    assert len(copy) == len(dataset)
    with pytest.raises(AttributeError):
        copy.split  # noqa: B018
