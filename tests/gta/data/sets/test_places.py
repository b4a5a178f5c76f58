"""Where clips are looked for: folders as other tools name them, archives in parts, lists written elsewhere."""

from __future__ import annotations

import json
import logging
import shutil
import unicodedata
from pathlib import Path

import pytest

from gta.config import DataConfig
from gta.data.module import VideoDataModule
from gta.data.prepare import main as prepare
from gta.data.read.reader import count_frames
from gta.data.sets.formats import read_split
from gta.errors import UserError
from tests.support import videos

HEADER = "label,youtube_id,time_start,time_end,split"
LABELS = ("shaking hands, twice", "riding mule (fast)", "blowing someone's nose", "zumba")


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def _official(root: Path, separator: str = ",", extra: str = "") -> list[str]:
    ids = [f"video-_{i:04d}" for i in range(len(LABELS))]
    rows = [f'"{label}",{clip},1,11,train' for label, clip in zip(LABELS, ids, strict=True)]
    (root / "train.csv").write_text("\n".join([HEADER, extra, *rows]).replace(",", separator).replace("e, t", "e, t"))
    return [f"{clip}_000001_000011" for clip in ids]


# ---------------------------------------------------------------------------------------- Kinetics
@pytest.mark.parametrize(
    "rename",
    [
        str,
        lambda label: label.replace(" ", "_"),
        lambda label: "".join(mark for mark in label if mark.isalnum() or mark == " "),
        lambda label: "".join(mark for mark in label if mark.isalnum() or mark == " ").replace(" ", "_"),
        lambda label: label.title().replace(" ", ""),
        lambda label: f"class_{len(label)}",
    ],
)
@pytest.mark.parametrize("folder", ["", "train", "train_256", "videos", "videos_train", "videos/train", "mine"])
def test_label_folders_may_have_any_name(tmp_path, rename, folder):
    clips = _official(tmp_path)
    if folder == "mine":
        _touch(tmp_path, *(f"mine/{clip}.mp4" for clip in clips))
    else:
        _touch(
            tmp_path,
            *(f"{folder or '.'}/{rename(label)}/{clip}.mp4" for label, clip in zip(LABELS, clips, strict=True)),
        )
    split = read_split(tmp_path, "train")
    assert ([clip.id for clip in split.clips], split.missing) == (clips, ())
    assert all(clip.path.is_file() for clip in split.clips)
    assert [clip.template for clip in split.clips] == list(LABELS)


@pytest.mark.parametrize("suffix", [".mp4.mkv", ".mp4.webm", ".webm", ".MP4"])
def test_suffixes_that_downloaders_leave(tmp_path, suffix):
    clips = _official(tmp_path)
    _touch(tmp_path, *(f"train/x/{clip}{suffix}" for clip in clips), f"train/x/{clips[0]}.mp4.part")
    assert [clip.path.name for clip in read_split(tmp_path, "train").clips] == [f"{clip}{suffix}" for clip in clips]


@pytest.mark.parametrize("folder", ["replacement/replacement_for_corrupted_k400", "replacement"])
def test_replacements_of_broken_files_go_first(tmp_path, folder):
    clips = _official(tmp_path)
    _touch(tmp_path, *(f"train/{clip}.mp4" for clip in clips[:3]), *(f"{folder}/{clip}.mp4" for clip in clips[2:]))
    split = read_split(tmp_path, "train")
    parents = [clip.path.parent.relative_to(tmp_path).as_posix() for clip in split.clips]
    assert (parents, split.missing) == (["train", "train", folder, folder], ())


def test_a_message_says_where_was_looked(tmp_path):
    _official(tmp_path)
    _touch(tmp_path, "train/one/two/three.mp4")
    with pytest.raises(
        UserError, match=r"none of the 4 videos .*train\.csv, such as video-_0000_000001_000011\.mp4"
    ) as caught:
        read_split(tmp_path, "train")
    assert f"was found in {tmp_path / 'train'}, {tmp_path} (flat and one level down)" in str(caught.value)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_official_list_with_another_separator_and_comments(tmp_path, separator):
    rows = [HEADER, "# a comment", "zumba,abcdefghijk,1,11,train,", "yoga,-bcdefghijk,1.0,11.0"]
    (tmp_path / "train.csv").write_text("\n".join(rows).replace(",", separator))
    _touch(tmp_path, "abcdefghijk_000001_000011.mp4", "-bcdefghijk_000001_000011.mp4")
    assert [clip.template for clip in read_split(tmp_path, "train").clips] == ["zumba", "yoga"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("shaking hands, twice,abcdefghijk,1,11,train", "line 3 has 6 cells, the header 5"),
        ("zumba,#NAME?,1,11,train", "line 3 has '#NAME\\?' for the id of a video"),
        (",abcdefghijk,1,11,train", "line 3 has no label"),
        ("#zumba,abcdefghijk,1,11,train", "line 3 is a comment or a clip"),
        ("Yoga,abcdefghijk,1,11,train", "line 3 has the label 'Yoga', elsewhere 'yoga'"),
        ("yoga,-bcdefghijk,1,11,train", "line 3 repeats id -bcdefghijk_000001_000011 of line 2"),
        ("zumba,-bcdefghijk,1,11,train", "line 3 gives -bcdefghijk_000001_000011 the label 'zumba', line 2 'yoga'"),
    ],
)
def test_lines_of_the_official_list_that_are_refused(tmp_path, row, words):
    (tmp_path / "train.csv").write_text(f"{HEADER}\nyoga,-bcdefghijk,1,11,train\n{row}\n")
    _touch(tmp_path, "abcdefghijk_000001_000011.mp4", "-bcdefghijk_000001_000011.mp4")
    with pytest.raises(UserError, match=words):
        read_split(tmp_path, "train")


