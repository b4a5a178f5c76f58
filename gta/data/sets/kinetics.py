"""Read Kinetics-400 as it lies on disk, whole or with videos missing (copies differ in which).

Two kinds of list, in the folder itself, ``annotations/`` or ``labels/``:

* the official csv ``label,youtube_id,time_start,time_end,split`` with a header (``train.csv``, ``val.csv`` ...);
  clips are ``<youtube_id>_%06d_%06d.mp4``, or a folder of jpg frames of that name, in the folder, in ``train/``,
  ``val/`` ..., ``videos/``, ``videos_train/``, ``rawframes_train/``, ``frames/``, ``replacement/``, flat or in folders
  of whatever name;
* lists of `path label`, see :mod:`gta.data.sets.path_lists`, where no official one is there.
"""

from __future__ import annotations

import re
from pathlib import Path

from gta.data.sets import listed
from gta.data.sets.lists import cells, read_lines, separator_of
from gta.data.sets.path_lists import counts_frames
from gta.data.sets.places import Places
from gta.data.sets.splits import KINETICS_CLIP, Clip, Split, SplitName, check_unique
from gta.errors import UserError

_COLUMNS = ("youtube_id", "time_start", "time_end")
_REPLACEMENTS = ("replacement/replacement_for_corrupted_k400", "replacement_for_corrupted_k400", "replacement")
"""Whole copies of files that are broken in the release: they go first."""
_MEDIA = ("videos", "clips", "frames", "rawframes")


def split_list(root: Path, split: SplitName) -> Path | None:
    """Return the list of a split, if it is there: the official one before lists of paths."""
    found = listed.candidates(Path(root), split, ("", *listed.SETS["k400"]))
    return next((path for path in found if not listed.is_path_list(path)), found[0] if found else None)


def places(root: Path, split: SplitName, frames: bool = False) -> Places:
    """Return where the clips of a split may lie.

    Args:
        root: of the data set.
        split: which part of it.
        frames: whether folders of frames go before videos.
    """
    media = _MEDIA[::-1] if frames else _MEDIA
    parts = [f"{alias}{ending}" for alias in listed.ALIASES[split] for ending in ("", "_256")]
    inner = [f"{medium}{joint}{part}" for medium in media for part in parts for joint in ("/", "_")]
    return Places(root, [*_REPLACEMENTS, *(inner if frames else parts), *(parts if frames else inner), *media, "."])


def read_split(root: Path, split: SplitName) -> Split:
    """Read one split; the labels are those of all lists that are there, sorted.

    Raises:
        UserError: a list is missing or malformed, or not one of its videos is there.
    """
    root = Path(root)
    path = split_list(root, split)
    if path is None:
        names = ", ".join(f"{alias}.csv" for alias in listed.ALIASES.get(split, (split,)))
        raise UserError(f"{root} holds no {names}, nor do annotations/ and labels/ in it; put the lists there")
    every = [found for name in ("train", "validation", "test") if (found := split_list(root, name)) is not None]
    if listed.is_path_list(path):
        paths = [other for other in every if listed.is_path_list(other)]
        return listed.read_split(path, paths, places(root, split, counts_frames(path)))
    return _read_official(path, [other for other in every if not listed.is_path_list(other)], places(root, split))


# ------------------------------------------------------------------------------- the official csv
def _read_official(path: Path, every: list[Path], where: Places) -> Split:
    clips = {other: _clips(other) for other in dict.fromkeys([path, *every])}
    labels = _labels(clips)
    rows = clips[path]
    if not rows:
        raise UserError(f"{path} lists no clip; download it again")
    check_unique(path, ((f"line {number}", clip_id, name) for number, clip_id, name in rows))
    wanted = {clip_id for _, clip_id, _ in rows}
    there = where.by_name(lambda name: name in wanted or KINETICS_CLIP.fullmatch(name) is not None)
    numbers = {name: i for i, name in enumerate(labels)}
    found = tuple(Clip(i, there[i], numbers.get(name), name) for _, i, name in rows if i in there)
    if not found:
        raise UserError(
            f"none of the {len(rows)} videos of {path}, such as {rows[0][1]}.mp4, was found in {listed.looked(where)}"
        )
    return Split(labels, found, tuple(i for _, i, _ in rows if i not in there), where.folders)


def _labels(clips: dict[Path, list[tuple[int, str, str]]]) -> tuple[str, ...]:
    """Return the classes of all lists, sorted; one that is spelled in two ways would become two."""
    known: dict[str, str] = {}
    for path, rows in clips.items():
        for number, _, name in rows:
            before = known.setdefault(re.sub(r"\W|_", "", name.lower()), name)
            if before != name:
                raise UserError(f"{path}: line {number} has the label {name!r}, elsewhere {before!r}; spell it alike")
    return tuple(sorted(set(known.values()) - {""}))


def _clips(path: Path) -> list[tuple[int, str, str]]:
    """Return (number of the line, id, label or "") of each clip."""
    (_, header), *lines = read_lines(path)
    separator = separator_of(header, "youtube_id")
    assert separator is not None
    names = [name.lower() for name in cells(path, 1, header, separator)]
    at = {name: i for i, name in enumerate(names)}
    absent = [name for name in _COLUMNS if name not in at]
    if absent:
        raise UserError(f"{path}: the header has no column {absent[0]}; expected label,youtube_id,time_start,time_end")
    needed = max(at[name] for name in (*_COLUMNS, "label") if name in at) + 1
    rows = []
    for number, line in lines:
        row = cells(path, number, line, separator)
        if not needed <= len(row) <= len(names):
            raise UserError(f"{path}: line {number} has {len(row)} cells, the header {len(names)}: {line[:60]!r}")
        start, end = (_second(path, number, row[at[name]]) for name in _COLUMNS[1:])
        video = row[at["youtube_id"]]
        if not re.fullmatch(r"[\w-]+", video, re.ASCII):
            raise UserError(f"{path}: line {number} has {video[:40]!r} for the id of a video; download the list again")
        label = row[at["label"]] if "label" in at else ""
        if not label and "label" in at and "test" not in path.name:
            raise UserError(f"{path}: line {number} has no label; download the list again")
        rows.append((number, f"{video}_{start:06d}_{end:06d}", label))
    return rows


def _second(path: Path, number: int, text: str) -> int:
    if not re.fullmatch(r"\d{1,6}(\.0*)?", text, re.ASCII):
        raise UserError(f"{path}: line {number} has {text!r} for a time; expected whole seconds")
    return int(text.split(".")[0])
