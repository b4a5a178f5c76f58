"""Read Something-Something v1 as it lies on disk.

``something-something-v1-labels.csv`` (one template a line, unsorted), ``-train.csv`` and ``-validation.csv``
(``id;template``) and ``-test.csv`` (``id``), without headers, in the folder itself, ``annotations/`` or ``labels/``, or
mmaction2's lists; the frames of a clip as ``<id>/00001.jpg`` in ``20bn-something-something-v1*/``, ``frames/``,
``rawframes/``, ``videos/`` or the folder itself, flat or one level down. Jester's lists (``jester-v1-labels.csv`` ...,
``id;label``) and folders (``20bn-jester-v1*/``) have the same form.
"""

from __future__ import annotations

import re
from pathlib import Path

from gta.data.sets import listed
from gta.data.sets.lists import SEPARATORS, first_file, list_folders, read_lines, read_rows, split_row
from gta.data.sets.places import Places
from gta.data.sets.splits import Clip, Split, SplitName, check_id, check_unique, without_brackets
from gta.errors import UserError

OFFICIAL = {"train": 86_017, "validation": 11_522, "test": 10_960}
"""Clips of each split of the release."""
JESTER = {"train": 118_562, "validation": 14_787, "test": 14_743}
"""The same of Jester, of 27 classes."""
_PREFIX = "something-something-v1-"
_JESTER_PREFIX = "jester-v1-"
_HEADER = re.compile(r'"?(id|video_id|video)"?([;,|\t]"?(template|label)"?)?')
_MEDIA = ("frames", "rawframes", "videos", "videos_*", "rawframes_*", ".")
MEDIA = ("20bn-something-something-v1*", *_MEDIA)


def split_list(root: Path, split: SplitName) -> Path | None:
    """Return the csv file of a split, or else mmaction2's list, if it is there."""
    found = first_file(list_folders(Path(root)), (f"{_PREFIX}{split}.csv",))
    return found or next(iter(listed.candidates(Path(root), split, listed.SETS["ssv1"])), None)


def read_split(root: Path, split: SplitName) -> Split:
    """Read one split; label indices follow the sorted names of the templates, as in version 2.

    Raises:
        UserError: a folder or file is missing or malformed; the message names the file and the line.
    """
    path = split_list(root, split)
    if path is not None and not path.name.startswith(_PREFIX):
        return listed.read_for(root, split, split_list, Places(root, MEDIA))
    return _read(Path(root), split, _PREFIX, Places(root, MEDIA), "Something-Something v1")


def jester_list(root: Path, split: SplitName) -> Path | None:
    """Return the csv file of a split of Jester, if it is there."""
    return first_file(list_folders(Path(root)), (f"{_JESTER_PREFIX}{split}.csv",))


def read_jester(root: Path, split: SplitName) -> Split:
    """Read one split of Jester, as :func:`read_split` does.

    Raises:
        UserError: a folder or file is missing or malformed; the message names the file and the line.
    """
    return _read(Path(root), split, _JESTER_PREFIX, Places(root, ("20bn-jester-v1*", *_MEDIA)), "Jester")


def _read(root: Path, split: SplitName, prefix: str, places: Places, title: str) -> Split:
    labels_path, path = (first_file(list_folders(root), (f"{prefix}{name}.csv",)) for name in ("labels", split))
    for found, name in ((labels_path, "labels"), (path, split)):
        if found is None:
            raise UserError(
                f"{root} holds no {prefix}{name}.csv, nor do annotations/ and labels/ in it; download the lists of "
                f"{title} into it"
            )
    assert labels_path is not None
    assert path is not None
    labels = _read_labels(labels_path)
    numbers = {name: i for i, name in enumerate(labels)}
    lines = [(number, line) for number, line in read_lines(path) if not _HEADER.fullmatch(line.lower())]
    rows = [(number, *_row(path, number, line, split, numbers, labels_path)) for number, line in lines]
    if not rows:
        raise UserError(f"{path} lists no clip; download it again")
    check_unique(path, ((f"line {number}", clip_id, name) for number, clip_id, name in rows))
    paths = places.of_ids([clip_id for _, clip_id, _ in rows], "")
    if paths is None:
        raise UserError(
            f"none of the frame folders of {path} (such as {rows[0][1]}/00001.jpg) was found in "
            f"{listed.looked(places)}; unpack the frames into one of them"
        )
    clips = tuple(Clip(i, paths[i], numbers.get(name), name) for _, i, name in rows)
    return Split(labels, clips, looked=places.folders)


def _row(
    path: Path, number: int, line: str, split: SplitName, numbers: dict[str, int], labels_path: Path
) -> tuple[str, str]:
    """Return the id and the template of a line, in whatever manner gives a template that is known."""
    if split == "test":
        return check_id(f"{path}: line {number}", line.strip().strip('"').rstrip(";,")), ""
    first: list[str] = []
    for separator in SEPARATORS[:-1]:
        try:
            row = [cell for cell in split_row(line, separator) if cell]
        except ValueError as error:
            raise UserError(f"{path}: line {number} is not a row of a csv file ({error}): {line[:60]!r}") from error
        names = [name for name in row[1:] if without_brackets(name) in numbers]
        if separator == "," and len(row) > 2 and not names:  # templates hold commas
            names = [name for name in [line.partition(",")[2].strip()] if without_brackets(name) in numbers]
        if len(names) == 1:
            return check_id(f"{path}: line {number}", row[0]), without_brackets(names[0])
        first = row if len(row) > 1 and not first else first
    if len(first) < 2:
        raise UserError(f"{path}: line {number} is not id;template: {line[:60]!r}")
    check_id(f"{path}: line {number}", first[0])
    raise UserError(f"{path}: line {number} has template {first[1]!r}, which {labels_path.name} does not list")


def _read_labels(path: Path) -> tuple[str, ...]:
    labels = {without_brackets(cells[0]) for _, cells in read_rows(path, ";")}
    if not labels:
        raise UserError(f"{path} lists no template; download it again")
    return tuple(sorted(labels))
