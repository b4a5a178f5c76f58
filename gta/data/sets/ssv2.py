"""Read Something-Something v2 as it lies on disk (models of the json files: the data set's own documentation).

Understood: ``labels.json``, ``train.json``, ``validation.json``, ``test.json``, the same under
``something-something-v2-*.json``, in the folder itself, ``annotations/`` or ``labels/``;
``test-answers.csv`` (``id;template``); or mmaction2's lists; videos, or folders of jpg frames, in ``videos/``,
``20bn-something-something-v2*/``, ``frames/``, ``rawframes/`` or the folder itself, flat or one level down.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gta.data.sets import listed
from gta.data.sets.lists import first_file, list_folders, read_rows
from gta.data.sets.places import Places
from gta.data.sets.splits import Clip, Split, SplitName, check_id, check_unique, without_brackets
from gta.errors import UserError
from gta.files import read_json

OFFICIAL = {"train": 168_913, "validation": 24_777, "test": 27_157}
"""Clips of each split of the release."""
CLASSES = 174
"""Templates of both versions."""
_PREFIX = "something-something-v2-"
MEDIA = ("videos", "20bn-something-something-v2*", "frames", "rawframes", "videos_*", "rawframes_*", ".")


def split_list(root: Path, split: SplitName) -> Path | None:
    """Return the json file of a split, or else mmaction2's list, if it is there."""
    found = _search(Path(root), f"{split}.json")
    return found or next(iter(listed.candidates(Path(root), split, listed.SETS["ssv2"])), None)


def read_split(root: Path, split: SplitName) -> Split:
    """Read one split.

    Label indices follow the sorted names of the templates, whatever numbers ``labels.json`` gives, so that version 1
    and version 2 agree.

    Raises:
        UserError: a folder or file is missing or malformed; the message names the file and the field.
    """
    root = Path(root)
    if not os.path.isdir(root):
        raise UserError(f"{root} is not a folder; give the folder that holds labels.json and the videos")
    path = split_list(root, split)
    if path is not None and path.suffix != ".json":
        return listed.read_for(root, split, split_list, Places(root, MEDIA))
    labels = _read_labels(root)
    rows_path = _find(root, f"{split}.json")
    rows = _rows(rows_path)
    answers_path = _search(root, "test-answers.csv") if split == "test" else None
    answers = {} if answers_path is None else _read_answers(answers_path)
    numbers = {name: i for i, name in enumerate(labels)}

    found: list[tuple[str, str]] = []
    for i, row in enumerate(rows):
        clip_id = check_id(f"{rows_path}: entry {i}", _field(rows_path, i, row, "id"))
        template = answers.get(clip_id, "") if split == "test" else _field(rows_path, i, row, "template")
        template = without_brackets(template)
        if template not in numbers and (template or split != "test"):
            where = answers_path or rows_path
            raise UserError(
                f"{where}: entry {i}, clip {clip_id}, has template {template!r}, which labels.json does not list"
            )
        found.append((clip_id, template))
    check_unique(rows_path, ((f"entry {i}", clip_id, name) for i, (clip_id, name) in enumerate(found)))
    places = Places(root, MEDIA)
    paths = places.of_ids([clip_id for clip_id, _ in found], ".webm")
    if paths is None:
        raise UserError(
            f"none of the videos of {rows_path} (such as {found[0][0]}.webm) was found in {listed.looked(places)}; "
            f"unpack the videos into {root / 'videos'}"
        )
    return Split(labels, tuple(Clip(i, paths[i], numbers.get(name), name) for i, name in found), looked=places.folders)


def _search(root: Path, name: str) -> Path | None:
    return first_file(list_folders(root), (name, _PREFIX + name))


def _find(root: Path, name: str) -> Path:
    path = _search(root, name)
    if path is None:
        raise UserError(
            f"{root} holds no {name} (nor {_PREFIX}{name}), nor do annotations/ and labels/ in it; download the labels "
            f"of Something-Something v2 into it"
        )
    return path


def _read_labels(root: Path) -> tuple[str, ...]:
    path = _find(root, "labels.json")
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise UserError(f'{path}: expected an object {{"template": "index"}}, found {type(content).__name__}')
    return tuple(sorted(content))


def _rows(path: Path) -> list[Any]:
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise UserError(f"{path}: expected a list of clips with at least one entry; download the file again")
    return content


def _field(path: Path, i: int, row: Any, name: str) -> str:  # noqa: ANN401 - any json value
    value = row.get(name) if isinstance(row, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise UserError(f'{path}: entry {i} has no "{name}"; expected {{"id": ..., "template": ...}}')
    return value


def _read_answers(path: Path) -> dict[str, str]:
    answers = {}
    for number, cells in read_rows(path, ";"):
        if len(cells) < 2:
            raise UserError(f"{path}: line {number} is not id;template: {cells[0][:60]!r}")
        answers[cells[0]] = without_brackets(cells[1])
    return answers
