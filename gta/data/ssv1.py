"""Read Something-Something v1 as it lies on disk.

``something-something-v1-labels.csv`` (one template a line, unsorted), ``-train.csv`` and ``-validation.csv``
(``id;template``) and ``-test.csv`` (``id``), without headers, in the folder itself or in ``labels/``; the frames of a
clip as ``<id>/00001.jpg`` in ``20bn-something-something-v1/``, ``frames/``, ``videos/`` or the folder itself.
"""

from __future__ import annotations

from pathlib import Path

from gta.data.lists import first_file, read_rows
from gta.data.media import locate
from gta.data.splits import Clip, Split, SplitName, check_id, check_unique, without_brackets
from gta.errors import UserError

OFFICIAL = {"train": 86_017, "validation": 11_522, "test": 10_960}
"""Clips of each split of the release."""
_PREFIX = "something-something-v1-"
_MEDIA = ("20bn-something-something-v1", "frames", "videos", ".")


def split_list(root: Path, split: SplitName) -> Path | None:
    """Return the csv file of a split, if it is there."""
    return first_file((root, root / "labels"), (f"{_PREFIX}{split}.csv",))


def read_split(root: Path, split: SplitName) -> Split:
    """Read one split; label indices follow the sorted names of the templates, as in version 2.

    Raises:
        UserError: a folder or file is missing or malformed; the message names the file and the line.
    """
    root = Path(root)
    labels_path = first_file((root, root / "labels"), (f"{_PREFIX}labels.csv",))
    path = split_list(root, split)
    for found, name in ((labels_path, "labels"), (path, split)):
        if found is None:
            raise UserError(
                f"{root} holds no {_PREFIX}{name}.csv; download the lists of Something-Something v1 into it"
            )
    assert labels_path is not None
    assert path is not None
    labels = _read_labels(labels_path)
    numbers = {name: i for i, name in enumerate(labels)}
    clips: list[tuple[str, str]] = []
    for number, cells in read_rows(path, ";"):
        clip_id = check_id(f"{path}: line {number}", cells[0])
        template = "" if split == "test" else without_brackets(cells[1]) if len(cells) > 1 else ""
        if split != "test" and not template:
            raise UserError(f"{path}: line {number} is not id;template: {';'.join(cells)[:60]!r}")
        if template and template not in numbers:
            raise UserError(f"{path}: line {number} has template {template!r}, which {labels_path.name} does not list")
        clips.append((clip_id, template))
    if not clips:
        raise UserError(f"{path} lists no clip; download it again")
    ids = [clip_id for clip_id, _ in clips]
    check_unique(path, ids)
    paths = locate([root / name if name != "." else root for name in _MEDIA], ids, "")
    if paths is None:
        raise UserError(
            f"none of the frame folders of {path} (such as {ids[0]}/00001.jpg) lies in {root} or {root / _MEDIA[0]}; "
            f"unpack the frames into one of them"
        )
    return Split(labels, tuple(Clip(i, paths[i], numbers.get(name), name) for i, name in clips))


def _read_labels(path: Path) -> tuple[str, ...]:
    labels = {without_brackets(cells[0]) for _, cells in read_rows(path, ";")}
    if not labels:
        raise UserError(f"{path} lists no template; download it again")
    return tuple(sorted(labels))
