"""Anybody's own videos: folders named by class, or a csv; a split that is written once and then kept."""

from __future__ import annotations

import csv
import re

import pytest

from gta.config import DataConfig
from gta.data.sets.formats import detect, read_part, read_split
from gta.data.sets.own import WRITTEN, write_split
from gta.data.sets.parts import held_out, limited
from gta.data.sets.splits import Clip, Split
from gta.errors import UserError
from tests.support.videos import draw, write_frames

CLASSES = ("Cutting", "pouring water", "waving")


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture
def folders(tmp_path):
    """Ten clips of each class."""
    for name in CLASSES:
        for number in range(10):
            touch(tmp_path / name / f"{number}.mp4")
    touch(tmp_path / ".cache" / "x" / "1.mp4")
    touch(tmp_path / "notes" / "readme.txt")
    (tmp_path / "thumbs.db").touch()
    return tmp_path


def ids(split):
    return {clip.id for clip in split.clips}


def test_folders_named_by_class_are_split_the_same_way_each_time(folders):
    assert detect(folders).name == "folder"
    train, validation = read_split(folders, "train"), read_split(folders, "validation")
    assert train.labels == validation.labels == CLASSES
    assert (len(train.clips), len(validation.clips)) == (24, 6)
    assert {clip.template for clip in validation.clips} == set(CLASSES)
    assert not ids(train) & ids(validation)
    assert all(clip.path.is_file() and clip.template == CLASSES[clip.label] for clip in train.clips)
    assert not (folders / WRITTEN).exists()  # reading writes nothing
    path = write_split(folders)
    assert path == folders / WRITTEN
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["path"] for row in rows if row["split"] == "validation"} == ids(validation)
    assert read_split(folders, "train") == train
    assert detect(folders).name == "folder"
    assert write_split(folders) is None


def test_the_written_split_holds_whatever_is_added_and_says_so(folders):
    path = write_split(folders)
    content = path.read_text()
    path.write_text(content.replace("validation", "test"))  # a person may change it
    assert read_split(folders, "validation") == read_split(folders, "test")
    path.write_text(content)
    touch(folders / "waving" / "new.mp4")
    with pytest.raises(UserError, match=re.escape("gives no split to waving/new.mp4")):
        read_split(folders, "train")
    (folders / "waving" / "new.mp4").unlink()
    (folders / "waving" / "3.mp4").unlink()
    with pytest.raises(UserError, match=re.escape("names waving/3.mp4, which is not there")):
        read_split(folders, "train")


def test_folders_of_splits(tmp_path):
    for part, count in (("train", 3), ("val", 2), ("test", 1)):
        for name in CLASSES[:2]:
            for number in range(count):
                touch(tmp_path / part / name / f"{part}{number}.webm")
    assert detect(tmp_path).splits(tmp_path) == ("train", "validation", "test")
    counts = {name: len(read_split(tmp_path, name).clips) for name in ("train", "validation", "test")}
    assert counts == {"train": 6, "validation": 4, "test": 2}
    assert write_split(tmp_path) is None


def test_clips_may_be_folders_of_frames(tmp_path):
    for name in CLASSES[:2]:
        for number in range(2):
            write_frames(tmp_path / name / f"clip{number}", draw(3, 16, 16))
    train, validation = read_split(tmp_path, "train"), read_split(tmp_path, "validation")
    assert len(train.clips) == len(validation.clips) == 2
    assert all(clip.path.is_dir() for clip in train.clips)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_with_splits(tmp_path, separator):
    rows = [("path", "label", "split")]
    for number, split in enumerate(("train", "train", "val", "test")):
        for name in ("a b", "c"):
            touch(tmp_path / "media" / f"{name}{number}.mp4")
            rows.append((f"media/{name}{number}.mp4", name, split))
    (tmp_path / "clips.csv").write_text("\ufeff" + "\r\n".join(separator.join(row) for row in rows))
    assert read_split(tmp_path, "train").labels == ("a b", "c")
    assert ids(read_split(tmp_path, "validation")) == {"media/a b2.mp4", "media/c2.mp4"}
    assert ids(read_split(tmp_path, "test")) == {"media/a b3.mp4", "media/c3.mp4"}


