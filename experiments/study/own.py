"""The profile of anybody's own data: whatever lies in a folder, with the recipe of Something-Something."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import get_args

from experiments.study.profiles import choose_profile
from experiments.study.recipes import something
from experiments.study.rows import Profile

OWN = "folder"


def profile_of(name: str, data: Path) -> Profile:
    """Return the profile of this name; that of own data is made from the lists in ``data``.

    The classes are those of the lists, and what the lists hold is part of each run's identity.

    Raises:
        UserError: the profile is unknown, or ``data`` holds no videos that can be told apart.
    """
    if name != OWN:
        return choose_profile(name)
    from gta.data.sets.formats import detect
    from gta.data.sets.splits import SplitName

    found = detect(data)
    splits = {split: found.read(data, split) for split in get_args(SplitName) if split in found.splits(data)}
    labels = next(iter(splits.values())).labels
    lines = [*labels, *(f"{part};{clip.id};{clip.template}" for part, split in splits.items() for clip in split.clips)]
    content = hashlib.sha256("\n".join(lines).encode(errors="surrogatepass")).hexdigest()[:12]
    settings = {
        backbone: dataclasses.replace(setting, data=dataclasses.replace(setting.data, content=content))
        for backbone, setting in something(found.name).items()
    }
    title = f"{len(labels)} classes of {found.title}, with the recipe of Something-Something v1"
    return Profile(OWN, title, classes=len(labels), settings=settings)
