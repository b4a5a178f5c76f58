"""Reading Something-Something v2's files, good and bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gta.data.sets.splits import label_fingerprint
from gta.data.sets.ssv2 import read_split
from gta.errors import UserError

NAMES = ["Holding something", "Covering something with something", "Turning the camera left while filming something"]
ROWS = [
    {"id": "11", "label": "holding a cup", "template": "Holding [something]", "placeholders": ["a cup"]},
    {"id": "7", "label": "…", "template": "Covering [something] with [something]", "placeholders": ["a", "b"]},
]


def _layout(root: Path, prefix: str = "", videos: str = "videos", labels: str = ".", split: str = "train") -> Path:
    folder = root / labels
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{prefix}labels.json").write_text(json.dumps({name: str(9 - i) for i, name in enumerate(NAMES)}))
    (folder / f"{prefix}{split}.json").write_text(json.dumps(ROWS))
    (root / videos).mkdir(exist_ok=True)
    for row in ROWS:
        (root / videos / f"{row['id']}.webm").touch()
    return root


@pytest.mark.parametrize("prefix", ["", "something-something-v2-"])
@pytest.mark.parametrize("videos", ["videos", "20bn-something-something-v2", "."])
@pytest.mark.parametrize("labels", [".", "labels"])
def test_every_layout_reads_alike(tmp_path, prefix, videos, labels):
    split = read_split(_layout(tmp_path, prefix, videos, labels), "train")
    assert split.labels == tuple(sorted(NAMES))
    assert [(c.id, c.label, c.template) for c in split.clips] == [("11", 1, NAMES[0]), ("7", 0, NAMES[1])]
    assert all(clip.path.is_file() for clip in split.clips)


def test_validation_and_tune_are_read_by_name(tmp_path):
    for name in ("validation", "tune"):
        assert len(read_split(_layout(tmp_path, split=name), name).clips) == 2


def test_integer_ids_are_accepted(tmp_path):
    _layout(tmp_path)
    (tmp_path / "train.json").write_text(json.dumps([{**ROWS[0], "id": 11}]))
    assert read_split(tmp_path, "train").clips[0].id == "11"


def test_test_split_without_and_with_answers(tmp_path):
    _layout(tmp_path)
    (tmp_path / "test.json").write_text(json.dumps([{"id": "11"}, {"id": "7"}]))
    assert [clip.label for clip in read_split(tmp_path, "test").clips] == [None, None]
    (tmp_path / "test-answers.csv").write_text("11;Holding something\n7;Covering something with something\n")
    assert [clip.label for clip in read_split(tmp_path, "test").clips] == [1, 0]


def _set(path: Path, content: object) -> None:
    path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.json", [{**ROWS[0], "template": "Eating [something]"}], r"train\.json.*11.*Eating something.*labels"),
        ("train.json", [ROWS[0], ROWS[0]], r"train\.json.*entry 1 repeats id 11"),
        ("train.json", "[{", r"train\.json is not readable JSON"),
        ("train.json", {"id": "1"}, r"train\.json.*list"),
        ("train.json", [], r"train\.json.*at least one"),
        ("train.json", [{"id": "11"}], r'train\.json: entry 0 has no "template"'),
        ("train.json", [{"template": "x"}], r'train\.json: entry 0 has no "id"'),
        ("train.json", [{**ROWS[0], "id": "999"}], r"999\.webm.*unpack"),
        ("labels.json", [], r"labels\.json.*object"),
        ("labels.json", {}, r"labels\.json.*object"),
    ],
)
def test_errors_name_file_and_field_in_one_line(tmp_path, name, content, message):
    _layout(tmp_path)
    _set(tmp_path / name, content)
    with pytest.raises(UserError, match=message) as caught:
        read_split(tmp_path, "train")
    assert "\n" not in str(caught.value)


def test_missing_folder_and_files(tmp_path):
    with pytest.raises(UserError, match="is not a folder"):
        read_split(tmp_path / "nowhere", "train")
    with pytest.raises(UserError, match=r"labels\.json"):
        read_split(tmp_path, "train")
    _layout(tmp_path)
    with pytest.raises(UserError, match=r"validation\.json"):
        read_split(tmp_path, "validation")


def test_a_malformed_answer_names_its_line(tmp_path):
    _layout(tmp_path)
    (tmp_path / "test.json").write_text(json.dumps([{"id": "11"}]))
    (tmp_path / "test-answers.csv").write_text("11;Holding something\n12\n")
    with pytest.raises(UserError, match=r"test-answers\.csv: line 2"):
        read_split(tmp_path, "test")


def test_label_fingerprint_knows_names_and_order():
    assert label_fingerprint(("a", "b")) == label_fingerprint(("a", "b"))
    assert len({label_fingerprint(x) for x in [("a", "b"), ("b", "a"), ("ab",), ("a",)]}) == 4
    assert len(label_fingerprint(("a",))) == 12
