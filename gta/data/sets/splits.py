"""What every data set is read into: the clips of a split and one sorted order of the labels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gta.errors import UserError

LONGEST_NAME = 255
"""Bytes of a file name, on all usual file systems."""
SplitName = Literal["train", "validation", "tune", "test"]
KINETICS_CLIP = re.compile(r"[\w-]+_\d{6}_\d{6}(?!\w)", re.ASCII)
"""Name of a clip of Kinetics: the video's id, first and last second."""


@dataclass(frozen=True)
class Clip:
    """One video of a split."""

    id: str
    path: Path
    """A video file, or a folder of numbered jpg frames."""
    label: int | None
    """Index into the sorted labels; None in a test split without answers."""
    template: str
    """The class's name without brackets; empty when there is no label."""


@dataclass(frozen=True)
class Split:
    """The clips of one split, in the order of its list."""

    labels: tuple[str, ...]
    """Names of all classes, sorted; versions 1 and 2 of Something-Something have the same."""
    clips: tuple[Clip, ...]
    missing: tuple[str, ...] = ()
    """Ids that the list names and that this copy of the data set lacks; Something-Something has none."""
    looked: tuple[Path, ...] = ()
    """The folders in which clips were looked for."""


def without_brackets(template: str) -> str:
    """Turn ``Holding [something]`` into the label ``Holding something``."""
    return template.replace("[", "").replace("]", "")


def label_fingerprint(labels: tuple[str, ...]) -> str:
    """Return 12 hex digits that identify a list of labels and its order."""
    return hashlib.sha256("\n".join(labels).encode()).hexdigest()[:12]


def check_id(where: str, clip_id: str) -> str:
    """Return an id that can be the name of a file.

    Args:
        where: list and entry, for the message.
        clip_id: as the list has it.

    Raises:
        UserError: it is empty or too long, or holds a separator of folders or what cannot be printed.
    """
    if len(clip_id.encode(errors="surrogatepass")) > LONGEST_NAME:
        raise UserError(
            f"{where} has an id of {len(clip_id)} characters, {clip_id[:40]!r}...: longer than a file name may be "
            f"({LONGEST_NAME} bytes); download the list again"
        )
    if not clip_id or not clip_id.isprintable() or "/" in clip_id or "\\" in clip_id or clip_id in (".", ".."):
        raise UserError(f"{where} has the id {clip_id!r}, which is no file name; download the list again")
    return clip_id


def check_unique(path: Path, clips: Iterable[tuple[str, str, int | str]]) -> None:
    """Check that no clip stands twice in a list.

    Args:
        path: the list.
        clips: place in the list (such as ``line 3``), id and label of each clip.

    Raises:
        UserError: one does; the message says whether its labels contradict each other.
    """
    seen: dict[str, tuple[str, int | str]] = {}
    for place, clip_id, label in clips:
        first, before = seen.setdefault(clip_id, (place, label))
        if first == place:
            continue
        if before == label:
            raise UserError(f"{path}: {place} repeats id {clip_id} of {first}; every clip may stand once")
        raise UserError(f"{path}: {place} gives {clip_id} the label {label!r}, {first} {before!r}; keep the right one")


@dataclass(frozen=True)
class Comparison:
    """What two splits of one data set should not have; each is one line, or empty when all is well."""

    contradiction: str = ""
    """The labels are others, or one clip has two labels: nothing can be measured on such a set."""
    overlap: str = ""
    """Clips that stand in both: what is measured on one split is in part remembered from the other."""


def compare(names: tuple[str, str], first: Split, second: Split) -> Comparison:
    """Look for clips that stand in both splits, by id, file, or the id in a Kinetics file's name.

    Args:
        names: of the two splits, for the lines.
        first: one of them.
        second: the other.
    """
    one, other = names
    if first.labels != second.labels:
        odd = sorted(set(first.labels) ^ set(second.labels))
        return Comparison(f"{other} has other labels than {one}: {odd[0]!r} is in one of them only; name them alike")
    known = {key: clip for clip in first.clips for key in _keys(clip)}
    both = [(known[key], clip) for clip in second.clips if (key := next((k for k in _keys(clip) if k in known), None))]
    torn = [(a, b) for a, b in both if a.label is not None and b.label is not None and a.label != b.label]
    if torn:
        a, b = torn[0]
        return Comparison(
            f"{one} and {other} give {b.id} two labels, {a.template!r} and {b.template!r} ({len(torn):,} such clips); "
            f"keep the right one"
        )
    if not both:
        return Comparison()
    return Comparison(
        overlap=f"{len(both):,} of {len(second.clips):,} clips of {other}, such as {both[0][1].id}, are also in {one}: "
        f"accuracy on {other} is too high; take them out of one list"
    )


def _keys(clip: Clip) -> tuple[str, str]:
    match = KINETICS_CLIP.search(clip.id)
    return match.group() if match else clip.id, str(clip.path)
