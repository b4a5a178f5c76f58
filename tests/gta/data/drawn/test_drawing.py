"""The drawn clips: templates, time symmetry, pools, independence of one another."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gta.config import DrawingConfig
from gta.data.drawn.appearance import FILL_NAMES, HUES, PATTERNS, SHAPE_NAMES, hues_of, tone
from gta.data.drawn.clip import clip_rng, compose, describe_clip, draw_clip, draw_forward
from gta.data.drawn.stills import NONE, STILL_TASKS, draw_stills
from gta.data.drawn.templates import KINDS, TEMPLATES
from gta.data.frames import segment_indices
from gta.data.sets.splits import without_brackets
from gta.data.transforms import may_flip
from tests import golden

DRAWING = DrawingConfig()
ORDER = [t for t in TEMPLATES if t.kind == "order"]


def test_templates_are_eight_pairs_four_motions_and_four_static():
    assert len({t.name for t in TEMPLATES}) == len(TEMPLATES) == 24
    assert [sum(t.kind == kind for t in TEMPLATES) for kind in KINDS] == [16, 4, 4]
    pairs = [(t.name, t.reverse) for t in ORDER if not t.backward]
    assert len(pairs) == 8
    assert {name for pair in pairs for name in pair} == {t.name for t in ORDER}
    by_name = {t.name: t for t in TEMPLATES}
    for first, second in pairs:
        assert (by_name[first].reverse, by_name[second].reverse) == (second, first)
        assert by_name[first].scene == by_name[second].scene
        assert (by_name[first].backward, by_name[second].backward) == (False, True)
    assert by_name["Holding something"].kind == "static"


def test_brackets_go_round():
    for template in TEMPLATES:
        assert "[" in template.bracketed
        assert without_brackets(template.bracketed) == template.name


def test_only_the_left_right_pair_is_spared_by_the_flip():
    assert [t.name for t in TEMPLATES if not may_flip(t.name)] == [
        "Moving something from left to right",
        "Moving something from right to left",
    ]


@pytest.mark.parametrize("template", [t for t in ORDER if t.backward], ids=lambda t: t.scene)
def test_second_of_a_pair_is_the_same_generator_backwards(template):
    first = next(t for t in TEMPLATES if t.name == template.reverse)
    forward = draw_forward(DRAWING, "train", first, clip_rng(DRAWING, "train", template, 3))
    clip = draw_clip(DRAWING, "train", template, 3)
    assert np.array_equal(clip, forward[::-1])
    assert not np.array_equal(clip, forward)
    # What a test view shows of the two is the same set of frames in opposite order.
    at = segment_indices(len(clip), 8)
    assert np.array_equal(clip[at], forward[at][::-1])


@pytest.mark.parametrize("template", [t for t in TEMPLATES if t.kind != "order"], ids=lambda t: t.scene)
def test_other_clips_run_backwards_half_of_the_time(template):
    small = replace(DRAWING, source_frames=4, side=16)
    backwards = 0
    for i in range(40):
        forward = draw_forward(small, "train", template, clip_rng(small, "train", template, i))
        clip = draw_clip(small, "train", template, i)
        if np.array_equal(clip, forward[::-1]):
            backwards += 1
        else:
            assert np.array_equal(clip, forward)
    assert 8 <= backwards <= 32


def test_camera_and_distractors_have_no_direction_of_time():
    """Over many clips the drift of both averages to zero for a template and its partner."""
    for template in ORDER[:2]:  # one thing takes part, the last sprite; those before it are distractors
        scenes = [compose(DRAWING, "train", template, clip_rng(DRAWING, "train", template, i)) for i in range(200)]
        paths = {
            "camera": [scene.camera_x for scene in scenes],
            "distractors": [sprite.x for scene in scenes for sprite in scene.sprites[:-1]],
        }
        for name, path in paths.items():
            drifts = [x[-8:].mean() - x[:8].mean() for x in path]
            spread = np.std(drifts)
            assert spread > 1, name
            assert abs(np.mean(drifts)) < 4 * spread / np.sqrt(len(drifts)), name


def test_a_clip_depends_on_its_name_only():
    template = TEMPLATES[4]
    alone = draw_clip(DRAWING, "train", template, 7)
    draw_clip(DRAWING, "train", template, 6)
    assert np.array_equal(alone, draw_clip(DRAWING, "train", template, 7))
    for other in (
        draw_clip(DRAWING, "train", template, 8),
        draw_clip(DRAWING, "tune", template, 7),
        draw_clip(replace(DRAWING, seed=1), "train", template, 7),
    ):
        assert not np.array_equal(alone, other)
    assert not np.array_equal(draw_clip(DRAWING, "tune", template, 7), draw_clip(DRAWING, "validation", template, 7))
    assert alone.shape == (32, 48, 48, 3)
    assert alone.dtype == np.uint8
    assert alone.flags.c_contiguous


def _things(split: str) -> tuple[set[tuple[str, str, int]], set[tuple[str, int]]]:
    objects, walls = set(), set()
    small = replace(DRAWING, source_frames=2)
    for template in TEMPLATES:
        for i in range(40):
            scene = compose(small, split, template, clip_rng(small, split, template, i))
            walls.add(scene.background.combination)
            objects |= {s.appearance.combination for s in scene.sprites if s.appearance.shape in SHAPE_NAMES}
    return objects, walls


def test_training_and_evaluation_share_no_object_and_no_background():
    train, validation, tune = _things("train"), _things("validation"), _things("tune")
    for i in range(2):
        assert train[i].isdisjoint(validation[i] | tune[i])
        assert len(validation[i] & tune[i]) > len(validation[i]) / 2
    for objects, walls in (train, validation, tune):
        assert {shape for shape, _, _ in objects} == set(SHAPE_NAMES)
        assert {fill for _, fill, _ in objects} == set(FILL_NAMES)
        assert {hue for _, _, hue in objects} == set(range(HUES))
        assert {pattern for pattern, _ in walls} == set(PATTERNS)


def test_every_combination_belongs_to_one_pool():
    for number in range(20):
        train, held_out, test = (hues_of(number, pool) for pool in ("train", "held-out", "test"))
        assert sorted(train + held_out) == list(range(HUES))
        assert (len(train), len(held_out)) == (6, 3)
        assert test == [hue + HUES for hue in held_out]


def test_the_test_split_shares_no_object_and_no_background_with_any_other():
    test, *others = (_things(split) for split in ("test", "train", "validation", "tune"))
    for i in range(2):
        assert test[i].isdisjoint(set().union(*(other[i] for other in others)))
    assert {shape for shape, _, _ in test[0]} == set(SHAPE_NAMES)
    assert {fill for _, fill, _ in test[0]} == set(FILL_NAMES)
    assert {hue for _, _, hue in test[0]} == {hue for _, hue in test[1]} == set(range(HUES, 2 * HUES))
    for hue in range(HUES):  # tones of a bin and of the gap behind it: told apart on the circle of hues
        draws = [_turn(tone(np.random.default_rng(i), hue, 120, 130, 40)) for i in range(50)]
        gaps = [_turn(tone(np.random.default_rng(i), hue + HUES, 120, 130, 40)) for i in range(50)]
        distance = [abs((turn * HUES - hue + 4.5) % 9 - 4.5) for turn in draws]
        assert max(distance) < 0.41
        assert all(0.39 < (turn * HUES - hue) % 9 < 0.61 for turn in gaps)
    words = describe_clip(DRAWING, "test", TEMPLATES[0], 0)
    assert "-" in words[0].split()[0]


def _turn(colour: np.ndarray) -> float:
    """The hue of a colour in turns, as :func:`gta.data.drawn.appearance.colour` makes it."""
    at = 2 * np.pi * np.array([0, 1 / 3, 2 / 3])
    return float(np.arctan2(colour @ np.sin(at), colour @ np.cos(at)) / (2 * np.pi))


def test_descriptions_fill_the_brackets():
    for template in TEMPLATES:
        assert len(describe_clip(DRAWING, "train", template, 0)) == template.bracketed.count("[")


def test_main_object_stands_out_in_luminance():
    calm = replace(DRAWING, noise=0.0, distractors=0, shake=0.0, pan=0.0)
    holding = next(t for t in TEMPLATES if t.scene == "spin")
    luma = np.array([0.299, 0.587, 0.114])
    for i in range(12):
        picture = draw_clip(calm, "train", holding, i)[0] @ luma
        assert np.ptp(picture) > 80


def test_stills_tell_where_the_largest_thing_is():
    pictures, targets = draw_stills(replace(DRAWING, noise=0.0), seed=1, count=800)
    assert pictures.shape == (800, 32, 32, 3)
    assert pictures.dtype == np.uint8
    assert list(targets) == list(STILL_TASKS)
    for task, classes in STILL_TASKS.items():
        values = targets[task]
        assert values.dtype == np.int64
        assert values.shape == (800,)
        known = values[values != NONE]
        assert set(known) == set(range(classes))
    empty = targets["count"] == 0
    for task in ("shape", "x", "y", "size"):
        assert np.array_equal(targets[task] == NONE, empty)
    # A lone thing without a hand is where the picture differs from its border colours.
    alone = np.flatnonzero((targets["count"] == 1) & (targets["hand"] == 0) & (targets["size"] >= 2))
    errors = []
    for i in alone:
        grey = pictures[i].astype(float).mean(-1)
        weight = np.abs(grey - np.median(grey)) ** 4
        centre = (weight.sum(0) @ np.arange(32) / weight.sum() / 4, weight.sum(1) @ np.arange(32) / weight.sum() / 4)
        errors.append(np.abs(np.subtract(centre, (targets["x"][i] + 0.5, targets["y"][i] + 0.5))).max())
    assert len(errors) > 10
    assert np.median(errors) < 1


def test_stills_are_reproducible_and_prefixes_agree():
    few, labels = draw_stills(DRAWING, seed=3, count=20)
    many, more = draw_stills(DRAWING, seed=3, count=40)
    assert np.array_equal(few, many[:20])
    assert np.array_equal(labels["x"], more["x"][:20])
    assert not np.array_equal(few, draw_stills(DRAWING, seed=4, count=20)[0])


def test_the_drawing_is_that_of_its_version():
    """Coarse pictures, so that another machine's rounding passes and another drawing does not."""
    stored = json.loads(golden.DRAWING.read_text())
    for name, frames in golden.drawing().items():
        np.testing.assert_allclose(frames, stored[name], atol=0.5, err_msg=f"{name}: raise DrawingConfig.version")
