"""What every data set is read into: the clips of a split and one sorted order of the labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gta.errors import UserError

LONGEST_NAME = 255
"""Bytes of a file name, on all usual file systems."""
SplitName = Literal["train", "validation", "tune", "test"]


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
    """Ids that the list of a Kinetics copy names and that the copy lacks."""


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


def check_unique(path: Path, ids: Iterable[str]) -> None:
    """Check that no clip stands twice in a list.

    Raises:
        UserError: one does.
    """
    seen: set[str] = set()
    for i, clip_id in enumerate(ids):
        if clip_id in seen:
            raise UserError(f"{path}: entry {i} repeats id {clip_id}; every clip may stand once")
        seen.add(clip_id)
