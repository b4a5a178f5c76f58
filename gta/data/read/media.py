"""Where the clips of a list lie: video files of any usual suffix, or folders of jpg frames named by the clip."""

from __future__ import annotations

import os
import unicodedata
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
        own = own_name(name)
        if own != name and not name.startswith("."):
            found[unicodedata.normalize("NFC", own)] = name
    for name in names:
        if not name.startswith("."):
            found.setdefault(unicodedata.normalize("NFC", own_name(name)), name)
    return found


def own_name(name: str) -> str:
    """Return the name of a clip's file without the suffixes of videos, of which downloaders leave several."""
    while name.lower().endswith(VIDEO_SUFFIXES):
        name = name.rpartition(".")[0]
    return name
