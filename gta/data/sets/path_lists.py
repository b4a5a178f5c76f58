"""Parse a list of `path label`, as PySlowFast, mmaction2, TSM and pandas write them.

Understood: the separators of :data:`gta.data.sets.lists.SEPARATORS`, quoted paths (csv rules), unquoted paths that
hold the separator, comments, a header that names the columns, the label in front, mmaction2's `path frames label` in
lists that call themselves rawframes. One file has one manner; a line that can be read in two ways is refused by its
number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gta.data.read.media import VIDEO_SUFFIXES
from gta.data.sets.lists import SEPARATORS, read_lines, split_row
from gta.data.sets.splits import check_unique
from gta.errors import UserError

_PATHS = (
    *("path", "video_path", "file_path", "filepath", "filename", "file_name", "file", "video", "video_name"),
    *("clip", "frame_dir", "video_id", "clip_id", "name", "id"),
)
"""How headers name the column of the clips, the surest first."""
_LABELS = (
    *("label", "labels", "class", "class_name", "label_name", "class_id", "label_id", "class_index", "label_index"),
    *("class_idx", "label_idx", "category", "target", "action", "action_class", "y"),
)
_FRAMES = ("frame_id", "frame_path", "frame")
_NUMBER = re.compile(r"(\d{1,5})(\.0*)?", re.ASCII)
_SAMPLE = 1000
"""Lines from whose beginning the manner of a list is told."""
_NOTE = re.compile(r"(" + "|".join(map(re.escape, VIDEO_SUFFIXES)) + r")\s+#", re.IGNORECASE)
"""A comment behind a path."""


@dataclass(frozen=True)
class Entry:
    """One line of a list."""

    line: int
    """From 1."""
    name: str
    """Path or name of the clip, as the list has it."""
    label: int | str
    """Number of the class, or its name."""


def read_entries(path: Path) -> list[Entry]:
    """Return the clips of a list in its order.

    Raises:
        UserError: the file lists nothing, a line is not to be told for certain, or a clip stands twice.
    """
    lines = read_lines(path)
    if not lines:
        raise UserError(f"{path} is empty; put the list of the split there")
    entries = _by_header(path, lines) or _by_shape(path, lines)
    check_unique(path, ((f"line {entry.line}", entry.name, entry.label) for entry in entries))
    return entries


def write_entries(entries: Iterable[Entry]) -> str:
    """Return the content of a list that :func:`read_entries` reads."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("path", "label"))
    writer.writerows((entry.name, entry.label) for entry in entries)
    return stream.getvalue()


def counts_frames(path: Path) -> bool:
    """Whether the name of a list says that its second column is the number of frames."""
    return "rawframes" in path.name or "videofolder" in path.name


def is_video(name: str) -> bool:
    """Whether a name ends as that of a video."""
    return name.lower().endswith(VIDEO_SUFFIXES)


def _refused(path: Path, number: int, line: str) -> UserError:
    return UserError(
        f"{path}: line {number} is neither the header label,youtube_id,time_start,time_end,split "
        f"nor a line `path label` as the others: {line[:60]!r}"
    )


# -------------------------------------------------------------------------------------- by header
def _by_header(path: Path, lines: list[tuple[int, str]]) -> list[Entry] | None:
    """Return the entries of a list whose first line names its columns; None when it does not."""
    (first, header), *rest = lines
    for separator in SEPARATORS:
        try:
            names = [cell.lower() for cell in split_row(header, separator)]
        except ValueError:
            continue
        paths = [name for name in _PATHS if name in names]
        labels = [names.index(name) for name in _LABELS if name in names]
        if not paths or not labels:
            continue
        if any(name in names for name in _FRAMES) or len(set(names)) < len(names):
            raise UserError(
                f"{path}: line {first} names the columns of a list of single frames, or one twice: {header}"
            )
        if not rest:
            raise UserError(f"{path} lists no clip below its header")
        rows = [(number, _row(path, number, line, separator, names)) for number, line in rest]
        return _labelled(path, rows, names.index(paths[0]), labels)
    return None


def _row(path: Path, number: int, line: str, separator: str, names: list[str]) -> list[str]:
    try:
        row = split_row(line, separator)
    except ValueError:
        raise _refused(path, number, line) from None
    whole, _, last = (text.strip() for text in line.rpartition(separator))
    plain = not (is_video(row[0]) or row[0].isdecimal() or '"' in whole)
    if len(row) > 2 == len(names) and names[0] in _PATHS and plain and _NUMBER.fullmatch(last):
        row = [whole, last]  # a path that holds the separator
    while len(row) > len(names) and not row[-1]:
        del row[-1]
    if len(row) != len(names):
        raise UserError(f"{path}: line {number} has {len(row)} cells, the header {len(names)}: {line[:60]!r}")
    return row


