"""Where the clips of a list lie: video files of any usual suffix, or folders of jpg frames named by the clip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

VIDEO_SUFFIXES = (".webm", ".mp4", ".mkv", ".avi", ".mov")


def list_media(folder: Path) -> dict[str, str]:
    """Return what may be clips in a folder: name without suffix -> name.

    A video goes before a folder of frames of the same clip. Nothing is opened: one listing serves a whole split.
    """
    found: dict[str, str] = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return found
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix.lower() in VIDEO_SUFFIXES:
            found[stem] = name
        elif not name.startswith("."):
            found.setdefault(name, name)
    return found


def locate(folders: Sequence[Path], ids: Sequence[str], suffix: str) -> dict[str, Path] | None:
    """Return the path of every clip in the first folder that holds any of them; None when no folder does.

    A clip that this folder lacks gets the path where it would be expected, with ``suffix``.
    """
    for folder in folders:
        there = list_media(folder)
        if any(clip_id in there for clip_id in ids):
            return {clip_id: folder / there.get(clip_id, clip_id + suffix) for clip_id in ids}
    return None
