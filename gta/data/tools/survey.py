"""Look at every clip of a data set, or at a sample: what can be read, how long, how large, how fast."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from gta.data.drawn.make import embedded_info
from gta.data.read.reader import ClipError, probe
from gta.data.sets.formats import OWN, Format, detect
from gta.data.sets.listed import folders_text
from gta.data.sets.splits import Clip, Split, SplitName, compare, label_fingerprint
from gta.data.transforms import doubtful_mirror
from gta.errors import UserError
from gta.parallel import Progress, run_batches

SHORT = 8
"""Clips of fewer frames are listed: sampling repeats frames for them."""
SAMPLE = 200
"""Clips of each split that a quick survey decodes."""
MISSING = 0.1
"""Videos vanish from the net, so copies of Kinetics lack some; where more are missing, they were not found."""


@dataclass(frozen=True)
class ClipSurvey:
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
    clips: dict[str, ClipSurvey] = field(default_factory=dict)
    """By id, of the clips that were decoded."""
    absent: list[str] = field(default_factory=list)
    """Of the others, those whose file is not there."""

    @property
    def unreadable(self) -> list[str]:
        """Ids of clips that cannot be read, or have no frame."""
        return [clip_id for clip_id, clip in self.clips.items() if clip.fault]

    @property
    def doubtful(self) -> list[str]:
        """Ids of clips that can be read and seem to be damaged."""
        return [clip_id for clip_id, clip in self.clips.items() if clip.doubts]

    @property
    def short(self) -> list[str]:
        """Ids of clips with fewer than ``SHORT`` frames."""
        return [clip_id for clip_id, clip in self.clips.items() if not clip.fault and clip.frames < SHORT]


@dataclass
class Survey:
    """What was found in a data set."""

    folder: Path
    format: Format
    quick: bool
    embedded: bool
    subset: bool = False
    """Whether the set is a part of the release on purpose."""
    labels: tuple[str, ...] = ()
    splits: list[SplitSurvey] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """One line for each thing that is wrong."""
    warnings: list[str] = field(default_factory=list)
    """One line for each clip that can be read and seems to be damaged."""
    partial: bool = False
    """Whether some of the faults would be none if the set were a part of the release on purpose."""
    remarks: list[str] = field(default_factory=list)
    """One line for each thing that is worth knowing and not wrong."""

    @property
    def fingerprint(self) -> str:
        """Of the labels and their order."""
        return label_fingerprint(self.labels)

    def readable(self) -> list[ClipSurvey]:
        """Return the readable clips of all splits."""
        return [clip for split in self.splits for clip in split.clips.values() if not clip.fault]

    def rates(self) -> Counter[str]:
        """Clips by frames a second."""
        return Counter("none (frames)" if clip.rate is None else f"{clip.rate:.4g}" for clip in self.readable())

    def sizes(self) -> Counter[str]:
        """Clips by height x width."""
        return Counter(f"{clip.size[0]}x{clip.size[1]}" for clip in self.readable())


def survey(
    folder: Path,
    quick: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    subset: bool = False,
) -> Survey:
    """Decode every clip, or with ``quick`` the same sample each time and see that the other files are there.

    Args:
        folder: of the data set.
        quick: decode a sample only.
        jobs: processes; all cores by default.
        progress: called with (clips done, clips in all).
        subset: the set is a part of the release on purpose: fewer clips, classes and videos are no fault.

    Raises:
        UserError: the folder holds no data set, or a list is malformed.
    """
    folder = Path(folder)
    known = detect(folder)
    drawn = embedded_info(folder)["splits"] if (folder / "embedded.json").is_file() else {}
    found = Survey(folder, known, quick, bool(drawn), subset)
    splits = {name: known.read(folder, name) for name in known.splits(folder)}
    if not drawn and not {"validation", "test"} & splits.keys():  # each training draw is a folder of its own
        own = "give some the split val or test, or give none to any"
        way = own if known is OWN else "put its validation list there"
        found.faults.append(f"{folder}: it has no clips to evaluate on; {way}")
    _compare(found, splits)
    for name, split in splits.items():
        found.labels = found.labels or split.labels
        chosen = _sample(split.clips) if quick else split.clips
        whole = name in drawn and not quick
        surveyed = run_batches(_survey_clip, whole, chosen, jobs, progress)
        result = SplitSurvey(name, len(split.clips) + len(split.missing), None, split.missing)
        if not drawn and not subset:
            result.official = known.official.get(name)
        result.clips = {clip.id: seen for clip, seen in zip(chosen, surveyed, strict=True)}
        result.absent = [c.id for c in split.clips if c.id not in result.clips and not os.path.exists(c.path)]
        found.splits.append(result)
        found.faults += _faults(found, result, split.clips)
        path = {clip.id: clip.path for clip in split.clips}
        found.warnings += [f"{path[i]}: {'; '.join(clip.doubts)}" for i, clip in result.clips.items() if clip.doubts]
        _note_missing(found, result, split, subset)
        gone = {*result.absent, *result.unreadable}
        if any(clip.id in gone and not os.path.exists(clip.path) for clip in split.clips):
            found.remarks.append(f"{folder}: clips of {name} were looked for in {folders_text(split.looked)}")
        if whole and not result.unreadable and _drawn_sha(folder, name, result.clips) != drawn[name]["sha256"]:
            found.faults.append(f"{folder}: {name} is not what was drawn; delete {folder} and prepare it again")
    if known.classes is not None and not drawn and not subset and len(found.labels) != known.classes:
        found.partial = True
        found.faults.append(
            f"{folder}: the list of labels has {len(found.labels)} templates, the release {known.classes}"
        )
    if doubt := doubtful_mirror(found.labels):
        found.remarks.append(f"{folder}: {doubt}")
    return found


def _compare(found: Survey, splits: Mapping[SplitName, Split]) -> None:
    """Name what two splits should not share, and in what their labels contradict each other."""
    for one, other in combinations(splits, 2):
        seen = compare((one, other), splits[one], splits[other])
        found.faults += [f"{found.folder}: {line}" for line in (seen.contradiction, seen.overlap) if line]


def _note_missing(found: Survey, result: SplitSurvey, split: Split, subset: bool) -> None:
    """Few videos that are missing are a remark, many a fault."""
    if not split.missing:
        return
    share = len(split.missing) / result.listed
    line = (
        f"{found.folder}: {len(split.missing):,} of {result.listed:,} clips of {result.name} ({share:.1%}) "
        f"are missing, such as {split.missing[0]}"
    )
    if share <= MISSING or subset:
        found.remarks.append(line)
    else:
        found.partial = True
        found.faults.append(f"{line}; looked in {folders_text(split.looked)}")


def _faults(found: Survey, split: SplitSurvey, clips: Sequence[Clip]) -> list[str]:
    faults = []
    if split.official is not None and split.listed != split.official:
        found.partial = True
        faults.append(
            f"{found.folder}: {split.name} lists {split.listed:,} clips, the release has {split.official:,}; "
            f"download the list again"
        )
    path = {clip.id: clip.path for clip in clips}
    faults += [split.clips[clip_id].fault for clip_id in split.unreadable]
    return faults + [f"{path[clip_id]} does not exist; check the data folder" for clip_id in split.absent]


def _sample(clips: Sequence[Clip]) -> list[Clip]:
    """Return some of the clips, the same ones each time, in their order."""
    ranked = sorted(range(len(clips)), key=lambda i: hashlib.sha256(clips[i].id.encode()).digest())
    return [clips[i] for i in sorted(ranked[:SAMPLE])]


def _survey_clip(hashed: bool, clip: Clip) -> ClipSurvey:

    try:
        found = probe(clip.path)
        sha = hashlib.sha256(clip.path.read_bytes()).hexdigest() if hashed else ""
    except ClipError as error:
        return ClipSurvey(fault=str(error))
    if found.frames == 0:
        return ClipSurvey(fault=f"{clip.path} has no frames; re-download the file")
    return ClipSurvey(found.frames, (found.height, found.width), found.rate, sha, doubts=found.doubts)


def _drawn_sha(folder: Path, name: str, clips: dict[str, ClipSurvey]) -> str:
    """Return the digest that ``gta.data.prepare`` wrote down when it drew the split."""
    try:
        content = (folder / f"{name}.json").read_bytes()
        if name == "test":
            content += (folder / "test-answers.csv").read_bytes()
    except OSError as error:
        raise UserError(f"{error.filename} cannot be read: {error.strerror}; prepare the data set again") from error
    sha = hashlib.sha256(content)
    for clip_id in sorted(clips):
        sha.update(f"{clip_id} {clips[clip_id].sha256}\n".encode())
    return sha.hexdigest()
