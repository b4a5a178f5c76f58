"""Which data set lies in a folder: each format has a module, told apart by the names of the lists."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from gta.config import DataConfig
from gta.data.sets import kinetics, listed, official, own, ssv1, ssv2
from gta.data.sets.parts import held_out, limited
from gta.data.sets.places import Places
from gta.data.sets.splits import Split, SplitName
from gta.errors import UserError


@dataclass(frozen=True)
class Format:
    """How one data set is recognised and read."""

    name: str
    """As runs call the data set."""
    title: str
    lists: str
    """What is looked for, for messages."""
    find: Callable[[Path, SplitName], Path | None]
    read: Callable[[Path, SplitName], Split]
    official: Mapping[str, int]
    """Clips of each split of the release; empty where copies differ."""
    media: Sequence[str] = ()
    """Folders of the clips of a plain list of paths, ``train.csv``, that a run takes for this data set."""
    classes: int | None = None
    """Of the release; None where copies differ."""
    read_fold: Callable[[Path, SplitName, int], Split] | None = None
    """Reads a split of the ``fold``-th pair of lists, where a release has several."""

    def splits(self, root: Path) -> tuple[SplitName, ...]:
        """Names of the splits whose list is there."""
        return tuple(name for name in get_args(SplitName) if self.find(root, name) is not None)


FORMATS = (
    Format(
        "ssv2",
        "Something-Something v2",
        "train.json",
        ssv2.split_list,
        ssv2.read_split,
        ssv2.OFFICIAL,
        ssv2.MEDIA,
        ssv2.CLASSES,
    ),
    Format(
        "ssv1",
        "Something-Something v1",
        "something-something-v1-train.csv",
        ssv1.split_list,
        ssv1.read_split,
        ssv1.OFFICIAL,
        ssv1.MEDIA,
        ssv2.CLASSES,
    ),
    Format("jester", "Jester", "jester-v1-train.csv", ssv1.jester_list, ssv1.read_jester, ssv1.JESTER, classes=27),
    Format(
        "ucf101",
        "UCF101",
        "trainlist01.txt",
        official.ucf_list,
        official.read_ucf,
        official.UCF101,
        classes=101,
        read_fold=official.read_ucf,
    ),
    Format(
        "hmdb51",
        "HMDB51",
        "*_test_split1.txt",
        official.hmdb_list,
        official.read_hmdb,
        official.HMDB51,
        classes=51,
        read_fold=official.read_hmdb,
    ),
    Format(
        "diving48",
        "Diving48",
        "Diving48_V2_train.json",
        official.diving_list,
        official.read_diving,
        official.DIVING48,
        classes=48,
    ),
    Format("k400", "Kinetics-400", "train.csv or val.csv", kinetics.split_list, kinetics.read_split, {}),
)
OWN = Format(
    "folder", "own videos", "folders named by class, or a csv path,label[,split]", own.split_list, own.read_split, {}
)
"""What is looked for where no list of a known data set is."""


def detect(root: Path) -> Format:
    """Return the format whose lists lie in ``root``.

    Raises:
        UserError: it is no folder, or no format's lists, or those of two, lie in it.
    """
    root = Path(root)
    if not os.path.isdir(root):
        raise UserError(f"{root} is not a folder; give the folder that holds the data set")
    found = [known for known in FORMATS if known.splits(root)]
    if len(found) > 1 and _is_plain(found[-1], root):  # its lists may be of the other one, as PySlowFast writes them
        del found[-1]
    if not found and OWN.splits(root):
        return OWN
    if not found:
        wanted = ", ".join(f"{known.lists} ({known.title})" for known in (*FORMATS, OWN))
        raise UserError(
            f"{own.foreign_csv(root)}{root} holds no list of a known data set; looked for {wanted}, or "
            f"mmaction2's names, in it, {root / 'annotations'} and {root / 'labels'}; give the data set's own folder"
        )
    if len(found) > 1:
        names = " and ".join(f"{known.title} ({known.lists})" for known in found)
        raise UserError(f"{root} holds the lists of {names}; give each data set a folder of its own")
    return found[0]


def read_split(root: Path, split: SplitName, expected: str | None = None, fold: int = 1) -> Split:
    """Read a split of whatever data set lies in ``root``.

    Args:
        root: the data set's own folder.
        split: which part of it.
        expected: name of the data set that is wanted; a name that no format has is any.
        fold: which pair of lists, of a release that has several.

    Raises:
        UserError: no format fits or not the expected one, or a list is missing or malformed; the message names file
            and field.
    """
    root = Path(root)
    found = detect(root)
    wanted = next((known for known in (*FORMATS, OWN) if known.name == expected), found)
    if wanted is not found and wanted.media and _is_plain(found, root) and listed.plain_list(root, split):
        plain = listed.read_for(root, split, listed.plain_list, Places(root, wanted.media))
        if len(plain.labels) == wanted.classes:
            return plain
    if wanted is not found:
        raise UserError(f"{root} holds {found.title}, the run is for {wanted.title}; give the folder of that data set")
    if fold == 1:
        return found.read(root, split)
    if found.read_fold is None:
        raise UserError(f"data.fold is {fold}; {found.title} has one pair of lists")
    return found.read_fold(root, split, fold)


def read_part(root: Path, split: SplitName, data: DataConfig) -> Split:
    """Read what a run sees of a split of the real data set in ``root``: a part of it where ``data`` limits it.

    No release has a ``tune`` split: where a run is evaluated on it, it is a part of the training clips, which that run
    does not train on.

    Raises:
        UserError: as :func:`read_split` does.
    """
    tuning = data.evaluation_split == "tune"
    found = read_split(root, "train" if tuning else split, data.dataset, data.fold)
    return limited(held_out(found)[split == "tune"] if tuning else found, data.limit)


def _is_plain(known: Format, root: Path) -> bool:
    """Whether the lists are no more than `path label` in ``train.csv``, which could be of any data set."""
    lists = [known.find(root, split) for split in known.splits(root)]
    plain = [listed.plain_list(root, split) for split in known.splits(root)]
    return known.name == "k400" and lists == plain
