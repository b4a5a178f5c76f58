"""Read anybody's own videos: folders named by class, or a csv with the columns ``path,label`` and perhaps ``split``.

* Folders: ``DIR/<class>/<video>``, or ``DIR/train/<class>/<video>`` and ``DIR/val/<class>/<video>``; a clip is a video
  file or a folder of numbered jpg frames.
* A csv in DIR, of any name, whose header has ``path`` and ``label``; paths are relative to DIR.

Where neither says which clips are for evaluation, :data:`WRITTEN` does: :func:`write_split` makes it once, with a fifth
of each class for validation, chosen by the names of the clips. Where there is a test part and no validation part, the
test part is what runs are evaluated on.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

from gta.data.read.media import own_name
from gta.data.sets.listed import ALIASES
from gta.data.sets.lists import SEPARATORS, cells, first_line, read_lines, split_row
from gta.data.sets.parts import held_out
from gta.data.sets.splits import Clip, Split, SplitName, check_unique
from gta.errors import UserError
from gta.files import write_text

WRITTEN = "gta-split.csv"
"""The split that was made where there was none; it is kept as long as the file is there."""
_COLUMNS = {
    "path": ("path", "video", "file", "filename", "video_path"),
    "label": ("label", "class", "class_name"),
    "split": ("split", "subset", "set"),
}
_PICTURES = (".jpg", ".jpeg")


@dataclass(frozen=True)
class _Row:
    where: str
    """Place in a list, for messages."""
    path: str
    """Relative to the folder of the data set."""
    label: str
    split: str
    """One of the names of splits; empty where none is given."""


def split_list(root: Path, split: SplitName) -> Path | None:
    """Return what lists a split: a csv, or the folder itself; None when there is no such split."""
    root = Path(root)
    source = _csv_of(root)
    if source is None and not _class_folders(root):
        return None
    try:
        there = {row.split for row in _assigned(root)}
    except UserError:  # reading says what is wrong
        there = {"train", "validation"}
    return (source or root) if _stored_as(split, there) in there else None


def read_split(root: Path, split: SplitName) -> Split:
    """Read one split; the labels are the classes of all splits, sorted.

    Raises:
        UserError: the csv or the written split is malformed, names a clip that is not there, or there are fewer than
            two classes.
    """
    root = Path(root)
    rows = _assigned(root)
    labels = tuple(sorted({row.label for row in rows}))
    name = _stored_as(split, {row.split for row in rows})
    number = {label: i for i, label in enumerate(labels)}
    clips = tuple(Clip(row.path, root / row.path, number[row.label], row.label) for row in rows if row.split == name)
    if not clips:
        raise UserError(f"{root} has no clips for {split}; its splits are {', '.join(sorted({r.split for r in rows}))}")
    return Split(labels, clips, looked=(root,))


def write_split(root: Path) -> Path | None:
    """Write the split of a set that has none, unless it is written; return its path, or None where none is needed.

    Raises:
        UserError: the folder cannot be written.
    """
    root = Path(root)
    path = root / WRITTEN
    if path.exists() or all(row.split for row in _rows(root)):
        return None
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["path", "label", "split"])
    writer.writerows([row.path, row.label, row.split] for row in _assigned(root))
    try:
        write_text(path, stream.getvalue())
    except UserError as error:
        raise UserError(f"{error}; the split must be kept there, or stand in a csv path,label,split") from error
    return path


def _stored_as(split: SplitName, there: set[str]) -> str:
    return "test" if split == "validation" and "validation" not in there and "test" in there else split


def foreign_csv(root: Path) -> str:
    """Return what a csv lacks that lies in a folder without a data set, to begin a message; empty without a csv."""
    try:
        found = sorted(entry.name for entry in os.scandir(root) if entry.is_file() and entry.name != WRITTEN)
    except OSError:
        return ""
    names = [name for name in found if name.lower().endswith((".csv", ".tsv"))]
    if not names:
        return ""
    path, line = Path(root) / names[0], first_line(Path(root) / names[0])
    words = f"begins with {line[:60]!r}" if line else "is empty"
    return f"{path} {words}; a list of own videos has a header with path and label, such as path,label,split; "


# ------------------------------------------------------------------------------------------ the split
def _assigned(root: Path) -> list[_Row]:
    """Return every clip with its split: as given, as written before, or as it would be written."""
    rows = _rows(root)
    if len({row.label for row in rows}) < 2:
        raise UserError(f"{root} has clips of one class only, {rows[0].label!r}; a classifier needs two or more")
    if all(row.split for row in rows):
        return rows
    odd = next((row for row in rows if row.split), None)
    if odd is not None:
        bare = next(row for row in rows if not row.split)
        raise UserError(f"{bare.where} has no split, {odd.where} has {odd.split!r}; give one to every clip, or to none")
    if (root / WRITTEN).exists():
        return _as_written(root, rows)
    whole = Split((), tuple(Clip(row.path, root / row.path, None, row.label) for row in rows))
    number = {label: i for i, label in enumerate(sorted({row.label for row in rows}))}
    numbered = tuple(Clip(clip.id, clip.path, number[clip.template], clip.template) for clip in whole.clips)
    _, held = held_out(Split((), numbered))
    if not held.clips:
        raise UserError(f"{root} has one clip of each class; with two or more, some can be held out for evaluation")
    names = {clip.id for clip in held.clips}
    return [_Row(r.where, r.path, r.label, "validation" if r.path in names else "train") for r in rows]


def _as_written(root: Path, rows: list[_Row]) -> list[_Row]:
    path = root / WRITTEN
    written = {row.path: row for row in _read_csv(path, root)}
    anew = f"mend the file, or delete it for a new split (which makes earlier runs others): {path}"
    for row in rows:
        known = written.get(row.path)
        if known is None or not known.split:
            raise UserError(f"{path} gives no split to {row.path}; {anew}")
        if known.label != row.label:
            raise UserError(f"{known.where} gives {row.path} the label {known.label!r}, it is {row.label!r}; {anew}")
    gone = written.keys() - {row.path for row in rows}
    if gone:
        raise UserError(f"{path} names {min(gone)}, which is not there; {anew}")
    return [_Row(row.where, row.path, row.label, written[row.path].split) for row in rows]


# ------------------------------------------------------------------------------------------ the clips
def _rows(root: Path) -> list[_Row]:
    source = _csv_of(root)
    rows = _of_folders(root) if source is None else _read_csv(source, root)
    if not rows:
        raise UserError(f"{source or root} lists no clip; expected videos in folders named by class, or path,label")
    return rows


def _of_folders(root: Path) -> list[_Row]:
    folders = _class_folders(root)
    return [
        _Row(str(root / part / label), f"{f'{part}/' if part else ''}{label}/{name}", label, _split_name(part) or "")
        for part, label in folders
        for name in _clips_in(root / part / label)
    ]


def _class_folders(root: Path) -> list[tuple[str, str]]:
    """Return (folder of the split or "", class) of the folders that hold clips."""
    above = _folders(root)
    parts = [name for name in above if _split_name(name)]
    if any(_split_name(name) == "train" for name in parts) and len(parts) > 1:
        pairs = [(part, label) for part in parts for label in _folders(root / part)]
    else:
        pairs = [("", label) for label in above]
    return [(part, label) for part, label in pairs if _clips_in(root / part / label, first=True)]


def _folders(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []


def _clips_in(folder: Path, first: bool = False) -> list[str]:
    """Return the names of the videos in a class's folder, and of its folders when the first of them holds frames."""
    with os.scandir(folder) as entries:
        names = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    videos = [name for name, is_folder in names if not is_folder and own_name(name) != name]
    if videos and first:
        return videos[:1]
    inner = [name for name, is_folder in names if is_folder]
    if inner and any(name.lower().endswith(_PICTURES) for name in os.listdir(folder / inner[0])):
        return sorted(videos + inner)
    return videos


