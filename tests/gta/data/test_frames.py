"""Segment sampling, crops and flips."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from gta.config import ViewsConfig
from gta.config.views import view_list, view_table
from gta.data import transforms
from gta.data.frames import dense_indices, segment_indices, span_indices


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
        ("SwipeLeft", False),
        ("moveRIGHT", False),
        ("LEFT_TO_RIGHT", False),
        ("left-to-right", False),
        ("lefttoright", False),
        ("Left2Right", False),
        ("Moving something leftwards", False),
        ("righthanded throw", False),
        ("Moving [something on the left] up", False),
        ("Turning Hand Counterclockwise", False),
        ("move_l2r", False),
        ("turn_R", False),
        ("UpRight", False),
        ("up-right", False),
        ("Putting something upright on the table", True),
        ("a bright, frightened playwright", True),
        ("cartwheeling", True),
        ("ultra_light", True),
    ],
)
def test_flip_rule_finds_directions_in_every_form(template, flips):
    assert transforms.may_flip(template) is flips


@pytest.mark.parametrize("numbered", ["class 007", "7", "C012", "label_3", "Action-12"])
def test_numbered_classes_cannot_be_judged(numbered):
    assert f"1 of 2 classes have a number for a name, such as {numbered!r}" in transforms.doubtful_mirror(
        ("Moving something left", numbered)
    )
    assert transforms.doubtful_mirror(("Doing something number 003", "playing blackjack 21")) == ""


def test_random_box_reaches_every_place():
    rng = np.random.default_rng(0)
    boxes = {transforms.random_box(rng, (36, 36), 32) for _ in range(1000)}
    assert {(b.top, b.left) for b in boxes} == {(i, j) for i in range(5) for j in range(5)}
    assert transforms.view_box((36, 36), 32, 32, 0, 1) == transforms.Box(2, 2, 32, 32)
    with pytest.raises(ValueError, match="does not fit"):
        transforms.view_box((30, 36), 32, 32, 0, 1)


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


def test_flow_is_not_cut_to_the_smallest_scale():
    """Crops of flow have TSN's three scales, those of frames four."""
    rng = np.random.default_rng(0)
    boxes = [transforms.training_box(rng, (240, 320), 224, "multiscale", transforms.FLOW_SCALES) for _ in range(1000)]
    assert {b.height for b in boxes} == {240, 210, 180}


def test_resize_scales_every_frame_alike():
    ramp = np.broadcast_to(np.arange(0, 160, 2, dtype=np.uint8)[None, None, :, None], (3, 60, 80, 3))
    scaled = transforms.resize(ramp, 20)
    assert scaled.shape == (3, 20, 20, 3)
    assert scaled.dtype == np.uint8
    assert np.array_equal(scaled[0], scaled[2])
    expected = np.arange(0, 160, 2).reshape(20, 4).mean(1)
    assert np.abs(scaled[0, 5, 1:-1, 0].astype(float) - expected[1:-1]).max() <= 1.5
    assert transforms.resize(scaled, 20) is scaled


