"""Read UCF101, HMDB51 and Diving48 by their official lists, as they lie on disk.

They have a training and a test list; the test list is what runs are evaluated on. UCF101 and HMDB51 have three such
pairs (``data.fold`` 1, 2, 3).

* UCF101: ``trainlist01.txt`` (``Class/v_Class_g08_c01.avi 1``), ``testlist01.txt``, ``classInd.txt``, in DIR or
  ``ucfTrainTestlist/``; videos in ``UCF-101/<class>/``.
* HMDB51: ``<class>_test_split1.txt`` (``name.avi 1``: 1 for training, 2 for test, 0 for neither), in DIR or
  ``testTrainMulti_7030_splits/``; videos in folders named by class.
* Diving48: ``Diving48_V2_train.json``, ``Diving48_V2_test.json``, ``Diving48_vocab.json``; videos in ``rgb/``. The
  lists of version 1, which its authors withdrew, are read only where those of version 2 are missing.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from gta.data.sets.listed import looked
from gta.data.sets.lists import first_file, list_folders, read_lines
from gta.data.sets.places import Places, clip_name
from gta.data.sets.splits import Clip, Split, SplitName, check_id, check_unique
from gta.errors import UserError
from gta.files import read_bytes, read_json

UCF101 = {"train": 9_537, "validation": 3_783}
HMDB51 = {"train": 3_570, "validation": 1_530}
DIVING48 = {"train": 15_027, "validation": 1_970}
"""Clips of each split of the releases; of the first pair of lists, and of Diving48's version 2."""
_PAIR: tuple[SplitName, ...] = ("train", "validation")
_Entry = tuple[str, str]
"""Path and class of a video."""
_KINDS = ("videos", "clips", "rawframes", "frames")
_HMDB_LINE = re.compile(r"(\S.*\S)\s+([012])")


# -------------------------------------------------------------------------------------------- UCF101
def ucf_list(root: Path, split: SplitName, fold: int = 1) -> Path | None:
    """Return the list of a split of UCF101, if it is there."""
    root = Path(root)
    name = {"train": f"trainlist{fold:02d}.txt", "validation": f"testlist{fold:02d}.txt"}.get(split)
    folders = (*list_folders(root), root / "ucfTrainTestlist", root / "annotations" / "ucfTrainTestlist")
    return None if name is None else first_file(folders, [name])


def read_ucf(root: Path, split: SplitName, fold: int = 1) -> Split:
    """Read one split of UCF101; a video's class is the folder that its list names.

    Raises:
        UserError: a list is missing or malformed, or not one of the videos is there.
    """
    root = Path(root)
    rows: dict[SplitName, list[_Entry]] = {}
    paths = {name: _needed(root, ucf_list(root, name, fold), f"{name} list {fold} of UCF101") for name in _PAIR}
    for name, path in paths.items():
        rows[name] = []
        for number, line in read_lines(path):
            parts = line.replace("\\", "/").split()
            if len(parts) > 2 or parts[0].count("/") != 1:
                raise UserError(
                    f"{path}: line {number} is not Class/video.avi, with a number or without: {line[:60]!r}"
                )
            rows[name].append((parts[0], parts[0].partition("/")[0]))
    return _found(
        Places(root, ("UCF-101", "UCF101", *_KINDS, ".")), _needed(root, paths.get(split), split), split, rows
    )


# -------------------------------------------------------------------------------------------- HMDB51
def hmdb_list(root: Path, split: SplitName, fold: int = 1) -> Path | None:
    """Return the first of the lists of HMDB51 (each class has one, for both splits), if they are there."""
    lists = _hmdb_lists(Path(root), fold) if split in _PAIR else []
    return lists[0] if lists else None


def _hmdb_lists(root: Path, fold: int) -> list[Path]:
    for folder in (*list_folders(root), *(root / name for name in ("testTrainMulti_7030_splits", "splits"))):
        found = sorted(folder.glob(f"*_test_split{fold}.txt"))
        if found:
            return found
    return []


