"""Look at every clip of a data set, or at a sample: what can be read, how long, how large, how fast."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gta.data.formats import Format, detect
from gta.data.pool import Progress, run_batches
from gta.data.splits import Clip, label_fingerprint
from gta.errors import UserError

SHORT = 8
"""Clips of fewer frames are listed: sampling repeats frames for them."""
SAMPLE = 200
"""Clips of each split that a quick look decodes."""
CLASSES = 174
"""Templates of Something-Something, both versions."""


@dataclass(frozen=True)
class Look:
    """What one clip turned out to be."""

    frames: int = 0
    size: tuple[int, int] = (0, 0)
    """Height and width in pixels."""
    rate: float | None = None
    """Frames a second; None for folders of frames."""
    sha256: str = ""
    fault: str = ""
    """Why it cannot be read; empty when it can."""
    doubts: tuple[str, ...] = ()
    """What points to damage although it can be read."""


@dataclass
class SplitSurvey:
    """What was found in one split."""

    name: str
    listed: int
    official: int | None
    """Clips of the release; None where there is no fixed number."""
    missing: tuple[str, ...]
    """Of a Kinetics copy."""
    looks: dict[str, Look] = field(default_factory=dict)
    """By id, of the clips that were decoded."""
    absent: list[str] = field(default_factory=list)
    """Of the others, those whose file is not there."""

    @property
    def unreadable(self) -> list[str]:
        """Ids of clips that cannot be read, or have no frame."""
        return [clip_id for clip_id, look in self.looks.items() if look.fault]

    @property
    def doubtful(self) -> list[str]:
        """Ids of clips that can be read and seem to be damaged."""
        return [clip_id for clip_id, look in self.looks.items() if look.doubts]

    @property
    def short(self) -> list[str]:
        """Ids of clips with fewer than ``SHORT`` frames."""
        return [clip_id for clip_id, look in self.looks.items() if not look.fault and look.frames < SHORT]


@dataclass
class Survey:
    """What was found in a data set."""

    folder: Path
    format: Format
    quick: bool
    embedded: bool
    labels: tuple[str, ...] = ()
    splits: list[SplitSurvey] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """One line for each thing that is wrong."""
    warnings: list[str] = field(default_factory=list)
    """One line for each clip that can be read and seems to be damaged."""

    @property
    def fingerprint(self) -> str:
        """Of the labels and their order."""
        return label_fingerprint(self.labels)

    def looks(self) -> list[Look]:
        """Return the readable clips of all splits."""
        return [look for split in self.splits for look in split.looks.values() if not look.fault]

    def rates(self) -> Counter[str]:
        """Clips by frames a second."""
        return Counter("none (frames)" if look.rate is None else f"{look.rate:.4g}" for look in self.looks())

    def sizes(self) -> Counter[str]:
        """Clips by height x width."""
        return Counter(f"{look.size[0]}x{look.size[1]}" for look in self.looks())


def survey(folder: Path, quick: bool = False, jobs: int | None = None, progress: Progress | None = None) -> Survey:
    """Decode every clip, or with ``quick`` the same sample each time and see that the other files are there.

    Raises:
        UserError: the folder holds no data set, or a list is malformed.
    """
    from gta.data.prepare import embedded_info

    folder = Path(folder)
    known = detect(folder)
    drawn = embedded_info(folder)["splits"] if (folder / "embedded.json").is_file() else {}
    found = Survey(folder, known, quick, bool(drawn))
    for name in known.splits(folder):
        split = known.read(folder, name)
        if found.labels and split.labels != found.labels:
            found.faults.append(f"{folder}: {name} has other labels than {found.splits[0].name}")
        found.labels = found.labels or split.labels
        chosen = _sample(split.clips) if quick else split.clips
        whole = name in drawn and not quick
        looks = run_batches(_look, whole, chosen, jobs, progress)
        result = SplitSurvey(name, len(split.clips) + len(split.missing), None, split.missing)
        if not drawn:
            result.official = known.official.get(name)
        result.looks = {clip.id: look for clip, look in zip(chosen, looks, strict=True)}
        result.absent = [c.id for c in split.clips if c.id not in result.looks and not os.path.exists(c.path)]
        found.splits.append(result)
        found.faults += _faults(found, result, split.clips)
        path = {clip.id: clip.path for clip in split.clips}
        found.warnings += [f"{path[i]}: {'; '.join(look.doubts)}" for i, look in result.looks.items() if look.doubts]
        if whole and not result.unreadable and _drawn_sha(folder, name, result.looks) != drawn[name]["sha256"]:
            found.faults.append(f"{folder}: {name} is not what was drawn; delete {folder} and prepare it again")
    if known.official and not drawn and len(found.labels) != CLASSES:
        found.faults.append(f"{folder}: the list of labels has {len(found.labels)} templates, the release {CLASSES}")
    return found


def _faults(found: Survey, split: SplitSurvey, clips: Sequence[Clip]) -> list[str]:
    faults = []
    if split.official is not None and split.listed != split.official:
        faults.append(
            f"{found.folder}: {split.name} lists {split.listed:,} clips, the release has {split.official:,}; "
            f"download the list again"
        )
    path = {clip.id: clip.path for clip in clips}
    faults += [split.looks[clip_id].fault for clip_id in split.unreadable]
    return faults + [f"{path[clip_id]} does not exist; check the data folder" for clip_id in split.absent]


def _sample(clips: Sequence[Clip]) -> list[Clip]:
    """Return some of the clips, the same ones each time, in their order."""
    ranked = sorted(range(len(clips)), key=lambda i: hashlib.sha256(clips[i].id.encode()).digest())
    return [clips[i] for i in sorted(ranked[:SAMPLE])]


def _look(hashed: bool, clip: Clip) -> Look:
    from gta.data.decode import ClipError, probe

    try:
        found = probe(clip.path)
        sha = hashlib.sha256(clip.path.read_bytes()).hexdigest() if hashed else ""
    except ClipError as error:
        return Look(fault=str(error))
    if found.frames == 0:
        return Look(fault=f"{clip.path} has no frames; re-download the file")
    return Look(found.frames, (found.height, found.width), found.rate, sha, doubts=found.doubts)


def _drawn_sha(folder: Path, name: str, looks: dict[str, Look]) -> str:
    """Return the digest that ``gta.data.prepare`` wrote down when it drew the split."""
    try:
        content = (folder / f"{name}.json").read_bytes()
        if name == "test":
            content += (folder / "test-answers.csv").read_bytes()
    except OSError as error:
        raise UserError(f"{error.filename} cannot be read: {error.strerror}; prepare the data set again") from error
    sha = hashlib.sha256(content)
    for clip_id in sorted(looks):
        sha.update(f"{clip_id} {looks[clip_id].sha256}\n".encode())
    return sha.hexdigest()