# ---------------------------------------------------------------------------- Something-Something
@pytest.mark.parametrize("inner", ["", "20bn-something-something-v2/", "part/"])
def test_version_two_in_archive_parts(tmp_path, inner):
    (tmp_path / "labels.json").write_text('{"Holding something": "0"}')
    (tmp_path / "train.json").write_text(
        json.dumps([{"id": str(i), "template": "Holding [something]"} for i in range(6)])
    )
    for i in range(5):
        _touch(tmp_path, f"20bn-something-something-v2-0{i % 3}/{inner}{i}.webm")
    split = read_split(tmp_path, "train")
    assert [clip.path.is_file() for clip in split.clips] == [True] * 5 + [False]
    assert split.clips[5].path.name == "5.webm"
    shutil.rmtree(tmp_path / "20bn-something-something-v2-00")
    assert [clip.path.is_file() for clip in read_split(tmp_path, "train").clips] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]


def test_version_one_in_archive_parts(tmp_path):
    (tmp_path / "something-something-v1-labels.csv").write_text("Holding something\n")
    (tmp_path / "something-something-v1-train.csv").write_text(
        "id;template\n1;Holding something\n2,Holding something\n"
    )
    for i in (1, 2):
        _touch(tmp_path, f"20bn-something-something-v1-0{i}/{i}/00001.jpg")
    assert all(clip.path.is_dir() for clip in read_split(tmp_path, "train").clips)


# ---------------------------------------------------------------------------------- lists of paths
@pytest.mark.parametrize(
    ("listed", "there"),
    [
        ("train/zumba/a.mp4", "train/zumba/a.mp4"),
        ("zumba/a.mp4", "videos_train/zumba/a.mp4"),
        ("/somewhere/else/train/zumba/a.mp4", "train/zumba/a.mp4"),
        ("D:\\kinetics\\train\\zumba\\a.mp4", "train/zumba/a.mp4"),
        ("../k400/zumba/a.mp4", "zumba/a.mp4"),
        ("zumba/a", "train/zumba/a.mp4"),
        ("zumba/a.mp4", "train/zumba/a.mp4.mkv"),
        ("zumba dance/a.mp4", "train/zumba_dance/a.mp4"),
        ("a.mp4", "videos/zumba/a.mp4"),
        ("train/zumba/a.mp4", "a.mp4"),
        (unicodedata.normalize("NFC", "dé/ü.mp4"), unicodedata.normalize("NFD", "dé/ü.mp4")),
    ],
)
def test_a_path_that_leads_elsewhere(tmp_path, listed, there):
    _touch(tmp_path, there)
    (tmp_path / "train.csv").write_text(f'"{listed}",1\n')
    split = read_split(tmp_path, "train")
    assert [clip.path for clip in split.clips] in ([tmp_path / there], [tmp_path / listed])
    assert split.clips[0].path.exists()


def test_a_missing_clip_is_not_taken_for_another_of_its_name(tmp_path):
    _touch(tmp_path, "zumba/1.mp4", "yoga/2.mp4")
    (tmp_path / "train.csv").write_text("yoga/1.mp4 0\nyoga/2.mp4 0\n")
    (tmp_path / "val.csv").write_text("zumba/1.mp4 1\n")
    split = read_split(tmp_path, "train")
    assert ([clip.id for clip in split.clips], split.missing) == (["yoga/2.mp4"], ("yoga/1.mp4",))
    (tmp_path / "val.csv").unlink()
    assert read_split(tmp_path, "train").missing == ("yoga/1.mp4",)


