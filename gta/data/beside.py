"""What is stored beside the clips of a real data set: a folder of flow, or an array of proposals, for each of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gta.data.read.media import own_name
from gta.data.sets.splits import Clip
from gta.errors import UserError


def places(root: Path, folder: str, clips: Iterable[Clip], needed: str, suffix: str = "") -> list[Path]:
    """Return where what belongs to each clip lies: ``root/folder/<id><suffix>``.

    The id is that of the clip's list, without the suffix of a video, an absolute one from the data set's folder on.

    Args:
        root: of the data set.
        folder: its folder for what is stored.
        clips: of a split.
        needed: who reads what there, for the message.
        suffix: of the files; none for folders.

    Raises:
        UserError: there is no such folder, or two clips would share a place.
    """
    if not (root / folder).is_dir():
        raise UserError(f"{root / folder} does not exist; {needed}")
    found: dict[Path, str] = {}
    for clip in clips:
        path = root / folder / f"{_inside(root, own_name(clip.id))}{suffix}"
        other = found.setdefault(path, clip.id)
        if other != clip.id:
            raise UserError(f"{path} would belong to both {other} and {clip.id}; give one of the clips another name")
    return list(found)


def _inside(root: Path, name: str) -> str:
    path = Path(name)
    if path.is_absolute():
        path = path.relative_to(root.absolute() if path.is_relative_to(root.absolute()) else path.anchor)
    return str(Path(*(part for part in path.parts if part != "..")))


def lacking(paths: Iterable[Path]) -> list[Path]:
    """Return those of the paths that are not there; each folder is listed once."""
    names: dict[Path, set[str]] = {}
    missing = []
    for path in paths:
        if path.parent not in names:
            try:
                names[path.parent] = set(os.listdir(path.parent))
            except OSError:
                names[path.parent] = set()
        if path.name not in names[path.parent]:
            missing.append(path)
    return missing