def read_hmdb(root: Path, split: SplitName, fold: int = 1) -> Split:
    """Read one split of HMDB51.

    Raises:
        UserError: a list is missing or malformed, or not one of the videos is there.
    """
    root = Path(root)
    lists = _hmdb_lists(root, fold)
    folder = _needed(root, lists[0].parent if lists and split in _PAIR else None, f"{split} lists {fold} of HMDB51")
    rows: dict[SplitName, list[_Entry]] = {name: [] for name in _PAIR}
    for path in lists:
        label = path.name.removesuffix(f"_test_split{fold}.txt")
        # Not read as other lists are: names of videos begin with # here, which is a comment there.
        for number, line in enumerate(read_bytes(path).decode("utf-8", "surrogateescape").splitlines(), 1):
            match = _HMDB_LINE.fullmatch(line.strip())
            if line.strip() and match is None:
                raise UserError(f"{path}: line {number} is not a video and 0, 1 or 2: {line[:60]!r}")
            if match is not None and match[2] != "0":
                rows[_PAIR[int(match[2]) - 1]].append((f"{label}/{match[1]}", label))
    return _found(Places(root, ("hmdb51_org", "hmdb51", "HMDB51", *_KINDS, ".")), folder, split, rows)


# ------------------------------------------------------------------------------------------ Diving48
def diving_list(root: Path, split: SplitName) -> Path | None:
    """Return the list of a split of Diving48, if it is there."""
    part = {"train": "train", "validation": "test"}.get(split)
    return (
        None
        if part is None
        else first_file(list_folders(Path(root)), [f"Diving48_V2_{part}.json", f"Diving48_{part}.json"])
    )


def read_diving(root: Path, split: SplitName) -> Split:
    """Read one split of Diving48; a class is called by the four parts of its dive.

    Raises:
        UserError: a list is missing or malformed, or not one of the videos is there.
    """
    root = Path(root)
    path = _needed(root, diving_list(root, split), "list of Diving48")
    names = _dives(root)
    rows = []
    for i, row in enumerate(_list_of(path)):
        number = row.get("label") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(row.get("vid_name"), str) or type(number) is not int:
            raise UserError(f"{path}: entry {i} has no vid_name and label; download the file again")
        if not 0 <= number < len(names):
            raise UserError(f"{path}: entry {i} has the label {number}; the vocabulary has {len(names)} dives")
        rows.append((check_id(f"{path}: entry {i}", row["vid_name"]), names[number]))
    check_unique(path, ((f"entry {i}", name, label) for i, (name, label) in enumerate(rows)))
    places = Places(root, ("rgb", *_KINDS, "Diving48_rgb*", "."))
    paths = places.of_ids([name for name, _ in rows], ".mp4")
    if paths is None:
        raise UserError(f"none of the videos of {path} (such as {rows[0][0]}.mp4) was found in {looked(places)}")
    labels = tuple(sorted(names))
    return Split(
        labels, tuple(Clip(name, paths[name], labels.index(label), label) for name, label in rows), (), places.folders
    )


def _dives(root: Path) -> list[str]:
    path = _needed(root, first_file(list_folders(root), ["Diving48_vocab.json"]), "vocabulary of Diving48")
    names = ["-".join(map(str, entry)) if isinstance(entry, list) else str(entry) for entry in _list_of(path)]
    if len(set(names)) < len(names):
        raise UserError(f"{path} names a dive twice; download it again")
    return names


def _list_of(path: Path) -> list[Any]:
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise UserError(f"{path}: expected a list with at least one entry; download the file again")
    return content


# -------------------------------------------------------------------------------------------- shared
def _found(places: Places, path: Path, split: SplitName, rows: dict[SplitName, list[_Entry]]) -> Split:
    """Return a split of the lists at ``path``; the classes are those of all splits."""
    every, own = [row for each in rows.values() for row in each], rows[split]
    if not own:
        raise UserError(f"{path} lists no clip for {split}; download it again")
    labels = tuple(sorted({label for _, label in every}))
    check_unique(path, ((f"entry {i}", name, label) for i, (name, label) in enumerate(own)))
    there = places.by_path([name for name, _ in own], Counter(clip_name(name) for name in {name for name, _ in every}))
    if not there:
        raise UserError(f"none of the {len(own)} videos of {path}, such as {own[0][0]}, was found in {looked(places)}")
    clips = tuple(Clip(name, there[name], labels.index(label), label) for name, label in own if name in there)
    return Split(labels, clips, tuple(name for name, _ in own if name not in there), places.folders)


def _needed(root: Path, path: Path | None, what: str) -> Path:
    if path is None:
        raise UserError(f"{root} does not hold the {what}; put the official lists there")
    return path
