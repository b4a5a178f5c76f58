"""Something-Something v1, Kinetics-400 and the detector, on small folders in the true formats with their oddities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gta.data.sets import kinetics, ssv1, ssv2
from gta.data.sets.formats import detect, read_split
from gta.data.sets.splits import label_fingerprint
from gta.errors import UserError

TEMPLATES = ["Tilting something, then letting it fall", "Holding something", "Moving something left"]


def _v1(root: Path, folder: str = "20bn-something-something-v1", lists: str = ".", end: str = "\r\n") -> Path:
    (root / lists).mkdir(parents=True, exist_ok=True)
    prefix = root / lists / "something-something-v1-"
    Path(f"{prefix}labels.csv").write_bytes(("\ufeff" + end.join([f'"{TEMPLATES[0]}"', *TEMPLATES[1:]]) + end).encode())
    Path(f"{prefix}train.csv").write_bytes(
        end.join([f'100218;"{TEMPLATES[0]}"', "24413;Holding [something]", ""]).encode()
    )
    Path(f"{prefix}validation.csv").write_bytes(f"7;{TEMPLATES[2]}{end}".encode())
    Path(f"{prefix}test.csv").write_bytes(f"1420{end}{end}3{end}".encode())
    for clip_id in ("100218", "24413", "7", "1420", "3"):
        (root / folder / clip_id).mkdir(parents=True)
        (root / folder / clip_id / "00001.jpg").touch()
    return root


@pytest.mark.parametrize("folder", ["20bn-something-something-v1", "frames", "."])
@pytest.mark.parametrize("lists", [".", "labels"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_version_one_in_every_layout(tmp_path, folder, lists, end):
    root = _v1(tmp_path, folder, lists, end)
    assert detect(root).name == "ssv1"
    assert detect(root).splits(root) == ("train", "validation", "test")
    train = read_split(root, "train")
    assert train.labels == tuple(sorted(TEMPLATES))
    assert [(c.id, c.label, c.template) for c in train.clips] == [
        ("100218", 2, TEMPLATES[0]),
        ("24413", 0, TEMPLATES[1]),
    ]
    assert all(clip.path.is_dir() for clip in train.clips)
    assert [c.label for c in read_split(root, "validation").clips] == [1]
    assert [(c.id, c.label) for c in read_split(root, "test").clips] == [("1420", None), ("3", None)]


def test_both_versions_share_one_order_of_labels(tmp_path):
    first = read_split(_v1(tmp_path / "v1"), "train")
    root = tmp_path / "v2"
    root.mkdir()
    (root / "labels.json").write_text(json.dumps({name: str(i) for i, name in enumerate(TEMPLATES)}))
    (root / "train.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps([{"id": "1", "template": "Holding [something]"}]).encode()
    )
    (root / "1.WEBM").touch()
    second = read_split(root, "train")
    assert label_fingerprint(first.labels) == label_fingerprint(second.labels)
    assert second.clips[0].path.name == "1.WEBM"


def test_version_two_as_frame_folders(tmp_path):
    (tmp_path / "labels.json").write_text(json.dumps({"Holding something": "0"}))
    (tmp_path / "train.json").write_text(json.dumps([{"id": "1", "template": "Holding [something]"}]))
    (tmp_path / "frames" / "1").mkdir(parents=True)
    assert read_split(tmp_path, "train").clips[0].path == tmp_path / "frames" / "1"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", "", r"labels\.csv lists no template"),
        ("labels.csv", "\xff", r"labels\.csv is not UTF-8"),
        ("train.csv", "", r"train\.csv lists no clip"),
        ("train.csv", "1;Eating something\n", r"train\.csv: line 1 has template 'Eating something'.*labels\.csv"),
        ("train.csv", "24413\n", r"train\.csv: line 1 is not id;template"),
        ("train.csv", '24413;"Holding\n', r"train\.csv: line 1 is not a row"),
        ("train.csv", "../7;Holding something\n", r"train\.csv: line 1 has the id '../7'"),
        ("train.csv", "7;Holding something\n7;Holding something\n", r"train\.csv: line 2 repeats id 7 of line 1"),
        ("train.csv", "99;Holding something\n", r"99/00001\.jpg.*unpack"),
    ],
)
def test_version_one_errors_name_file_and_line(tmp_path, name, content, message):
    root = _v1(tmp_path)
    (root / f"something-something-v1-{name}").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=message) as caught:
        ssv1.read_split(root, "train")
    assert "\n" not in str(caught.value)


# --------------------------------------------------------------------------------------- Kinetics
HEADER = "label,youtube_id,time_start,time_end,split"
ROWS = [
    '"shaking hands, twice",-_aB3xyz012,1,11,train',
    "abseiling,0wR5jVB-WPk,417,427,train",
    "zumba,gone0000000,0,10,train",
]


def _kinetics(root: Path, layout: str = "flat", name: str = "train.csv", suffix: str = ".mp4") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(("\ufeff" + "\r\n".join([HEADER, *ROWS]) + "\r\n").encode())
    places = {"shaking hands, twice": "-_aB3xyz012_000001_000011", "abseiling": "0wR5jVB-WPk_000417_000427"}
    for label, stem in places.items():
        folder = (
            root
            / {"flat": ".", "split": "train", "label": f"train/{label}", "label_": f"videos/{label.replace(' ', '_')}"}[
                layout
            ]
        )
        folder.mkdir(parents=True, exist_ok=True)
        if suffix:
            (folder / f"{stem}{suffix}").touch()
        else:
            (folder / stem).mkdir()
    return root


@pytest.mark.parametrize("layout", ["flat", "split", "label", "label_"])
@pytest.mark.parametrize("name", ["train.csv", "annotations/kinetics_train.csv"])
@pytest.mark.parametrize("suffix", [".mp4", ".MP4", ".mkv", ""])
def test_kinetics_in_every_layout_with_a_missing_video(tmp_path, layout, name, suffix):
    root = _kinetics(tmp_path, layout, name, suffix)
    assert detect(root).name == "k400"
    split = read_split(root, "train")
    assert split.labels == ("abseiling", "shaking hands, twice", "zumba")
    assert [(clip.id, clip.label) for clip in split.clips] == [
        ("-_aB3xyz012_000001_000011", 1),
        ("0wR5jVB-WPk_000417_000427", 0),
    ]
    assert split.missing == ("gone0000000_000000_000010",)
    assert all(clip.path.exists() for clip in split.clips)


def test_kinetics_labels_are_those_of_all_lists(tmp_path):
    root = _kinetics(tmp_path)
    (root / "validate.csv").write_text(f"{HEADER}\nyoga,abcdefghijk,5,15,validate\n")
    (root / "abcdefghijk_000005_000015.mp4").touch()
    validation = read_split(root, "validation")
    assert (
        validation.labels == read_split(root, "train").labels == ("abseiling", "shaking hands, twice", "yoga", "zumba")
    )
    assert validation.clips[0].label == 2


def test_pyslowfast_lists(tmp_path):
    (tmp_path / "train").mkdir()
    for name in ("a b.mp4", "c.mp4"):
        (tmp_path / "train" / name).touch()
    (tmp_path / "train.csv").write_text("train/a b.mp4 1\r\ntrain/c.mp4 0\ntrain/gone.mp4 2\n")
    split = read_split(tmp_path, "train")
    assert split.labels == ("class 000", "class 001", "class 002")
    assert [(clip.id, clip.label) for clip in split.clips] == [("train/a b.mp4", 1), ("train/c.mp4", 0)]
    assert split.missing == ("train/gone.mp4",)
    (tmp_path / "labels.txt").write_text("zumba\nabseiling\nyoga\n")
    named = read_split(tmp_path, "train")
    assert named.labels == ("abseiling", "yoga", "zumba")
    assert [clip.label for clip in named.clips] == [0, 2]


def test_pyslowfast_lists_of_label_folders(tmp_path):
    for name in ("playing_chess/a.mp4", "abseiling/b.mp4"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / "val.csv").write_text(f"{tmp_path}/playing_chess/a.mp4 1\n{tmp_path}/abseiling/b.mp4 0\n")
    split = read_split(tmp_path, "validation")
    assert split.labels == ("abseiling", "playing chess")
    assert [clip.label for clip in split.clips] == [1, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"train\.csv is empty"),
        (HEADER + "\n", r"train\.csv lists no clip"),
        ("label,youtube_id,time_start\nx,y,1\n", r"train\.csv: the header has no column time_end"),
        (HEADER + "\nabseiling,x\n", r"train\.csv: line 2 has 2 cells"),
        (HEADER + "\nabseiling,x,one,2,train\n", r"train\.csv: line 2 has 'one' for a time"),
        (HEADER + "\nabseiling,x,1,2,train\n", r"none of the 1 videos of .*train\.csv"),
        ("just a line\n", r"train\.csv: line 1 is neither"),
    ],
)
def test_kinetics_errors_name_file_and_line(tmp_path, content, message):
    root = _kinetics(tmp_path)
    (root / "train.csv").write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        kinetics.read_split(root, "train")
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"holds no validation\.csv, validate\.csv, val\.csv"):
        kinetics.read_split(root, "validation")


# --------------------------------------------------------------------------------------- detector
def test_a_folder_without_lists_is_told_what_was_looked_for(tmp_path):
    with pytest.raises(UserError, match=r"train\.json .*something-something-v1-train\.csv .*train\.csv") as caught:
        read_split(tmp_path, "train")
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="is not a folder"):
        read_split(tmp_path / "nowhere", "train")


def test_two_data_sets_in_one_folder(tmp_path):
    _kinetics(_v1(tmp_path))
    with pytest.raises(UserError, match=r"Something-Something v1 .* and Kinetics-400"):
        read_split(tmp_path, "train")


def test_a_run_is_not_trained_on_another_data_set(tmp_path):
    root = _v1(tmp_path)
    with pytest.raises(UserError, match=r"holds Something-Something v1, the run is for Kinetics-400"):
        read_split(root, "train", "k400")
    assert read_split(root, "train", "ssv1") == read_split(root, "train", "mine") == read_split(root, "train")


def test_official_counts():
    assert sum(ssv1.OFFICIAL.values()) == 108_499
    assert sum(ssv2.OFFICIAL.values()) == 220_847
