"""The names of classes that a list gives by number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath

from gta.data.sets.lists import first_file, list_folders, read_lines, split_row
from gta.data.sets.path_lists import Entry
from gta.data.sets.splits import without_brackets
from gta.errors import UserError
from gta.files import read_json

FILES = (
    *("labels.txt", "classes.txt", "class_names.txt", "label_map.txt", "label_map_k400.txt", "category.txt"),
    *("categories.txt", "classInd.txt", "kinetics_400_labels.csv", "kinetics400_labels.csv", "labels.csv"),
    *("classes.csv", "labels.json", "classes.json", "kinetics_classnames.json"),
    *("something-something-v2-labels.json", "something-something-v1-labels.csv"),
)
"""Where names are looked for, in this order."""
_NUMBERED = re.compile(r'"?(\d{1,5})"?[\s,;|:]+(\S.*)', re.ASCII)
_HEADER = {"id", "index", "number", "name", "label", "class", "class_id", "class_name", "label_id", "label_name"}


def name_classes(root: Path, lists: Sequence[tuple[Path, Sequence[Entry]]], numbers_do: bool) -> dict[int, str]:
    """Return the name of each class by its number: from a file, from the videos' folders, or just numbered.

    Args:
        root: of the data set.
        lists: every list that is there, with its entries; all their labels are numbers.
        numbers_do: whether ``class 007`` may be a name.

    Raises:
        UserError: the file of names does not fit the lists, the lists contradict each other, or there is no name.
    """
    numbers = sorted({int(entry.label) for _, entries in lists for entry in entries})
    file = first_file(list_folders(root), FILES)
    if file is not None:
        names = read_names(file)
        for path, entries in lists:
            odd = next((entry for entry in entries if entry.label not in names), None)
            if odd is not None:
                raise UserError(f"{path}: line {odd.line} has label {odd.label}, {file} names {len(names)} classes")
        return names
    found = _of_folders(lists)
    if found is not None:
        return found
    if not numbers_do:
        raise UserError(
            f"{root} gives its classes by number, and none of {', '.join(FILES)} is there to name them; without names "
            f"it is unknown which classes a mirror would change: put the data set's labels beside the lists"
        )
    return {number: f"class {number:03d}" for number in range(numbers[-1] + 1)}


def read_names(path: Path) -> dict[int, str]:
    """Return the names of the classes by number: one a line, `number name`, or a json object or list.

    Raises:
        UserError: the file cannot be read, names a class or uses a number twice, or has a gap.
    """
    pairs = _json_pairs(path) if path.suffix == ".json" else _text_pairs(path)
    names = {number: without_brackets(name.strip().strip('"')) for number, name in pairs}
    if not names or len(names) < len(pairs) or len(set(names.values())) < len(names) or "" in names.values():
        raise UserError(f"{path} names a class twice or not at all; expected one class a line in the order of numbers")
    return names


def _json_pairs(path: Path) -> list[tuple[int, str]]:
    content = read_json(path)
    if isinstance(content, list) and all(isinstance(name, str) for name in content):
        return list(enumerate(content))
    pairs = [(str(key), str(value)) for key, value in content.items()] if isinstance(content, dict) else []
    if pairs and all(value.isdecimal() for _, value in pairs):
        return [(int(value), key) for key, value in pairs]
    if pairs and all(key.isdecimal() for key, _ in pairs):
        return [(int(key), value) for key, value in pairs]
    raise UserError(f'{path}: expected an object {{"name": number}} or a list of names')


def _text_pairs(path: Path) -> list[tuple[int, str]]:
    lines = read_lines(path)
    if lines and len(found := set(re.split(r"[\s,;|]+", lines[0][1].lower()))) > 1 and found <= _HEADER:
        del lines[0]
    numbered = [match for _, line in lines if (match := _NUMBERED.fullmatch(line.strip()))]
    if len(numbered) == len(lines) and len({int(match[1]) for match in numbered}) == len(lines):
        return [(int(match[1]), match[2]) for match in numbered]
    gap = next((number for (before, _), (number, _) in pairwise(lines) if number > before + 1), None)
    if gap is not None:
        raise UserError(f"{path}: before line {gap} a line is blank: which numbers the classes below have is unknown")
    return [(i, _unquoted(line.strip())) for i, (_, line) in enumerate(lines)]


def _unquoted(line: str) -> str:
    try:
        row = split_row(line, ";")
    except ValueError:
        return line
    return row[0] if len(row) == 1 else line


def _of_folders(lists: Sequence[tuple[Path, Sequence[Entry]]]) -> dict[int, str] | None:
    """Return the names of the folders in which the videos of each class lie; None when folders are no classes."""
    names: dict[int, str] = {}
    for path, entries in lists:
        own = _folders(entries)
        if own is None:
            return None
        numbers = {name: number for number, name in names.items()}
        wrong = [n for n, name in own.items() if names.get(n, name) != name or numbers.get(name, n) != n]
        if wrong:
            if len(own) == 1 or not set(own.values()) & set(numbers):
                return None
            raise UserError(
                f"{path} gives number {wrong[0]} to the videos of {own[wrong[0]]!r}, another list of the set does not; "
                f"number the classes of all lists alike"
            )
        names |= own
    return {number: name.replace("_", " ") for number, name in names.items()} if len(names) > 1 else None


def _folders(entries: Sequence[Entry]) -> dict[int, str] | None:
    """Return the folder of each class of a list, if each class has one of its own."""
    folders: dict[int, set[str]] = {}
    for entry in entries:
        folders.setdefault(int(entry.label), set()).add(PurePosixPath(entry.name.replace("\\", "/")).parent.name)
    names = {number: next(iter(found)) for number, found in folders.items() if len(found) == 1}
    whole = len(names) == len(folders) == len(set(names.values()))
    return names if whole and "" not in names.values() else None
