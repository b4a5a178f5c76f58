"""Make a Split of a list of `path label`, of whatever data set.

The lists are found by their names: ``train.csv``, ``val.txt``, ``kinetics400_train_list_videos.txt``,
``sthv2_val_list_rawframes.txt``, ``train_videofolder.txt`` ...
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from gta.data.sets.class_names import name_classes
from gta.data.sets.lists import first_line, list_folders, separator_of
from gta.data.sets.path_lists import Entry, counts_frames, read_entries
from gta.data.sets.places import Places, clip_name
from gta.data.sets.splits import Clip, Split, SplitName, check_unique
from gta.errors import UserError

ALIASES: dict[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "validate", "val", "valid"),
    "test": ("test",),
}
"""How lists and folders name each split."""
SETS: dict[str, tuple[str, ...]] = {
    "k400": ("kinetics400", "kinetics_400", "kinetics-400", "kinetics", "k400"),
    "ssv1": ("sthv1", "ssv1", "something-something-v1"),
    "ssv2": ("sthv2", "ssv2", "something-something-v2"),
}
"""How lists name each data set."""
_NAME = re.compile(
    r"(?P<set>.*?)[_-]?(?P<alias>training|train|validation|validate|valid|val|test)"
    r"(?P<rest>(?:[_-]?(?:list|split|videos?|rawframes|videofolder|clips|annotations?|256))*)\.(?:csv|txt|tsv)"
)

_OWN = re.compile(r"something-something-v1-(train|validation|test)\.csv")


def candidates(root: Path, split: SplitName, sets: Sequence[str]) -> list[Path]:
    """Return the lists of a split that are there, the preferred ones first.

    Args:
        root: of the data set.
        split: which part of it.
        sets: what names of lists may begin with; "" is no more than the split's name.
    """
    frames = not any(root.glob("video*")) and any(root.glob("rawframes*"))
    found = []
    for place, folder in enumerate(list_folders(root)):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            match = _NAME.fullmatch(path.name.lower())
            if match is None or match["set"] not in sets or match["alias"] not in ALIASES.get(split, ()):
                continue
            if path.is_file():
                rank = ALIASES[split].index(match["alias"])
                order = (place, path.suffix.lower() != ".csv", counts_frames(path) != frames)
                found.append((order, sets.index(match["set"]), rank, len(match["rest"]), path))
    return [path for *_, path in sorted(found)]


def plain_list(root: Path, split: SplitName) -> Path | None:
    """Return a list of paths that does not say by its name of which data set it is."""
    return next((path for path in candidates(Path(root), split, ("",)) if is_path_list(path)), None)


def read_for(root: Path, split: SplitName, find: Callable[[Path, SplitName], Path | None], places: Places) -> Split:
    """Read one split of Something-Something from lists of paths; its classes must have names."""
    path = find(root, split)
    every = [found for name in ALIASES if (found := find(root, cast(SplitName, name))) is not None]
    assert path is not None
    return read_split(path, [other for other in every if is_path_list(other)], places, numbers_do=False)


def is_path_list(path: Path) -> bool:
    """Whether a list is one of paths, not in its data set's own format."""
    if path.suffix == ".json" or _OWN.fullmatch(path.name):
        return False
    return separator_of(first_line(path), "youtube_id") is None


def read_split(path: Path, every: Sequence[Path], places: Places, numbers_do: bool = True) -> Split:
    """Read one split; the classes are those of all lists that are there, sorted by name.

    Args:
        path: the split's list.
        every: the lists of all splits, this one among them.
        places: where clips may lie.
        numbers_do: whether classes may be called by their numbers where nothing names them.

    Raises:
        UserError: a list or the file of names is malformed, or not one of the videos is there.
    """
    lists = [(one, read_entries(one)) for one in dict.fromkeys(every)]
    entries = next(entries for one, entries in lists if one == path)
    names = _class_names(places.root, lists, numbers_do)
    labels = tuple(sorted(set(names.values())))
    number = {name: i for i, name in enumerate(labels)}
    shared = Counter(clip_name(name) for name in {entry.name for _, others in lists for entry in others})
    found = places.by_path([entry.name for entry in entries], shared)
    if not found:
        raise UserError(
            f"none of the {len(entries)} videos of {path}, such as {entries[0].name}, was found in {looked(places)}"
        )
    here = [entry for entry in entries if entry.name in found]
    check_unique(path, ((f"line {entry.line}", str(found[entry.name]), entry.label) for entry in here))
    clips = tuple(Clip(entry.name, found[entry.name], number[names[entry.label]], names[entry.label]) for entry in here)
    missing = tuple(entry.name for entry in entries if entry.name not in found)
    return Split(labels, clips, missing, places.folders)


def looked(places: Places) -> str:
    """Return the folders in which clips were looked for, for a message."""
    return folders_text(places.folders)


def folders_text(folders: Sequence[Path]) -> str:
    """Return some folders for a message: ``DIR, DIR/videos``, flat and one level down."""
    shown = ", ".join(str(folder) for folder in folders[:6])
    more = f" and {len(folders) - 6} more folders" if len(folders) > 6 else ""
    return f"{shown}{more} (flat and one level down)"


def _class_names(root: Path, lists: Sequence[tuple[Path, Sequence[Entry]]], numbers_do: bool) -> dict[int | str, str]:
    for path, entries in lists:
        odd = next((e for e in entries if isinstance(e.label, str) != isinstance(lists[0][1][0].label, str)), None)
        if odd is not None:
            raise UserError(
                f"{path}: line {odd.line} has the class {odd.label!r}, {lists[0][0]} {lists[0][1][0].label!r}; "
                f"give classes by name in all lists, or by number in all"
            )
    if isinstance(lists[0][1][0].label, str):
        return {entry.label: str(entry.label) for _, entries in lists for entry in entries}
    return dict(name_classes(root, lists, numbers_do).items())
