"""Segment sampling, crops and flips."""

from __future__ import annotations

import numpy as np
import pytest

from gta.data import transforms
from gta.data.sampling import segment_indices


def test_test_frames_of_a_drawn_clip():
    assert segment_indices(32, 8).tolist() == [1, 5, 9, 13, 18, 22, 26, 30]


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 8, 16])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 9, 12, 20, 31, 32, 33, 64, 455])
def test_test_frames_mirror(length, frames):
    at = segment_indices(length, frames)
    assert at.shape == (frames,)
    assert at.dtype == np.int64
    assert np.all(np.diff(at) >= 0)
    assert at.min() >= 0
    assert at.max() < length
    if frames % 2 == 0 or length % 2 == 1:
        assert np.array_equal(at, length - 1 - at[::-1])


@pytest.mark.parametrize("length", [8, 12, 32, 45, 100])
def test_training_frames_stay_in_their_segments_and_reach_all_of_them(length):
    rng = np.random.default_rng(0)
    edges = np.floor(np.arange(9) * length / 8 + 0.5).astype(int)
    drawn = np.stack([segment_indices(length, 8, rng) for _ in range(600)])
    assert np.all(drawn >= edges[:-1])
    assert np.all(drawn < edges[1:])
    assert len(np.unique(drawn)) == length


@pytest.mark.parametrize("length", [1, 3, 7])
def test_short_clips_repeat_frames(length):
    rng = np.random.default_rng(0)
    for at in (segment_indices(length, 8), segment_indices(length, 8, rng)):
        assert len(at) == 8
        assert set(at) <= set(range(length))
        assert np.all(np.diff(at) >= 0)


def test_impossible_samples_are_refused():
    with pytest.raises(ValueError, match="clip of 0"):
        segment_indices(0, 8)


@pytest.mark.parametrize(
    ("template", "flips"),
    [
        ("Pushing something from left to right", False),
        ("Moving something to the Right.", False),
        ("LEFT something alone", False),
        ("Something brightly leftover", True),
        ("Lifting something up", True),
    ],
)
def test_flip_rule_reads_whole_words(template, flips):
    assert transforms.may_flip(template) is flips


def test_random_box_reaches_every_place():
    rng = np.random.default_rng(0)
    boxes = {transforms.random_box(rng, (36, 36), 32) for _ in range(1000)}
    assert {(b.top, b.left) for b in boxes} == {(i, j) for i in range(5) for j in range(5)}
    assert transforms.centre_box((36, 36), 32) == transforms.Box(2, 2, 32, 32)
    with pytest.raises(ValueError, match="does not fit"):
        transforms.centre_box((30, 36), 32)


def test_multiscale_boxes_are_the_paper_s():
    rng = np.random.default_rng(0)
    boxes = [transforms.multiscale_box(rng, (240, 320), 224) for _ in range(6000)]
    sides = [240, 210, 180, 158]
    shapes = {(b.height, b.width) for b in boxes}
    assert shapes == {(a, b) for i, a in enumerate(sides) for j, b in enumerate(sides) if abs(i - j) <= 1}
    for height, width in shapes:
        places = {(b.top, b.left) for b in boxes if (b.height, b.width) == (height, width)}
        # Full height leaves no vertical freedom: the 13 places fall together to five columns.
        assert len(places) == (5 if height == 240 else 13)
    assert all(b.top + b.height <= 240 and b.left + b.width <= 320 for b in boxes)


def test_resize_scales_every_frame_alike():
    ramp = np.broadcast_to(np.arange(0, 160, 2, dtype=np.uint8)[None, None, :, None], (3, 60, 80, 3))
    scaled = transforms.resize(ramp, 20)
    assert scaled.shape == (3, 20, 20, 3)
    assert scaled.dtype == np.uint8
    assert np.array_equal(scaled[0], scaled[2])
    expected = np.arange(0, 160, 2).reshape(20, 4).mean(1)
    assert np.abs(scaled[0, 5, 1:-1, 0].astype(float) - expected[1:-1]).max() <= 1.5
    assert transforms.resize(scaled, 20) is scaled
