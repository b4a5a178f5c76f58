"""UCF101, HMDB51, Jester and Diving48 by their official lists, on small folders of the true form."""

from __future__ import annotations

import json

import pytest

from gta.data.check import main as check
from gta.data.sets.formats import detect, read_split
from gta.errors import UserError
from tests.support.videos import draw, encode, write_frames


def film(path):
    return encode(path, draw(9, 32, 48), "libx264")


def make_ucf(root):
    lists = root / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    names = [
        f"{label}/v_{label}_g{group:02d}_c01.avi" for label in ("ApplyEyeMakeup", "YoYo") for group in (1, 2, 8, 9)
    ]
    for name in names:
        film(root / "UCF-101" / name)
    (lists / "classInd.txt").write_text("1 ApplyEyeMakeup\r\n2 YoYo\r\n")
    for fold, groups in ((1, ("01", "02")), (2, ("08", "09"))):
        tested = [name for name in names if any(f"_g{group}_" in name for group in groups)]
        numbered = [f"{name} {1 + name.startswith('Y')}" for name in names if name not in tested]
        (lists / f"testlist{fold:02d}.txt").write_text("\r\n".join(tested) + "\r\n")
        (lists / f"trainlist{fold:02d}.txt").write_text("\r\n".join(numbered) + "\r\n")
    return root


def make_hmdb(root):
    lists = root / "testTrainMulti_7030_splits"
    lists.mkdir(parents=True)
    for label in ("brush_hair", "clap"):
        lines = []
        for number, part in enumerate((1, 1, 2, 0)):
            name = f"{'#20_Rhythm!' if number == 0 else 'April'}_{label}_u_nm_(np1)_ba_goo_{number}.avi"
            film(root / label / name)
            lines.append(f"{name} {part} ")
        (lists / f"{label}_test_split1.txt").write_text("\n".join(lines) + "\n")
    return root


def make_jester(root):
    root.mkdir()
    (root / "jester-v1-labels.csv").write_text("Swiping Left\nSwiping Right\nDoing other things\n")
    labels = ("Swiping Left", "Swiping Right")
    for split, first in (("train", 1), ("validation", 11)):
        (root / f"jester-v1-{split}.csv").write_text("".join(f"{first + i};{labels[i % 2]}\n" for i in range(2)))
        for number in (first, first + 1):
            write_frames(root / "20bn-jester-v1" / str(number), draw(9, 32, 48))
    (root / "jester-v1-test.csv").write_text("21\n")
    write_frames(root / "20bn-jester-v1" / "21", draw(9, 32, 48))
    return root


def make_diving(root):
    root.mkdir()
    (root / "Diving48_vocab.json").write_text(
        json.dumps([["Back", "15som", "05Twis", "FREE"], ["Back", "15som", "15Twis", "FREE"]])
    )
    for part, first in (("train", 1), ("test", 11)):
        rows = []
        for number in (first, first + 1):
            rows.append({"vid_name": f"abc_{number:05d}", "label": number % 2, "start_frame": 0, "end_frame": 9})
            film(root / "rgb" / f"abc_{number:05d}.mp4")
        (root / f"Diving48_V2_{part}.json").write_text(json.dumps(rows))
    return root


MAKE = {"ucf101": make_ucf, "hmdb51": make_hmdb, "jester": make_jester, "diving48": make_diving}
EXPECTED = {
    "ucf101": (("ApplyEyeMakeup", "YoYo"), 4, 4),
    "hmdb51": (("brush_hair", "clap"), 4, 2),
    "jester": (("Doing other things", "Swiping Left", "Swiping Right"), 2, 2),
    "diving48": (("Back-15som-05Twis-FREE", "Back-15som-15Twis-FREE"), 2, 2),
}


@pytest.mark.parametrize("name", MAKE)
def test_both_splits_are_read(name, tmp_path):
    root = MAKE[name](tmp_path / "set")
    labels, train, validation = EXPECTED[name]
    assert detect(root).name == name
    for split, count in (("train", train), ("validation", validation)):
        found = read_split(root, split, name)
        assert found.labels == labels
        assert len(found.clips) == count
        assert found.missing == ()
        assert all(clip.path.exists() and found.labels[clip.label] == clip.template for clip in found.clips)


@pytest.mark.parametrize("name", MAKE)
def test_the_check_knows_them(name, tmp_path, capsys):
    root = MAKE[name](tmp_path / "set")
    assert check([str(root), "--subset", "--jobs", "1"]) == 0
    assert detect(root).title in capsys.readouterr().out
    assert check([str(root), "--quick", "--jobs", "1"]) == 1
    assert "the release has" in capsys.readouterr().err


def test_diving_takes_a_clip_by_its_number(tmp_path):
    clips = {clip.id: clip.template for clip in read_split(make_diving(tmp_path / "set"), "train").clips}
    assert clips == {"abc_00001": "Back-15som-15Twis-FREE", "abc_00002": "Back-15som-05Twis-FREE"}


def test_a_release_has_several_pairs_of_lists(tmp_path):
    root = make_ucf(tmp_path / "set")
    first, second = ({clip.id for clip in read_split(root, "validation", "ucf101", fold).clips} for fold in (1, 2))
    assert first
    assert not first & second
    with pytest.raises(UserError, match="train list 3 of UCF101"):
        read_split(root, "train", "ucf101", 3)
    with pytest.raises(UserError, match=r"data\.fold is 2; Diving48 has one pair"):
        read_split(make_diving(tmp_path / "other"), "train", "diving48", 2)


def test_videos_that_a_copy_lacks_are_named(tmp_path):
    root = make_ucf(tmp_path / "set")
    name = read_split(root, "train").clips[0].id
    (root / "UCF-101" / name).unlink()
    assert read_split(root, "train").missing == (name,)


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("ucf101", "ucfTrainTestlist/trainlist01.txt", "video.avi 1\n", "line 1 is not Class/video.avi"),
        (
            "hmdb51",
            "testTrainMulti_7030_splits/clap_test_split1.txt",
            "video.avi 7\n",
            "line 1 is not a video and 0, 1",
        ),
        ("diving48", "Diving48_V2_train.json", '[{"vid_name": "abc_00001", "label": 9}]', "entry 0 has the label 9"),
        ("diving48", "Diving48_V2_train.json", '[{"label": 1}]', "entry 0 has no vid_name and label"),
        ("diving48", "Diving48_V2_train.json", "{}", "expected a list"),
        ("jester", "jester-v1-train.csv", "1;Waving\n", "line 1 has template 'Waving'"),
    ],
)
def test_mistakes_name_the_place(name, file, text, message, tmp_path):
    root = MAKE[name](tmp_path / "set")
    (root / file).write_text(text)
    with pytest.raises(UserError, match=message):
        read_split(root, "train", name)