# ---------------------------------------------------------------------------- clips, views, jitter
@pytest.mark.parametrize("frames", [8, 16])
def test_two_clips_are_the_middles_and_the_first_frames_of_the_segments(frames):
    first, second = (segment_indices(64, frames, None, clip, 2) for clip in range(2))
    assert np.array_equal(first, segment_indices(64, frames))
    assert second.tolist() == list(range(0, 64, 64 // frames))
    for length in (1, 5, 45):
        clips = [segment_indices(length, frames, None, clip, 5) for clip in range(5)]
        assert all(at.min() >= 0 and at.max() < length and np.all(np.diff(at) >= 0) for at in clips)
    with pytest.raises(ValueError, match="clip 2 is not within"):
        segment_indices(64, 8, None, 2, 2)


def test_dense_clips_start_as_in_pyslowfast():
    starts = [dense_indices(300, 8, 8, None, clip, 10)[0] for clip in range(10)]
    assert starts == [(300 - 64) * i // 10 for i in range(10)]
    assert dense_indices(300, 8, 8).tolist() == [0, 9, 18, 27, 36, 45, 54, 63]
    assert dense_indices(300, 8, 8, None, 3, 10).tolist() == [70 + 9 * i for i in range(8)]
    assert dense_indices(300, 1, 4).tolist() == [0]
    assert dense_indices(5, 4, 2).tolist() == [0, 2, 4, 4]
    rng = np.random.default_rng(0)
    drawn = {int(dense_indices(20, 4, 4, rng)[0]) for _ in range(200)}
    assert drawn == set(range(5))
    with pytest.raises(ValueError, match="every 0th"):
        dense_indices(20, 4, 0)


@pytest.mark.parametrize(("frames", "stride"), [(8, 8), (32, 2), (16, 4)])
@pytest.mark.parametrize("length", [1, 30, 63, 64, 65, 71, 128, 250, 299, 300])
def test_dense_clips_are_a_linspace_over_the_window(length, frames, stride):
    """PySlowFast: linspace(start, start + W - 1, T), cut to whole frames within the video."""
    window = frames * stride
    for clips in (1, 3, 10):
        for clip in range(clips):
            start = Fraction(max(length - window, 0) * clip, clips)
            expected = [
                min(math.floor(start + Fraction((window - 1) * k, frames - 1)), length - 1) for k in range(frames)
            ]
            assert dense_indices(length, frames, stride, None, clip, clips).tolist() == expected
    rng = np.random.default_rng(0)
    offsets = [(window - 1) * k // (frames - 1) for k in range(frames)]
    for _ in range(20):
        drawn = dense_indices(length, frames, stride, rng)
        assert drawn.tolist() == [min(int(drawn[0]) + offset, length - 1) for offset in offsets]


@pytest.mark.parametrize("frames", [8, 64])
@pytest.mark.parametrize("length", [1, 2, 9, 33, 45, 64, 65, 117])
def test_spans_are_those_of_pyslowfast(length, frames):
    """Ends round((L-1)/T i), both inside; the earlier of two middles in testing, any frame of the span in training."""
    size = float(length - 1) / frames
    spans = [(round(size * i), round(size * (i + 1))) for i in range(frames)]  # Python rounds halves to even
    assert span_indices(length, frames).tolist() == [(start + end) // 2 for start, end in spans]
    rng = np.random.default_rng(0)
    drawn = np.stack([span_indices(length, frames, rng) for _ in range(400)])
    assert [(int(column.min()), int(column.max())) for column in drawn.T] == spans
    second = span_indices(length, frames, None, 1, 2)
    assert second.tolist() == [start for start, _ in spans]


def test_spans_differ_from_segments():
    """What the two rules give is not the same for a third of the frames of clips of usual length."""
    differ = [np.mean(span_indices(length, 64) != segment_indices(length, 64)) for length in range(24, 72)]
    assert np.mean(differ) > 0.2
    assert np.mean(differ) < 0.5


def test_views_are_numbered_through():
    settings = (ViewsConfig(1, 1), ViewsConfig(2, 3))
    views = view_list((*settings, ViewsConfig(1, 1)))
    lines = [(view.clips, view.crops, view.clip, view.crop) for view in views]
    assert lines == [tuple(line) for line in view_table(settings).tolist()]
    assert [(v.clip, v.clips, v.crop, v.crops) for v in views] == [
        (0, 1, 0, 1),
        *[(clip, 2, crop, 3) for clip in range(2) for crop in range(3)],
    ]


@pytest.mark.parametrize(("size", "boxes"), [((256, 455), [0, 99, 199]), ((455, 256), [0, 99, 199])])
def test_three_crops_lie_along_the_longer_side_and_one_is_the_centre(size, boxes):
    found = [transforms.view_box(size, 256, 256, crop, 3) for crop in range(3)]
    assert [max(box.top, box.left) for box in found] == boxes
    assert all(min(box.top, box.left) == 0 for box in found)
    assert transforms.view_box(size, 256, 256, 0, 1) == found[1]
    assert transforms.view_box((240, 320), 224, 224, 0, 3) == transforms.Box(8, 0, 224, 224)


def test_short_side_jitter_is_uniform_in_the_inverse():
    rng = np.random.default_rng(0)
    boxes = [transforms.jitter_box(rng, (240, 427), 224, (256, 320)) for _ in range(4000)]
    sides = np.array([box.height for box in boxes])
    assert all(box.height == box.width and box.top + box.height <= 240 and box.left + box.width <= 427 for box in boxes)
    assert (sides.min(), sides.max()) == (168, 210)  # 224 * 240 / 320 and / 256: linear in the inverse, so uniform
    counts, _ = np.histogram(sides, bins=6, range=(168, 210))
    assert counts.min() > 0.8 * 4000 / 6


def test_short_side_jitter_may_be_uniform_in_the_side():
    rng = np.random.default_rng(0)
    boxes = [transforms.jitter_box(rng, (2560, 4000), 224, (256, 320), "side") for _ in range(4000)]
    sides = np.array([round(2560 * 224 / box.height) for box in boxes])
    assert (sides.min(), sides.max()) == (256, 320)
    counts, _ = np.histogram(sides, bins=4, range=(256, 320))
    assert counts.min() > 0.88 * 4000 / 4  # uniform in the inverse there would be a fifth less than a quarter above 304
    assert np.mean(sides) == pytest.approx(288, abs=1.5)


def test_colour_jitter_is_the_same_for_all_frames_and_keeps_grey_grey():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    clip = np.stack([frame, frame])
    for seed in range(20):
        jittered = transforms.jitter_colour(np.random.default_rng(seed), clip, 0.4)
        assert jittered.dtype == np.uint8
        assert np.array_equal(jittered[0], jittered[1])
        grey = transforms.jitter_colour(np.random.default_rng(seed), np.full((1, 4, 4, 3), 90, np.uint8), 0.4)
        assert np.ptp(grey) == 0
    assert np.array_equal(transforms.jitter_colour(rng, clip, 0.0), clip)


def test_scaling_is_that_of_pil_to_one_level():
    picture = np.random.default_rng(0).integers(0, 256, (60, 107, 3), dtype=np.uint8)
    for height, width in ((40, 50), (90, 120), (60, 53)):
        expected = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR), int)
        assert np.abs(transforms.scale(picture[None], (height, width))[0] - expected).max() <= 1