def _csv_of(root: Path) -> Path | None:
    """Return the csv in a folder that has the columns of paths and labels.

    Raises:
        UserError: several have.
    """
    try:
        names = sorted(name for name in os.listdir(root) if name.lower().endswith((".csv", ".tsv")) and name != WRITTEN)
    except OSError:
        return None
    found = [root / name for name in names if _header(first_line(root / name)) is not None]
    if len(found) > 1:
        raise UserError(f"{root} holds several lists of path and label: {', '.join(p.name for p in found)}; keep one")
    return found[0] if found else None


def _header(line: str) -> tuple[str, dict[str, int]] | None:
    """Return the separator and the columns of a header with a path and a label."""
    for separator in SEPARATORS[:-1]:
        try:
            names = [name.lower() for name in split_row(line, separator)]
        except ValueError:
            continue
        at = {key: next((names.index(n) for n in known if n in names), -1) for key, known in _COLUMNS.items()}
        if min(at["path"], at["label"]) >= 0:
            return separator, at
    return None


def _read_csv(path: Path, root: Path) -> list[_Row]:
    lines = read_lines(path)
    header = _header(lines[0][1]) if lines else None
    if header is None:
        raise UserError(f"{path} has no header with path and label; write path,label or path,label,split above")
    separator, at = header
    rows = []
    for number, line in lines[1:]:
        row = cells(path, number, line, separator)
        row += [""] * (max(at.values()) + 1 - len(row))
        where, name, label = f"{path}: line {number}", row[at["path"]], row[at["label"]]
        given = row[at["split"]] if at["split"] >= 0 else ""
        split = _split_name(given)
        if not name or not label or not label.isprintable():
            raise UserError(f"{where} has no {'label' if name else 'path'}: {line[:60]!r}")
        if given and split is None:
            raise UserError(f"{where} has {given!r} for a split; expected train, val or test")
        if path.name != WRITTEN and not os.path.exists(root / name):
            raise UserError(f"{where}: {root / name} does not exist; paths are relative to {root}")
        rows.append(_Row(where, os.path.normpath(name).replace(os.sep, "/"), label, split or ""))
    check_unique(path, ((row.where.rpartition(": ")[2], row.path, row.label) for row in rows))
    return rows


def _split_name(text: str) -> str | None:
    return next((name for name, known in ALIASES.items() if text.lower() in known), None)
