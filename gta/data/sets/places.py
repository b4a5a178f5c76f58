"""Where the clips of a data set lie: in known folders, flat or one level down, whatever that level is called.

Every folder is listed once and nothing is opened, so that a set of 300,000 clips is found in seconds.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from gta.data.read.media import list_media, own_name
from gta.data.sets.splits import KINETICS_CLIP


class Places:
    """The folders of a data set in which clips are looked for."""

    def __init__(self, root: Path, patterns: Sequence[str]) -> None:
        """Choose the folders.

        Args:
            root: of the data set.
            patterns: folders below it, also as shell patterns, the preferred ones first; ``.`` is the root.
        """
        self.root = Path(root)
        found = [folder for name in patterns for folder in self._folders(name)]
        self.folders: tuple[Path, ...] = tuple(dict.fromkeys(found))
        self._listed: dict[Path, dict[str, str]] = {}
        self._parents: dict[tuple[Path, str], Path] = {}

    def _folders(self, pattern: str) -> list[Path]:
        if pattern == ".":
            return [self.root]
        return sorted(path for path in self.root.glob(pattern) if path.is_dir())

    def _list(self, folder: Path) -> dict[str, str]:
        if folder not in self._listed:
            self._listed[folder] = list_media(folder)
        return self._listed[folder]

    # ------------------------------------------------------------------------------------ by name
    def by_name(self, is_clip: Callable[[str], bool]) -> dict[str, Path]:
        """Return every clip by its own name, flat or one level down.

        Args:
            is_clip: tells the name of a clip, which may be a folder of frames, from that of a folder of clips.
        """
        found: dict[str, Path] = {}
        for folder in self.folders:
            for own, name in self._list(folder).items():
                path = folder / name
                if own != unicodedata.normalize("NFC", name) or is_clip(own):
                    found.setdefault(own, path)
                    continue
                for inner, leaf in self._list(path).items():
                    found.setdefault(inner, path / leaf)
        return found

    def of_ids(self, ids: Sequence[str], suffix: str) -> dict[str, Path] | None:
        """Return the path of every clip; None when none is there.

        A clip that is not there gets the path where it would be expected, with ``suffix``.
        """
        wanted = {unicodedata.normalize("NFC", own_name(clip_id)) for clip_id in ids}
        there = self.by_name(lambda name: name in wanted or name.isdecimal())
        found = {i: there.get(unicodedata.normalize("NFC", own_name(i))) for i in ids}
        beside = next((path.parent for path in found.values() if path is not None), None)
        if beside is None:
            return None
        return {i: path or beside / f"{own_name(i)}{suffix}" for i, path in found.items()}

    # ------------------------------------------------------------------------------------ by path
    def by_path(self, names: Sequence[str], shared: Counter[str]) -> dict[str, Path]:
        """Return the clips of a list of paths that are there.

        A path is looked for as it stands, below the root and below each folder; then without its leading folders, for
        lists are written elsewhere; then by the clip's own name one level down.

        Args:
            names: as the list has them.
            shared: how often each clip's own name stands in all lists of the set; one that is not alone is not enough.
        """
        found: dict[str, Path] = {}
        for name in names:
            path = self._at(self.root, name.replace("\\", "/").rstrip("/"))
            if path is not None:
                found[name] = path
        taken = set(
            found.values()
        )  # by a path that stands; two that lead elsewhere to one file are the caller's matter
        below = [folder for folder in self.folders if folder != self.root]
        inner = {} if len(found) == len(names) else self._one_down()
        for name in names:
            if name not in found and (path := self._elsewhere(name, below, inner, shared)) and path not in taken:
                found[name] = path
        return found

    def _elsewhere(
        self, name: str, below: Sequence[Path], inner: dict[str, list[Path]], shared: Counter[str]
    ) -> Path | None:
        path = PurePosixPath(name.replace("\\", "/"))
        parts = [part for part in path.parts if part not in ("/", "..", ".")]
        own = clip_name(name)
        for start in range(len(parts)):
            if start == len(parts) - 1 > 0 and shared[own] > 1:
                return None
            tail = "/".join(parts[start:])
            for folder in (self.root, *below):
                if (there := self._at(folder, tail)) is not None:
                    return there
        candidates = inner.get(own, [])
        if shared[own] > 1 or len(candidates) != 1:
            return None
        alike = len(parts) == 1 or _letters(candidates[0].parent.name) == _letters(path.parent.name)
        return candidates[0] if alike or KINETICS_CLIP.fullmatch(own) else None

    def _at(self, folder: Path, name: str) -> Path | None:
        """Return what lies at a path, with whatever suffix; two spellings of one path give one result."""
        above, _, leaf = name.rpartition("/")
        parent = self._parents.get((folder, above))
        if parent is None:
            inner = PurePosixPath(above or ("/" if name.startswith("/") else "."))
            parent = Path(os.path.normpath(folder / inner))
            if not above.isascii():  # disks differ in how they spell one letter
                parent = self._spelled(folder, inner)
            self._parents[folder, above] = parent
        listed = self._list(parent)
        found = listed.get(unicodedata.normalize("NFC", own_name(leaf))) if listed else None
        if found is None:
            return None
        exact = parent / leaf
        return exact if found != leaf and os.path.lexists(exact) else parent / found

    def _spelled(self, folder: Path, path: PurePosixPath) -> Path:
        """Return a folder as the disk spells it."""
        for part in path.parts:
            there = folder / part
            if not part.isascii() and not os.path.lexists(there):
                there = folder / self._list(folder).get(unicodedata.normalize("NFC", part), part)
            folder = there
        return Path(os.path.normpath(folder))

    def _one_down(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for folder in self.folders:
            for own, name in self._list(folder).items():
                if own == unicodedata.normalize("NFC", name) and not KINETICS_CLIP.fullmatch(own):
                    for inner, leaf in self._list(folder / name).items():
                        path = folder / name / leaf
                        if path not in found.setdefault(inner, []):
                            found[inner].append(path)
        return found


def clip_name(name: str) -> str:
    """Return the own name of the clip at a path."""
    return unicodedata.normalize("NFC", own_name(PurePosixPath(name.replace("\\", "/")).name))


def _letters(name: str) -> str:
    return "".join(mark for mark in name.lower() if mark.isalnum())