def _labelled(path: Path, rows: list[tuple[int, list[str]]], at: int, labels: list[int]) -> list[Entry]:
    """Take the label from the column of names, or else from the only one of numbers."""
    numbers = [column for column in labels if _NUMBER.fullmatch(rows[0][1][column])]
    names = [column for column in labels if column not in numbers]
    if not names and len(numbers) > 1:
        raise UserError(f"{path}: line {rows[0][0]} has two columns of class numbers; keep one")
    column, entries = (names or numbers)[0], []
    for number, row in rows:
        match, text, name = _NUMBER.fullmatch(row[column]), row[column], row[at]
        if not is_video(name) and any(is_video(cell) for cell in row):
            raise UserError(f"{path}: line {number} has {name[:60]!r} for a path, and a video in another column")
        if not _is_name(name) or bool(match) == bool(names) or not (match or any(map(str.isalpha, text))):
            kind = "a class's name" if names else "a class's number"
            raise UserError(f"{path}: line {number} has {text[:40]!r} for {name[:60]!r}; expected {kind}")
        entries.append(Entry(number, name, int(match[1]) if match else text))
    return entries


# --------------------------------------------------------------------------------------- by shape
def _by_shape(path: Path, lines: list[tuple[int, str]]) -> list[Entry]:
    """Return the entries of a list without a header, in the one manner that fits most of its first lines."""
    manners = [(read, separator) for read in (_tail, _head) for separator in SEPARATORS]
    frames, best, fits = counts_frames(path), manners[0], -1
    for read, separator in manners:
        count = sum(read(line, separator, frames) is not None for _, line in lines[:_SAMPLE])
        if count > fits:
            best, fits = (read, separator), count
    read, separator = best
    found = [read(line, separator, frames) for _, line in lines]
    plain = any(result is not None and not result.joined for result in found)
    entries = []
    for (number, line), result in zip(lines, found, strict=True):
        if result is None:
            raise _ambiguous(path, number, line) or _refused(path, number, line)
        if result.joined and not plain and "/" not in result.name:
            raise _ambiguous(path, number, line) or _refused(path, number, line)
        entries.append(Entry(number, result.name, result.label))
    return entries


def _ambiguous(path: Path, number: int, line: str) -> UserError | None:
    """Return the words for a line that has more columns than two."""
    for separator in SEPARATORS:
        try:
            row = split_row(line, separator)
        except ValueError:
            continue
        if len(row) > 2 and any(map(_NUMBER.fullmatch, row)):
            return UserError(
                f"{path}: line {number} has {len(row)} columns, and nothing says which are the path and the class: "
                f"{line[:60]!r}; put a header such as path,label,frames above, or the path in quotes"
            )
    return None


@dataclass(frozen=True)
class _Read:
    name: str
    label: int
    joined: bool = False
    """The path holds the separator without quotes."""


def _tail(line: str, separator: str, frames: bool) -> _Read | None:
    """Read a path and the number of its class, with the number of frames between them where ``frames`` says so."""
    line = line.rstrip(f"{separator} ")
    try:
        row = split_row(line, separator)
    except ValueError:
        return None
    match, rest = _NUMBER.fullmatch(row[-1]), row[:-1]
    whole = line.rpartition(separator)[0].rstrip()
    if match is None or not rest:
        return None
    if frames and len(rest) > 1 and rest[-1].isdecimal():
        whole, rest = whole.rpartition(separator)[0].rstrip(), rest[:-1]
    return _path(whole, rest, separator, int(match[1]))


def _head(line: str, separator: str, frames: bool) -> _Read | None:
    """Read the number of a class and the path behind it."""
    del frames
    first, _, whole = line.partition(separator)
    match, whole = _NUMBER.fullmatch(first.strip().strip('"')), whole.strip()
    if match is None or not whole:
        return None
    try:
        found = _path(whole, split_row(whole, separator), separator, int(match[1]))
    except ValueError:
        return None
    return found if found is not None and (is_video(found.name) or "/" in found.name) else None


def _path(whole: str, parts: list[str], separator: str, label: int) -> _Read | None:
    """Tell the path among the columns beside the label; None when it may be one of two."""
    videos = [is_video(part) for part in parts]
    numbers = [part.isdecimal() for part in parts]
    found = None
    if len(parts) == 1:
        found = _Read(parts[0], label)
    elif sum(videos) == 1 and not any(numbers) and videos[0]:
        found = _Read(parts[0], label)  # columns of text follow
    elif _is_joined(whole, parts, separator):
        found = _Read(whole, label, joined=True)
    if found is None or not _is_name(found.name) or (separator == " " and found.name.endswith((",", ";", "|"))):
        return None
    return found


def _is_joined(whole: str, parts: list[str], separator: str) -> bool:
    """Whether a path that holds blanks was cut at them; other separators in a path stand in quotes."""
    if separator != " " or whole.startswith('"') or "#" in parts or parts[0].isdecimal() or parts[-1].isdecimal():
        return False
    return not any(map(is_video, parts[:-1])) and (is_video(parts[-1]) or "/" in parts[-1])


def _is_name(name: str) -> bool:
    return (
        bool(name.strip("./\\"))
        and not _NOTE.search(name)
        and all(ord(mark) >= 32 and ord(mark) != 127 for mark in name)
    )
