"""Preparing an embedded data set: same bytes, resumed, never half; and its cache."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gta import parallel as pool
from gta.config import DrawingConfig, digest
from gta.data import cache
from gta.data.cache import open_cache
from gta.data.check import main as check_main
from gta.data.drawn import make as prepare
from gta.data.drawn.embedded import EMBEDDED
from gta.data.drawn.make import embedded_info, ensure_embedded
from gta.data.drawn.templates import TEMPLATES
from gta.data.prepare import main
from gta.data.read.reader import count_frames, read_all
from gta.data.sets.ssv2 import read_split
from gta.data.tools.contact_sheet import main as contact_main
from gta.errors import UserError

SMALL = DrawingConfig(train_per_template=2, validation_per_template=1, tune_per_template=1, source_frames=8, side=32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return ensure_embedded(tmp_path_factory.mktemp("data"), SMALL, "small", jobs=1)


def _bytes(folder: Path) -> dict[str, str]:
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix in (".webm", ".json") and "cache" not in p.parts]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_layout_is_that_of_something_something(folder):
    assert folder.name == f"small-{digest(SMALL)}"
    labels = json.loads((folder / "labels.json").read_text())
    assert sorted(labels) == sorted(t.name for t in TEMPLATES)
    assert all(isinstance(number, str) for number in labels.values())
    rows = json.loads((folder / "train.json").read_text())
    assert len(rows) == 48
    assert set(rows[0]) == {"id", "label", "template", "placeholders"}
    assert all("something" not in row["label"].lower() for row in rows)
    assert not (folder / "tune.json").exists()
    split = read_split(folder, "validation")
    assert len(split.clips) == 24
    assert all(count_frames(clip.path) == 8 for clip in split.clips)
    # Templates are mixed: the first third of the list is not the first third of the templates.
    assert len({row["template"] for row in rows[:16]}) > 8


def test_the_same_seed_gives_the_same_bytes_in_one_or_two_processes(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "_FEW", 0)
    again = ensure_embedded(tmp_path, SMALL, "small", jobs=2)
    assert _bytes(again) == _bytes(folder)
    other = ensure_embedded(tmp_path, replace(SMALL, seed=1), "small", jobs=1)
    assert other != again
    assert embedded_info(other)["fingerprint"] != embedded_info(again)["fingerprint"]


def test_a_whole_set_is_not_touched(folder, monkeypatch):
    monkeypatch.setattr(prepare, "_make_split", lambda *_: pytest.fail("drawn again"))
    assert ensure_embedded(folder.parent, SMALL, "small") == folder


def test_an_interrupted_preparation_goes_on(folder, tmp_path, monkeypatch):
    make = prepare._make_clip
    done = []

    def fails(common, item):
        if len(done) == 20:
            raise KeyboardInterrupt
        done.append(item)
        return make(common, item)

    monkeypatch.setattr(prepare, "_make_clip", fails)
    with pytest.raises(KeyboardInterrupt):
        ensure_embedded(tmp_path, SMALL, "small", jobs=1)
    half = tmp_path / folder.name
    assert not (half / "embedded.json").exists()
    videos = sorted((half / "videos").glob("*.webm"))
    assert len(videos) == 20
    kept = videos[0].stat().st_mtime_ns
    # What a power cut or a foreign copy can leave: a cut file, an empty one, a temporary one.
    videos[1].write_bytes(videos[1].read_bytes()[:2000])
    videos[2].write_bytes(b"")
    (half / "videos" / ".1.99.part").write_bytes(b"x")

    monkeypatch.setattr(prepare, "_make_clip", make)
    assert ensure_embedded(tmp_path, SMALL, "small", jobs=1) == half
    assert _bytes(half) == _bytes(folder)
    assert videos[0].stat().st_mtime_ns == kept
    assert not list(half.rglob("*.part"))


def test_tune_is_added_later_and_leaves_the_rest_alone(folder, tmp_path):
    first = ensure_embedded(tmp_path, SMALL, "small", jobs=1, splits=("train",))
    before = embedded_info(first)["splits"]["train"]
    ensure_embedded(tmp_path, SMALL, "small", jobs=1, splits=("train", "tune"))
    info = embedded_info(first)
    assert info["splits"]["train"] == before == embedded_info(folder)["splits"]["train"]
    assert info["splits"]["tune"]["clips"] == 24
    tune = {clip.id for clip in read_split(first, "tune").clips}
    assert tune.isdisjoint(clip.id for clip in read_split(folder, "validation").clips)


def test_a_test_split_completes_a_finished_set_in_place(tmp_path, capsys):
    folder = ensure_embedded(tmp_path, SMALL, "small", jobs=1)
    before, splits = _bytes(folder), embedded_info(folder)["splits"]
    assert ensure_embedded(tmp_path, SMALL, "small", jobs=1, splits=("train", "test")) == folder
    assert embedded_info(folder)["splits"].items() > splits.items()
    after = _bytes(folder)
    assert {name: sha for name, sha in after.items() if name in before and name != "embedded.json"} == {
        name: sha for name, sha in before.items() if name != "embedded.json"
    }
    assert all(set(row) == {"id"} for row in json.loads((folder / "test.json").read_text()))
    split = read_split(folder, "test")
    assert len(split.clips) == 24
    assert sorted(clip.label for clip in split.clips) == list(range(24))
    assert check_main([str(folder), "--jobs", "1"]) == 0
    assert "test: 24 clips, 0 bad" in capsys.readouterr().out
    answers = (folder / "test-answers.csv").read_text().splitlines()
    swapped = [f"{a.split(';')[0]};{b.split(';')[1]}" for a, b in zip(answers, answers[::-1], strict=True)]
    (folder / "test-answers.csv").write_text("\n".join(swapped) + "\n")
    assert check_main([str(folder), "--jobs", "1"]) == 1
    assert "test is not what was drawn" in capsys.readouterr().err


def test_a_full_disk_is_a_user_error_and_leaves_no_half_file(tmp_path, monkeypatch):
    replace_file, count = os.replace, []

    def full(source, target):
        count.append(target)
        if len(count) == 5:
            raise OSError(28, "No space left on device")
        replace_file(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"cannot write .*webm: No space left on device"):
        ensure_embedded(tmp_path, SMALL, "small", jobs=1)
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.rglob("embedded.json"))


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        ensure_embedded(tmp_path / "data", SMALL, "small", jobs=1)


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(EMBEDDED, "smoke", SMALL)
    assert main(["smoke", "--data", str(tmp_path), "--jobs", "1"]) == 0
    assert "train 48, validation 24 clips" in capsys.readouterr().out
    assert main(["smok"]) == 2
    assert "did you mean 'smoke'" in capsys.readouterr().err
    assert main(["smoke", "--jobs", "0"]) == 2
    sheet = tmp_path / "sheet.png"
    assert contact_main(["smoke", str(sheet), "--data", str(tmp_path)]) == 0
    assert sheet.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert sheet.stat().st_size > 50_000
    assert contact_main(["tyni", str(sheet)]) == 2


# ------------------------------------------------------------------------------------------ cache
def test_cache_equals_the_decoder_and_is_reused(folder, tmp_path, monkeypatch):
    split = read_split(folder, "validation")
    frames = open_cache(tmp_path, "validation", split, "f1", (24, 28), jobs=1)
    assert frames.shape == (24, 8, 24, 28, 3)
    assert not frames.flags.writeable
    for row, clip in zip(frames, split.clips, strict=True):
        assert np.array_equal(row, read_all(clip.path, (24, 28)))
    monkeypatch.setattr(cache, "_build", lambda *_: pytest.fail("built again"))
    assert np.array_equal(open_cache(tmp_path, "validation", split, "f1", (24, 28)), frames)


@pytest.mark.parametrize("damage", ["fingerprint", "truncated", "garbage", "no description"])
def test_a_cache_that_does_not_fit_is_rebuilt(folder, tmp_path, damage):
    split = read_split(folder, "validation")
    good = np.array(open_cache(tmp_path, "validation", split, "f1", (16, 16), jobs=1))
    path = tmp_path / "validation-16x16.npy"
    stamp = path.stat().st_mtime_ns
    content = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(content[:-1000])
    elif damage == "garbage":
        path.write_bytes(b"garbage")
    elif damage == "no description":
        path.with_suffix(".json").unlink()
    again = open_cache(tmp_path, "validation", split, "f2" if damage == "fingerprint" else "f1", (16, 16), jobs=1)
    assert np.array_equal(again, good)
    assert path.stat().st_mtime_ns != stamp
    assert not list(tmp_path.glob("*.part"))


def test_clips_of_unequal_length_cannot_be_cached(folder, tmp_path):
    split = read_split(folder, "validation")
    longer = ensure_embedded(tmp_path, replace(SMALL, source_frames=9), "long", jobs=1, splits=("validation",))
    mixed = replace(split, clips=(split.clips[0], read_split(longer, "validation").clips[0]))
    with pytest.raises(UserError, match="9 frames, the other clips 8"):
        open_cache(tmp_path / "cache", "mixed", mixed, "f", (16, 16), jobs=1)
    assert not list((tmp_path / "cache").glob("*.npy"))
    assert not list((tmp_path / "cache").glob("*.part"))


# ------------------------------------------------------------------------------------------ check
def test_check_finds_every_kind_of_damage(tmp_path, capsys):
    folder = ensure_embedded(tmp_path, SMALL, "small", jobs=1, splits=("train",))
    assert check_main([str(folder), "--jobs", "1"]) == 0
    assert "train: 48 clips, 0 bad" in capsys.readouterr().out
    clips = read_split(folder, "train").clips
    clips[0].path.unlink()
    clips[1].path.write_bytes(b"")
    assert check_main([str(folder), "--jobs", "1"]) == 1
    errors = capsys.readouterr().err
    assert clips[0].path.name in errors
    assert clips[1].path.name in errors
    for i in (0, 1):  # whole videos, but not the ones that were drawn
        clips[i].path.write_bytes(clips[2].path.read_bytes())
    assert check_main([str(folder), "--jobs", "1"]) == 1
    assert "not what was drawn" in capsys.readouterr().err
    assert check_main([str(tmp_path)]) == 2
