"""Read Kinetics-400 as it lies on disk, whole or with videos missing (copies differ in which).

Two kinds of list, told apart by their first line, in the folder itself, ``annotations/`` or ``labels/``:

* the official csv ``label,youtube_id,time_start,time_end,split`` with a header (``train.csv``, ``val.csv`` ...);
  clips are ``<youtube_id>_%06d_%06d.mp4``, or a folder of jpg frames of that name, in the folder, in ``train/``,
  ``val/`` ..., ``videos/`` or ``frames/``, flat or in folders named by label;
* PySlowFast's ``path label`` without a header; names of the classes from ``labels.txt`` (one a line), else from the
  videos' folders.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from gta.data.lists import first_file, read_lines, read_rows
from gta.data.media import list_media
from gta.data.splits import Clip, Split, SplitName, check_id, check_unique
from gta.errors import UserError

_ALIASES: dict[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "validate", "val"),
    "test": ("test",),
}
_PREFIXES = ("", "kinetics_400_", "kinetics400_", "kinetics_", "k400_")
_COLUMNS = ("youtube_id", "time_start", "time_end")
_ENTRY = re.compile(r"(?P<path>.+?)(?:\s+|,)(?P<label>\d{1,5})")


def split_list(root: Path, split: SplitName) -> Path | None:
    """Return the list of a split, if it is there."""
    names = [f"{prefix}{alias}.csv" for alias in _ALIASES.get(split, ()) for prefix in _PREFIXES]
    return first_file((root, root / "annotations", root / "labels"), names)


def read_split(root: Path, split: SplitName) -> Split:
    """Read one split; the labels are those of all lists that are there, sorted.

    Raises:
        UserError: a list is missing or malformed, or not one of its videos is there.
    """
    root = Path(root)
    path = split_list(root, split)
    if path is None:
        names = ", ".join(f"{alias}.csv" for alias in _ALIASES.get(split, (split,)))
        raise UserError(f"{root} holds no {names}; put the lists of Kinetics-400 into it")
    every = [found for name in ("train", "validation", "test") if (found := split_list(root, name)) is not None]
    official = _is_official(path)
    rows, labels = _official(path, every) if official else _listed(root, path, every)
    check_unique(path, [clip_id for clip_id, _ in rows])
    there = _videos(root, split, set(labels)) if official else {i: file for i, _ in rows if (file := _file(root, i))}
    numbers = {name: i for i, name in enumerate(labels)}
    clips = tuple(Clip(i, there[i], numbers.get(name), name) for i, name in rows if i in there)
    if not clips:
        raise UserError(f"none of the {len(rows)} videos of {path}, such as {rows[0][0]}, lies in {root}")
    return Split(labels, clips, tuple(clip_id for clip_id, _ in rows if clip_id not in there))


def _is_official(path: Path) -> bool:
    lines = read_lines(path)
    if not lines:
        raise UserError(f"{path} is empty; put the list of the split there")
    return "youtube_id" in lines[0][1].lower()


# ------------------------------------------------------------------------------- the official csv
def _official(path: Path, every: list[Path]) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    rows = list(_clips(path))
    names = {name for _, name in rows}
    for other in every:
        if other != path and _is_official(other):
            names |= {name for _, name in _clips(other)}
    if not rows:
        raise UserError(f"{path} lists no clip; download it again")
    return rows, tuple(sorted(names - {""}))


def _clips(path: Path) -> Iterator[tuple[str, str]]:
    (_, header), *rows = read_rows(path, ",")
    columns = {name.lower(): i for i, name in enumerate(header)}
    absent = [name for name in _COLUMNS if name not in columns]
    if absent:
        raise UserError(f"{path}: the header has no column {absent[0]}; expected label,youtube_id,time_start,time_end")
    for number, cells in rows:
        if len(cells) < len(header):
            raise UserError(f"{path}: line {number} has {len(cells)} cells, the header {len(header)}")
        start, end = (_second(path, number, cells[columns[name]]) for name in _COLUMNS[1:])
        clip_id = f"{cells[columns['youtube_id']]}_{start:06d}_{end:06d}"
        yield check_id(f"{path}: line {number}", clip_id), cells[columns["label"]] if "label" in columns else ""


def _second(path: Path, number: int, text: str) -> int:
    if not re.fullmatch(r"\d{1,6}(\.0*)?", text):
        raise UserError(f"{path}: line {number} has {text!r} for a time; expected whole seconds")
    return int(text.split(".")[0])


def _videos(root: Path, split: SplitName, labels: set[str]) -> dict[str, Path]:
    """Return the path of every video by its name without suffix, flat or in folders named by label."""
    parts = [f"{alias}{ending}" for alias in _ALIASES[split] for ending in ("", "_256")]
    names = [*parts, *(f"{kind}/{part}" for kind in ("videos", "frames") for part in parts), "videos", "frames", "."]
    folders = labels | {label.replace(" ", "_") for label in labels}
    found: dict[str, Path] = {}
    for name in names:
        base = root / name if name != "." else root
        for stem, file in list_media(base).items():
            if stem in folders:
                for inner, leaf in list_media(base / file).items():
                    found.setdefault(inner, base / file / leaf)
            else:
                found.setdefault(stem, base / file)
    return found


# ------------------------------------------------------------------------------ PySlowFast's list
def _listed(root: Path, path: Path, every: list[Path]) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    rows = _entries(path)
    entries = [entry for other in every if other == path or not _is_official(other) for entry in _entries(other)]
    names = _names(root, entries)
    return [(file, names[number]) for file, number in rows], tuple(sorted(names.values()))


def _entries(path: Path) -> list[tuple[str, int]]:
    entries = []
    for number, line in read_lines(path):
        match = _ENTRY.fullmatch(line)
        if match is None or "\0" in line:
            raise UserError(
                f"{path}: line {number} is neither the header label,youtube_id,time_start,time_end,split "
                f"nor PySlowFast's `path label`: {line[:60]!r}"
            )
        entries.append((match["path"], int(match["label"])))
    return entries


def _names(root: Path, entries: list[tuple[str, int]]) -> dict[int, str]:
    """Return the class of each number: from ``labels.txt``, from the videos' folders, or just numbered."""
    numbers = sorted({number for _, number in entries})
    file = first_file((root, root / "annotations", root / "labels"), ("labels.txt", "classes.txt"))
    if file is not None:
        listed = [line for _, line in read_lines(file)]
        if numbers[-1] >= len(listed):
            raise UserError(f"{file} names {len(listed)} classes, the lists have label {numbers[-1]}")
        if len(set(listed)) < len(listed):
            raise UserError(f"{file} names a class twice; expected one class a line in the order of their numbers")
        return dict(enumerate(listed))
    parents: dict[int, set[str]] = {}
    for name, number in entries:
        parents.setdefault(number, set()).add(Path(name).parent.name)
    if all(len(found) == 1 for found in parents.values()) and len(set().union(*parents.values())) == len(parents) > 1:
        return {number: next(iter(found)).replace("_", " ") for number, found in parents.items()}
    return {number: f"class {number:03d}" for number in range(numbers[-1] + 1)}


def _file(root: Path, name: str) -> Path | None:
    for path in (root / name, root / "videos" / name):
        if os.path.exists(path):
            return path
    return None
