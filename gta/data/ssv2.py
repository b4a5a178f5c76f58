"""Read Something-Something v2 as it lies on disk (models of the json files: the data set's own documentation).

Understood: ``labels.json``, ``train.json``, ``validation.json``, ``test.json``, the same under
``something-something-v2-*.json``, in the folder itself or in ``labels/``; ``test-answers.csv`` (``id;template``);
videos in ``videos/``, ``20bn-something-something-v2/`` or the folder itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gta.errors import UserError
from gta.files import read_json

SplitName = Literal["train", "validation", "tune", "test"]
_PREFIX = "something-something-v2-"
_VIDEO_FOLDERS = ("videos", "20bn-something-something-v2", ".")


@dataclass(frozen=True)
class Clip:
    """One video of a split."""

    id: str
    path: Path
    label: int | None
    """Index into the sorted templates; None in a test split without answers."""
    template: str
    """The class's name without brackets; empty when there is no label."""


@dataclass(frozen=True)
class Split:
    """The clips of one split, in the order of its json file."""

    labels: tuple[str, ...]
    clips: tuple[Clip, ...]


def read_split(root: Path, split: SplitName) -> Split:
    """Read one split.

    Label indices follow the sorted names of the templates, whatever numbers ``labels.json`` gives, so that version 1
    and version 2 agree.

    Raises:
        UserError: a folder or file is missing or malformed; the message names the file and the field.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"{root} is not a folder; point --data at the folder that holds labels.json and the videos")
    labels = _read_labels(root)
    rows_path = _find(root, f"{split}.json")
    rows = _rows(rows_path)
    answers = _read_answers(root) if split == "test" else None
    numbers = {name: i for i, name in enumerate(labels)}

    seen: set[str] = set()
    found: list[tuple[str, str]] = []
    for i, row in enumerate(rows):
        clip_id = _field(rows_path, i, row, "id")
        if clip_id in seen:
            raise UserError(f"{rows_path}: entry {i} repeats id {clip_id}; every clip may stand once")
        seen.add(clip_id)
        if split == "test":
            template = (answers or {}).get(clip_id, "")
        else:
            template = without_brackets(_field(rows_path, i, row, "template"))
        if template not in numbers and (template or split != "test"):
            where = _find(root, "test-answers.csv") if split == "test" else rows_path
            raise UserError(f"{where}: clip {clip_id} has template {template!r}, which labels.json does not list")
        found.append((clip_id, template))

    videos = _video_folder(root, [clip_id for clip_id, _ in found], rows_path)
    return Split(labels, tuple(Clip(i, videos / f"{i}.webm", numbers.get(name), name) for i, name in found))


def without_brackets(template: str) -> str:
    """Turn ``Holding [something]`` into the label ``Holding something``."""
    return template.replace("[", "").replace("]", "")


def label_fingerprint(labels: tuple[str, ...]) -> str:
    """Return 12 hex digits that identify a list of labels and its order."""
    return hashlib.sha256("\n".join(labels).encode()).hexdigest()[:12]


def _find(root: Path, name: str) -> Path:
    candidates = [folder / n for folder in (root, root / "labels") for n in (name, _PREFIX + name)]
    for path in candidates:
        if path.is_file():
            return path
    raise UserError(
        f"{root} holds no {name} (nor {_PREFIX}{name}); download the labels of Something-Something v2 into it"
    )


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


def _read_answers(root: Path) -> dict[str, str] | None:
    try:
        path = _find(root, "test-answers.csv")
    except UserError:
        return None  # the original release keeps the test labels to itself
    answers = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        clip_id, separator, template = line.partition(";")
        if not separator:
            raise UserError(f"{path}: line {number} is not id;template: {line!r}")
        answers[clip_id.strip()] = without_brackets(template.strip())
    return answers


def _video_folder(root: Path, ids: list[str], rows_path: Path) -> Path:
    for name in _VIDEO_FOLDERS:
        folder = root / name if name != "." else root
        if any((folder / f"{clip_id}.webm").is_file() for clip_id in ids[:100]):
            return folder
    raise UserError(
        f"none of the videos of {rows_path} (such as {ids[0]}.webm) lies in {root}, "
        f"{root / _VIDEO_FOLDERS[0]} or {root / _VIDEO_FOLDERS[1]}; unpack the videos into one of them"
    )