@pytest.mark.parametrize("second", ["./yoga/1.mp4", "yoga/../yoga/1.mp4", "/elsewhere/yoga/1.mp4", "yoga/1.webm"])
def test_two_lines_that_lead_to_one_file(tmp_path, second):
    _touch(tmp_path, "yoga/1.mp4")
    (tmp_path / "train.csv").write_text(f"yoga/1.mp4 0\n{second} 1\n")
    if second.startswith("/"):  # the first line stands for the file; the other has none
        assert read_split(tmp_path, "train").missing == (second,)
        return
    with pytest.raises(UserError, match=r"line 2 gives .*1\.mp4 the label 1, line 1 0"):
        read_split(tmp_path, "train")


@pytest.mark.parametrize("way", ["extract", "reencode"])
def test_lists_of_absolute_paths_are_converted_with_their_clips(tmp_path, way, capsys):
    source, outside, target = tmp_path / "a", tmp_path / "store", tmp_path / "b"
    for path in (source / "in" / "zumba" / "1.mp4", outside / "yoga" / "2.mp4", tmp_path / "c" / "zumba" / "3.mp4"):
        videos.encode(path, videos.draw(6), "libx264", 30)
    rows = f"{source}/in/zumba/1.mp4,5\n{outside}/yoga/2.mp4,2\n../c/zumba/3.mp4,5\n/gone/yoga/4.mp4,2\n"
    (source / "train.csv").write_text(rows)
    assert prepare([way, str(source), str(target), "--jobs", "1"]) == 0, capsys.readouterr().err
    before = read_split(source, "train")
    shutil.rmtree(source)
    shutil.rmtree(outside)
    shutil.rmtree(tmp_path / "c")
    after = read_split(target, "train")
    assert after.labels == before.labels == ("yoga", "zumba")
    assert (
        [clip.template for clip in after.clips]
        == [clip.template for clip in before.clips]
        == ["zumba", "yoga", "zumba"]
    )
    assert [count_frames(clip.path) for clip in after.clips] == [6, 6, 6]
    assert all(clip.path.is_relative_to(target) for clip in after.clips)
    assert after.missing == ("gone/yoga/4.mp4",)


# -------------------------------------------------------------------------------- what runs are told
DATA = DataConfig("k400", frames=2, resize=(24, 32), crop=24)


def _module(root: Path) -> VideoDataModule:
    module = VideoDataModule(DATA, root, batch_size=1, seed=0)
    module.setup()
    return module


def test_a_run_is_warned_of_clips_in_both_lists_and_of_classes_without_names(tmp_path, caplog):
    _touch(tmp_path, "1.mp4", "2.mp4", "3.mp4")
    (tmp_path / "train.csv").write_text("1.mp4 0\n2.mp4 1\n")
    (tmp_path / "val.csv").write_text("./2.mp4 1\n3.mp4 0\n")
    with caplog.at_level(logging.WARNING, "gta.data.module"):
        _module(tmp_path)
    assert "1 of 2 clips of validation, such as ./2.mp4, are also in train" in caplog.text
    assert "2 of 2 classes have a number for a name, such as 'class 000'" in caplog.text


@pytest.mark.parametrize("second", ["2.mp4 0\n", "./2.mp4 0\n"])
def test_a_run_is_refused_when_two_lists_contradict_each_other(tmp_path, second):
    _touch(tmp_path, "1.mp4", "2.mp4")
    (tmp_path / "train.csv").write_text("1.mp4 0\n2.mp4 1\n")
    (tmp_path / "val.csv").write_text(second)
    with pytest.raises(UserError, match=r"train and validation give .*2\.mp4 two labels, 'class 001' and 'class 000'"):
        _module(tmp_path)


def test_one_clip_of_kinetics_under_two_paths_is_one_clip(tmp_path, caplog):
    name = "abcdefghijk_000001_000011.mp4"
    _touch(tmp_path, f"train/zumba/{name}", f"val/zumba/{name}", "train/yoga/b.mp4", "val/yoga/c.mp4")
    (tmp_path / "train.csv").write_text(f"train/zumba/{name} 0\ntrain/yoga/b.mp4 1\n")
    (tmp_path / "val.csv").write_text(f"val/zumba/{name} 0\nval/yoga/c.mp4 1\n")
    with caplog.at_level(logging.WARNING, "gta.data.module"):
        _module(tmp_path)
    assert "1 of 2 clips of validation" in caplog.text
    assert "number for a name" not in caplog.text


def test_a_run_is_refused_when_its_lists_are_of_two_kinds(tmp_path):
    _touch(tmp_path, "abcdefghijk_000001_000011.mp4", "zumba/2.mp4")
    (tmp_path / "train.csv").write_text(f"{HEADER}\nzumba,abcdefghijk,1,11,train\n")
    (tmp_path / "val.csv").write_text("zumba/2.mp4 0\n")
    with pytest.raises(UserError, match="validation has other labels than train: 'class 000' is in one of them only"):
        _module(tmp_path)
