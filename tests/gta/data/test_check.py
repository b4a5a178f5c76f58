"""Checking and converting data sets of every format."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from gta.data.check import main, read_passport
from gta.data.prepare import main as prepare
from gta.data.read.reader import count_frames, probe, read_all
from gta.data.sets import formats, ssv2
from gta.data.sets.formats import detect, read_split
from gta.data.sets.splits import label_fingerprint
from gta.data.tools import convert, survey
from gta.errors import UserError
from tests.support import videos


@pytest.fixture
def small_release(monkeypatch):
    monkeypatch.setitem(ssv2.OFFICIAL, "train", 6)
    monkeypatch.setitem(ssv2.OFFICIAL, "validation", 4)
    small = tuple(dataclasses.replace(known, classes=known.classes and 3) for known in formats.FORMATS)
    monkeypatch.setattr(formats, "FORMATS", small)


def test_a_whole_set_has_a_report_and_a_passport(tmp_path, small_release, capsys):
    root = videos.make_ssv2(tmp_path / "data", length=5)
    assert read_passport(root) is None
    assert main([str(root), "--jobs", "1"]) == 0
    assert "train: 6 clips, 0 bad, 3 labels" in capsys.readouterr().out
    passport = read_passport(root)
    assert passport["format"] == "ssv2"
    assert passport["label_fingerprint"] == label_fingerprint(tuple(sorted(videos.LABELS)))
    assert passport["splits"]["train"] == {
        "listed": 6, "official": 6, "missing": 0, "decoded": 6, "unreadable": 0, "short": 3, "doubtful": 0
    }  # fmt: skip
    assert passport["frames"] == {"shortest": 5, "median": 7.0, "longest": 10}
    assert passport["rates"] == {"12": 10}
    assert passport["sizes"] == {"48x84": 10}
    page = (root / "gta-check.md").read_text()
    assert "Nothing is wrong" in page
    assert "| 48x84 | 10 |" in page
    assert "- train: 1, 2, 3" in page
    assert str(tmp_path) not in json.dumps(passport)


def test_everything_that_is_wrong_is_named(tmp_path, capsys):
    root = videos.make_ssv2(tmp_path / "data")
    (root / "videos" / "2.webm").write_bytes(b"")
    (root / "videos" / "3.webm").unlink()
    out = tmp_path / "out"
    assert main([str(root), "--jobs", "1", "--out", str(out)]) == 1
    printed = capsys.readouterr()
    for fault in ("2.webm cannot be decoded", "3.webm does not exist", "train lists 6 clips, the release has 168,913"):
        assert fault in printed.err
        assert fault in (out / "gta-check.md").read_text()
    assert "3 templates, the release 174" in printed.err
    assert read_passport(root) is None
    assert read_passport(out)["faults"] == 5
    assert read_passport(out)["splits"]["train"]["unreadable"] == 2


def test_a_quick_look_samples_alike_and_sees_what_is_absent(tmp_path, small_release, monkeypatch, capsys):
    monkeypatch.setattr(survey, "SAMPLE", 2)
    root = videos.make_ssv2(tmp_path)
    first, second = (survey.survey(root, quick=True, jobs=1) for _ in range(2))
    assert [list(split.clips) for split in first.splits] == [list(split.clips) for split in second.splits]
    assert [len(split.clips) for split in first.splits] == [2, 2]
    unseen = next(i for i in "123456" if i not in first.splits[0].clips)
    (root / "videos" / f"{unseen}.webm").unlink()
    assert main([str(root), "--quick"]) == 1
    assert f"{unseen}.webm does not exist" in capsys.readouterr().err
    assert read_passport(root)["quick"] is True


def test_kinetics_reports_what_is_missing_and_does_not_mind_a_few(tmp_path, capsys):
    root = videos.make_kinetics(tmp_path, videos=9, length=10)
    assert main([str(root), "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "train: 10 clips, 0 bad, 1 missing, 3 labels" in out
    assert "note: " in out
    assert "1 of 10 clips of train (10.0%) are missing" in out
    assert "missing00000_000000_000010" in (root / "gta-check.md").read_text()
    assert read_passport(root)["splits"]["train"]["missing"] == 1
    assert read_passport(root)["rates"] == {"30": 18}


def test_many_missing_clips_are_a_fault_unless_the_set_is_a_part_on_purpose(tmp_path, capsys):
    root = videos.make_kinetics(tmp_path, length=10)
    assert main([str(root), "--jobs", "1"]) == 1
    error = capsys.readouterr().err
    assert "1 of 4 clips of train (25.0%) are missing, such as missing00000_000000_000010" in error
    assert f"looked in {root / 'train'}, {root} (flat and one level down)" in error
    assert "--subset" in error
    assert "Nothing is wrong" not in (root / "gta-check.md").read_text()
    assert main([str(root), "--jobs", "1", "--subset"]) == 0
    assert "1 of 4 clips of train" in capsys.readouterr().out
    assert read_passport(root)["subset"] is True


def test_a_part_of_something_something_on_purpose(tmp_path, capsys):
    root = videos.make_ssv2(tmp_path, length=10)
    assert main([str(root), "--jobs", "1"]) == 1
    error = capsys.readouterr().err
    assert error.count("the release") == 4
    assert "a part of the release on purpose is checked with --subset" in error
    assert main([str(root), "--jobs", "1", "--subset"]) == 0
    assert "A part of the release on purpose" in (root / "gta-check.md").read_text()
    (root / "videos" / "3.webm").unlink()  # what the lists of a part name must be there all the same
    assert main([str(root), "--jobs", "1", "--subset"]) == 1
    printed = capsys.readouterr()
    assert "3.webm" in printed.err
    assert f"were looked for in {root / 'videos'}" in printed.out


def test_lists_that_share_clips_or_contradict_each_other_are_faults(tmp_path, capsys):
    root = videos.make_ssv2(tmp_path, length=10)
    rows = json.loads((root / "train.json").read_text())
    (root / "validation.json").write_text(json.dumps(rows[:2]))
    assert main([str(root), "--jobs", "1", "--subset"]) == 1
    assert "2 of 2 clips of validation, such as 1, are also in train" in capsys.readouterr().err
    (root / "validation.json").write_text(json.dumps([rows[0] | {"template": rows[1]["template"]}]))
    assert main([str(root), "--jobs", "1", "--subset"]) == 1
    error = capsys.readouterr().err
    assert "train and validation give 1 two labels, 'Holding something' and 'Moving something left'" in error


def test_classes_without_names_are_noted(tmp_path, capsys):
    for name in ("a", "b"):
        videos.encode(tmp_path / f"{name}.mp4", videos.draw(10), "libx264", 30)
    (tmp_path / "train.csv").write_text("a.mp4 0\n")
    (tmp_path / "val.csv").write_text("b.mp4 1\n")
    assert main([str(tmp_path), "--jobs", "1"]) == 0
    assert "2 of 2 classes have a number for a name, such as 'class 000'" in capsys.readouterr().out


def test_clips_for_training_alone_are_a_fault(tmp_path, capsys):
    for name in ("a", "b"):
        videos.encode(tmp_path / f"{name}.mp4", videos.draw(10), "libx264", 30)
    (tmp_path / "list.csv").write_text("path,label,split\na.mp4,x,train\nb.mp4,y,train\n")
    assert main([str(tmp_path), "--jobs", "1"]) == 1
    assert "it has no clips to evaluate on" in capsys.readouterr().err


def test_usage(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "holds no list of a known data set" in capsys.readouterr().err
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main([]) == 2
    (tmp_path / "gta-passport.json").write_text("[]")
    with pytest.raises(UserError, match=r"gta-passport\.json is not a passport"):
        read_passport(tmp_path)


# ---------------------------------------------------------------------------------------- convert
def test_extracted_frames_are_the_videos_frames(tmp_path, capsys):
    source, target = videos.make_ssv2(tmp_path / "a"), tmp_path / "b"
    assert prepare(["extract", str(source), str(target), "--jobs", "1"]) == 0
    assert "10 clips, 0 skipped" in capsys.readouterr().out
    for name in ("train", "validation"):
        clips = zip(read_split(source, name).clips, read_split(target, name).clips, strict=True)
        for ours, theirs in clips:
            assert (ours.id, ours.label) == (theirs.id, theirs.label)
            a, b = read_all(ours.path), read_all(theirs.path)
            assert a.shape == b.shape
            assert np.abs(a.astype(int) - b).mean() < 3
    assert detect(target).splits(target) == ("train", "validation")


def test_reencoded_videos_are_small_and_as_long(tmp_path):
    source, target = videos.make_kinetics(tmp_path / "a"), tmp_path / "b"
    assert prepare(["reencode", str(source), str(target), "--side", "32", "--jobs", "2"]) == 0
    split = read_split(target, "train")
    assert split.missing == ("missing00000_000000_000010",)
    for clip in split.clips:
        found = probe(clip.path)
        assert (found.frames, found.height, found.width, found.rate) == (40, 32, 56, 30.0)
    assert prepare(["reencode", str(source), str(target), "--side", "32"]) == 0


def test_a_conversion_goes_on_and_lists_what_it_skips(tmp_path, monkeypatch, capsys):
    source, target = videos.make_ssv2(tmp_path / "a"), tmp_path / "b"
    (source / "videos" / "4.webm").write_bytes(b"no video")
    write, done = convert.write_clip, []

    def stops(conversion: convert.Conversion, clip: Path, part: Path) -> None:
        if len(done) == 5:
            (part.parent / part.name).mkdir()
            raise KeyboardInterrupt
        done.append(clip)
        write(conversion, clip, part)

    monkeypatch.setattr(convert, "_GROUP", 2)
    monkeypatch.setattr(convert, "write_clip", stops)
    assert prepare(["extract", str(source), str(target), "--jobs", "1"]) == 130
    folders = sorted((target / "frames").iterdir())
    assert [folder.name for folder in folders] == ["1", "2", "3"]  # 4 is corrupt; 5 was being written
    assert all(count_frames(folder) == 19 + int(folder.name) for folder in folders)
    (target / "frames" / ".9.1.part").mkdir()  # of a killed process
    stamp = (folders[0] / "00001.jpg").stat().st_mtime_ns
    monkeypatch.setattr(convert, "write_clip", write)
    capsys.readouterr()
    assert prepare(["extract", str(source), str(target), "--jobs", "1"]) == 1
    assert "9 clips, 1 skipped" in capsys.readouterr().out
    assert "4.webm cannot be decoded" in (target / "skipped.txt").read_text()
    assert (folders[0] / "00001.jpg").stat().st_mtime_ns == stamp
    assert sorted(os.listdir(target / "frames")) == sorted(["1", "2", "3", "5", "6", "7", "8", "9", "10"])
    (source / "videos" / "4.webm").write_bytes((source / "videos" / "3.webm").read_bytes())
    assert prepare(["extract", str(source), str(target), "--jobs", "1"]) == 0
    assert not (target / "skipped.txt").exists()


def test_conversion_mistakes(tmp_path, capsys):
    source = videos.make_ssv2(tmp_path / "a")
    for arguments, message in (
        (["extract", str(source), str(source)], "is the source itself"),
        (["extract", str(tmp_path / "nowhere"), str(tmp_path / "b")], "is not a folder"),
        (["extract", str(source), str(source / "labels.json")], "cannot write"),
        (["reencode", str(source), str(tmp_path / "b"), "--crf", "77"], "--crf to 51"),
        (["extract", str(source)], "required: DST"),
    ):
        assert prepare(arguments) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


# ------------------------------------------------------------------------------------- odd media
def test_what_decodes_short_of_itself_is_a_warning(tmp_path, small_release, capsys):
    root = videos.make_ssv2(tmp_path, length=40)
    media = root / "videos"
    content = (media / "1.webm").read_bytes()
    (media / "1.webm").write_bytes(content[: len(content) * 2 // 3])
    (media / "2.webm").unlink()
    gaps = videos.write_frames(media / "2", videos.draw(20))
    (gaps / "00007.jpg").unlink()
    (media / "3.webm").unlink()
    for name in ("img_{}.jpg", "x_{}.jpg"):
        videos.write_frames(media / "3", videos.draw(9), name)
    assert main([str(root), "--jobs", "1"]) == 1
    error = capsys.readouterr().err
    for line in (
        r"warning: \S*1\.webm: it ends after \d\.\d\d s, its header says 3\.33 s; FFmpeg reports 1 error: ",
        r"warning: \S*2: 1 of 20 frame numbers are missing: 7",
        r"\S*3 holds frames of 2 kinds, img_\*\.jpg \(9\) and x_\*\.jpg \(9\)",
    ):
        assert re.search(rf"(?m)^{line}", error), line
    page = (root / "gta-check.md").read_text()
    assert "1 faults, 2 warnings" in page
    assert "## Warnings" in page
    assert "| train | 6 | 6 | 0 | 6 | 1 | 0 | 2 |" in page
    assert read_passport(root)["warnings"] == read_passport(root)["splits"]["train"]["doubtful"] == 2
    videos.write_frames(media / "3", videos.draw(9), "img_{}.jpg")
    for file in (media / "3").glob("x_*"):
        file.unlink()
    assert main([str(root), "--jobs", "1"]) == 0  # warnings alone
    assert "2 warnings" in (root / "gta-check.md").read_text()


def test_sizes_are_those_of_what_is_shown(tmp_path, capsys):
    root = videos.make_kinetics(tmp_path)
    videos.turn(next((root / "train").rglob("video000000*.mp4")), 0, 1, -1, 0)
    main([str(root), "--jobs", "1"])
    assert read_passport(root)["sizes"] == {"48x84": 5, "84x48": 1}


def test_ids_as_long_as_a_file_name_may_be(tmp_path, small_release, capsys):
    root = videos.make_ssv2(tmp_path / "a")
    names = {"1": "x" * 250, "2": "y" * 253, "3": "z" * 300}
    text = (root / "train.json").read_text()
    for number in ("1", "2"):
        text = text.replace(f'"id": "{number}"', f'"id": "{names[number]}"')
        (root / "videos" / f"{number}.webm").rename(root / "videos" / f"{names[number][:250]}.webm")
    (root / "train.json").write_text(text)
    (root / "videos" / names["2"]).mkdir()
    videos.write_frames(root / "videos" / names["2"], videos.draw(9))
    assert main([str(root), "--jobs", "1"]) == 0
    for way, skipped in (("extract", 0), ("reencode", 1)):
        target = tmp_path / way
        capsys.readouterr()
        assert prepare([way, str(root), str(target), "--jobs", "1"]) == (1 if skipped else 0)
        printed = capsys.readouterr()
        assert f"{10 - skipped} clips, {skipped} skipped" in printed.out
        assert ("is too long for a file name" in printed.err) == bool(skipped)
        clips = {clip.id: clip.path for clip in read_split(target, "train").clips}
        assert count_frames(clips[names["1"]]) == 20
    (root / "train.json").write_text(text.replace('"id": "3"', f'"id": "{names["3"]}"'))
    assert main([str(root), "--jobs", "1"]) == 2
    assert "longer than a file name may be" in capsys.readouterr().err
