"""Lists of paths as other tools write them: read where they can be read in one way only, refused by line otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from gta.data.sets.class_names import read_names
from gta.data.sets.formats import detect, read_split
from gta.data.sets.path_lists import read_entries
from gta.errors import UserError


def _entries(tmp_path: Path, content: str, name: str = "train.csv", encoding: str = "utf-8") -> list[tuple]:
    (tmp_path / name).write_bytes(content.encode(encoding))
    return [(entry.name, entry.label) for entry in read_entries(tmp_path / name)]


AB = [("a, b.mp4", 3), ("c.mp4", 0)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('path,label\n"a, b.mp4",3\nc.mp4,0\n', AB),  # pandas.to_csv
        (',path,label\n0,"a, b.mp4",3\n1,c.mp4,0\n', AB),  # with its index
        ('\tpath\tlabel\n0\ta, b.mp4\t3\n1\tc.mp4\t0\n', AB),
        ('"a, b.mp4",3\nc.mp4,0\n', AB),
        ("a, b.mp4 3\nc.mp4 0\n", AB),  # PySlowFast
        ("a, b.mp4;3\nc.mp4;0\n", AB),
        ("a, b.mp4\t3\nc.mp4\t0\n", AB),
        ("a, b.mp4|3\nc.mp4|0\n", AB),
        ("a, b.mp4   3  \r\n\r\n  c.mp4 0", AB),
        ('"a, b.mp4","3"\n"c.mp4","0"\n', AB),
        ('"a, b.mp4",3.0\nc.mp4,0.0\n', AB),  # a column that pandas took for floats
        ("3 a, b.mp4\n0 c.mp4\n", AB),
        ('label;video_path\n3;a, b.mp4\n0;c.mp4\n', AB),
        ("# from a tool\n#\na, b.mp4 3\n## more\nc.mp4 0\n", AB),
        ('path,label,num_frames\n"a, b.mp4",3,250\nc.mp4,0,7\n', AB),
        ("label frames path\n3 250 a.mp4\n0 7 c.mp4\n", [("a.mp4", 3), ("c.mp4", 0)]),
        ("a.mp4,zumba,3\nc.mp4,abseiling,0\n", [("a.mp4", 3), ("c.mp4", 0)]),
        ("video,class\na.mp4,zumba\nc.mp4,abseiling\n", [("a.mp4", "zumba"), ("c.mp4", "abseiling")]),
        ("riding a bike/a.mp4 3\nplay/c.mp4 0\n", [("riding a bike/a.mp4", 3), ("play/c.mp4", 0)]),
        ("146296 26\n333 4\n", [("146296", 26), ("333", 4)]),
    ],
)  # fmt: skip
def test_every_manner_that_is_clear_is_read(tmp_path, content, expected):
    assert _entries(tmp_path, content) == expected
    assert _entries(tmp_path, "\ufeff" + content.replace("\n", "\r\n")) == expected
    assert _entries(tmp_path, content, encoding="utf-16") == expected


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("a.mp4 0\nb.mp4 12 3\n", 2, "3 columns, and nothing says which"),
        ("a.mp4 12 3\nb.mp4 14 5\n", 1, "put a header such as path,label,frames"),
        ("0,a.mp4,3\n1,b.mp4,0\n", 1, "3 columns"),
        ("abseiling,a.mp4,0\n", 1, "3 columns"),
        ("a.mp4 0\nb.mp4\n", 2, "neither"),
        ("a.mp4 0\nb.mp4 zumba\n", 2, "neither"),
        ("a.mp4 0\nb.mp4 -1\n", 2, "neither"),
        ("a.mp4 0\nb.mp4,1\nc.mp4 2\n", 2, "neither"),
        ("a.mp4 0\n1 b.mp4\nc.mp4 2\n", 2, "neither"),
        ("place kind\na.mp4 0\n", 1, "neither"),
        ("a.mp4 0 # see 5\nb.mp4 1\n", 1, "columns"),
        ("a.mp4 0\n#b.mp4 1\n", 2, "a comment or a clip"),
        ("label;path\n0;a.mp4\n1;b.mp4 # note\n", 3, "expected a class's number"),
        ("path label\na.mp4 riding mule\n", 2, "3 cells, the header 2"),
        ("path,label,frames\na.mp4,1,9\n9,1,b.mp4\n", 3, "a video in another column"),
        ('a.mp4,0\n"b.mp4,1\n', 2, "neither"),
        ("a.mp4 0\nb\0.mp4 1\n", 2, "neither"),
        ("path,label\na.mp4,0\nb.mp4,zumba\n", 3, "'zumba' for 'b.mp4'; expected a class's number"),
        ("path,label\na.mp4,zumba\nb.mp4,7\n", 3, "expected a class's name"),
        ("path,label\na.mp4,\n", 2, "expected a class's"),
        ("path,label,frames\na.mp4,0\n", 2, "2 cells, the header 3"),
        ("original_vido_id video_id frame_id path labels\n1 0 0 1/000001.jpg 3\n", 1, "single frames"),
        ("path,label,class_id\na.mp4,0,1\n", 2, "two columns of class numbers"),
        ("a.mp4 0\nb.mp4 0\na.mp4 0\n", 3, "repeats id a.mp4 of line 1"),
        ("a.mp4 0\nb.mp4 0\na.mp4 1\n", 3, "gives a.mp4 the label 1, line 1 0"),
    ],
)
def test_what_is_not_clear_is_refused_by_its_line(tmp_path, content, line, words):
    with pytest.raises(UserError, match=rf"train\.csv: line {line} ") as caught:
        _entries(tmp_path, content)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["kinetics400_train_list_rawframes.txt", "train_videofolder.txt"])
def test_lists_of_frame_folders_count_frames_in_their_second_column(tmp_path, name):
    content = "abseiling/x 250 0\nriding a bike/y 30 1\n"
    assert _entries(tmp_path, content, name) == [("abseiling/x", 0), ("riding a bike/y", 1)]
    with pytest.raises(UserError, match="line 1 has 4 columns"):
        _entries(tmp_path, "abseiling/x 0 250 0\n", name)  # with offsets


# ----------------------------------------------------------------------------------- class names
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", 'zumba\n"it\'s, so"\nyoga\n\n'),
        ("labels.txt", "# names\r\nzumba\r\nit's, so\r\nyoga"),
        ("labels.csv", 'id,name\n0,zumba\n2,yoga\n1,"it\'s, so"\n'),
        ("classInd.txt", "0 zumba\n1 it's, so\n2 yoga\n"),
        ("classes.json", '{"zumba": 0, "it\'s, so": "1", "yoga": 2}'),
        ("classes.json", '["zumba", "it\'s, so", "yoga"]'),
    ],
)
def test_names_of_classes(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert read_names(tmp_path / name) == {0: "zumba", 1: "it's, so", 2: "yoga"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("labels.txt", "zumba\n\nyoga\n", "before line 3 a line is blank"),
        ("labels.txt", "zumba\nzumba\n", "names a class twice"),
        ("labels.txt", "", "names a class twice or not at all"),
        ("labels.json", '{"zumba": "first"}', "expected an object"),
        ("labels.json", '{"zumba": 0, "yoga": 0}', "names a class twice"),
    ],
)
def test_names_that_do_not_fit(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=words):
        read_names(tmp_path / name)


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_classes_by_name_in_one_list_and_by_number_in_another(tmp_path):
    _touch(tmp_path, "a.mp4", "b.mp4")
    (tmp_path / "train.csv").write_text("path,label\na.mp4,zumba\n")
    (tmp_path / "val.csv").write_text("path,label\nb.mp4,0\n")
    with pytest.raises(UserError, match=r"val\.csv: line 2 has the class 0, .*train\.csv 'zumba'"):
        read_split(tmp_path, "train")


def test_lists_that_number_the_classes_differently(tmp_path):
    _touch(tmp_path, "zumba/a.mp4", "yoga/b.mp4", "zumba/c.mp4", "yoga/d.mp4")
    (tmp_path / "train.csv").write_text("zumba/a.mp4 0\nyoga/b.mp4 1\n")
    (tmp_path / "val.csv").write_text("zumba/c.mp4 1\nyoga/d.mp4 0\n")
    with pytest.raises(UserError, match=r"val\.csv gives number [01] .* number the classes of all lists alike"):
        read_split(tmp_path, "train")


# ------------------------------------------------------------------------------ names of the lists
@pytest.mark.parametrize("listed", ["videos", "rawframes"])
def test_kinetics_as_mmaction2_lays_it_out(tmp_path, listed):
    suffix, frames = ("", " 250") if listed == "rawframes" else (".mp4", "")
    for split, clip in (("train", "a"), ("val", "b")):
        name = f"kinetics400_{split}_list_{listed}.txt"
        (tmp_path / name).write_text(f"abseiling/{clip}{suffix}{frames} 0\nzumba/{clip}2{suffix}{frames} 1\n")
        _touch(tmp_path, f"{listed}_{split}/abseiling/{clip}{suffix}", f"{listed}_{split}/zumba/{clip}2{suffix}")
    assert detect(tmp_path).name == "k400"
    train, validation = read_split(tmp_path, "train"), read_split(tmp_path, "validation")
    assert train.labels == validation.labels == ("abseiling", "zumba")
    assert [clip.path for clip in train.clips] == [
        tmp_path / f"{listed}_train/abseiling/a{suffix}",
        tmp_path / f"{listed}_train/zumba/a2{suffix}",
    ]
    assert [clip.label for clip in validation.clips] == [0, 1]


@pytest.mark.parametrize(
    ("version", "labels"),
    [
        ("2", ("something-something-v2-labels.json", '{"Holding something": "1", "Opening something": "0"}')),
        ("1", ("something-something-v1-labels.csv", "Opening something\nHolding something\n")),
    ],
)
@pytest.mark.parametrize("listed", ["videos", "rawframes"])
def test_something_something_as_mmaction2_lays_it_out(tmp_path, version, labels, listed):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / labels[0]).write_text(labels[1])
    end = ".webm 0\n" if listed == "videos" else " 30 0\n"
    for split, clip in (("train", "11"), ("val", "12")):
        (tmp_path / f"sthv{version}_{split}_list_{listed}.txt").write_text(f"{clip}{end}")
        _touch(tmp_path, f"{listed}/{clip}{'.webm' if listed == 'videos' else ''}")
    assert detect(tmp_path).name == f"ssv{version}"
    split = read_split(tmp_path, "validation", f"ssv{version}")
    assert split.labels == ("Holding something", "Opening something")
    assert [clip.template for clip in split.clips] == ["Opening something"]
    (tmp_path / "annotations" / labels[0]).unlink()
    with pytest.raises(UserError, match=r"gives its classes by number, and none of labels\.txt"):
        read_split(tmp_path, "validation")


def test_a_plain_list_is_of_the_data_set_that_the_run_is_for(tmp_path):
    names = [f"Doing something number {number:03d}" for number in range(174)]
    (tmp_path / "labels.txt").write_text("\n".join(names))
    _touch(tmp_path, "videos/1.webm", "videos/2.webm")
    (tmp_path / "train.csv").write_text("1.webm,7\n")
    (tmp_path / "val.csv").write_text("2.webm,8\n")
    assert read_split(tmp_path, "train", "ssv2").clips[0].template == names[7]
    assert read_split(tmp_path, "train", "k400").clips[0].template == names[7]


def test_a_plain_list_beside_the_release_is_left_alone(tmp_path):
    (tmp_path / "labels.json").write_text('{"Holding something": "0"}')
    (tmp_path / "train.json").write_text('[{"id": "1", "template": "Holding [something]"}]')
    (tmp_path / "train.csv").write_text('original_vido_id video_id frame_id path labels\n1 0 0 1/1_000001.jpg ""\n')
    _touch(tmp_path, "videos/1.webm")
    assert read_split(tmp_path, "train").clips[0].template == "Holding something"