def test_a_csv_without_splits_gets_a_written_one(tmp_path):
    for number in range(4):
        touch(tmp_path / f"{number}.mp4")
    (tmp_path / "list.csv").write_text("video,class\n" + "".join(f"{n}.mp4,{'xy'[n % 2]}\n" for n in range(4)))
    assert len(read_split(tmp_path, "validation").clips) == 2
    assert write_split(tmp_path) == tmp_path / WRITTEN
    assert len(read_split(tmp_path, "train").clips) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\nnone.mp4,a\n", "line 2: .*none.mp4 does not exist"),
        ("path,label\n0.mp4,a\n1.mp4,a\n", "one class only, 'a'"),
        ("path,label\n0.mp4,a\n0.mp4,b\n", "gives 0.mp4 the label 'b'"),
        ("path,label\n0.mp4,\n", "line 2 has no label"),
        ("path,label,split\n0.mp4,a,train\n1.mp4,b,later\n", "line 3 has 'later' for a split"),
        ("path,label,split\n0.mp4,a,train\n1.mp4,b,\n", "line 3 has no split"),
        ("path,label,split\n0.mp4,a,train\n1.mp4,b,train\n", "no clips for validation"),
        ("path,label\n0.mp4,a\n1.mp4,b\n", "one clip of each class"),
        ("path,label\n", "lists no clip"),
    ],
)
def test_mistakes_in_a_csv_name_the_line(tmp_path, text, message):
    for number in range(2):
        touch(tmp_path / f"{number}.mp4")
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_split(tmp_path, "validation")


def test_two_lists_are_one_too_many(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("path,label\nx.mp4,y\n")
    with pytest.raises(UserError, match=r"several lists of path and label: a\.csv, b\.csv"):
        detect(tmp_path)


def test_an_empty_folder_holds_no_data_set(tmp_path):
    with pytest.raises(UserError, match="holds no list of a known data set"):
        detect(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "list.csv is empty"), ("file_name,category\nx.mp4,y\n", "list.csv begins with 'file_name,category'")],
)
def test_a_list_without_the_columns_says_what_it_lacks(tmp_path, text, words):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UserError, match=f"{words}; a list of own videos has a header with path and label"):
        detect(tmp_path)


def made(counts):
    clips = [
        Clip(f"{label}-{n}", None, label, str(label))
        for n in range(max(counts))
        for label in range(len(counts))
        if n < counts[label]
    ]
    return Split(tuple(map(str, range(len(counts)))), tuple(clips))


def test_a_limit_takes_clips_evenly_over_the_classes():
    split = made([50, 50, 3])
    few = limited(split, 12)
    assert [sum(clip.label == label for clip in few.clips) for label in range(3)] == [5, 4, 3]
    assert [clip for clip in split.clips if clip in few.clips] == list(few.clips)  # in the order of the list
    assert few.labels == split.labels
    assert limited(split, 12) == few
    share = limited(split, 0.1)
    assert [sum(clip.label == label for clip in share.clips) for label in range(3)] == [5, 5, 1]
    assert limited(split, None) is split
    assert limited(split, 1000) == split


def test_what_is_held_out_is_not_trained_on():
    split = made([10, 2, 1])
    train, held = held_out(split)
    assert [sum(clip.label == label for clip in held.clips) for label in range(3)] == [2, 1, 0]
    assert sorted(map(str, (*train.clips, *held.clips))) == sorted(map(str, split.clips))


def test_a_run_on_tune_sees_parts_of_the_training_clips_alone(folders):
    every = ids(read_split(folders, "train"))
    config = DataConfig("folder", evaluation_split="tune")
    train, tune = read_part(folders, "train", config), read_part(folders, "tune", config)
    assert ids(train) | ids(tune) == every
    assert not ids(train) & ids(tune)
    assert len(tune.clips) == 6
