"""Write an embedded data set in Something-Something v2's layout: ``python -m gta.data.prepare tiny``.

The folder ``<data>/<name>-<digest of the drawing>`` gets ``labels.json``, ``train.json``, ``validation.json``,
``videos/<id>.webm`` and, last of all, ``embedded.json``: a set is whole when and only when that file stands.
A run that was cut off goes on where it stopped; the same drawing gives the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gta.config import DrawingConfig, digest, to_dict
from gta.data.drawn.clip import describe_clip, draw_clip
from gta.data.drawn.encode import encode_webm
from gta.data.drawn.templates import TEMPLATES
from gta.data.read.reader import ClipError, count_frames
from gta.errors import UserError
from gta.files import read_json, write_bytes, write_json
from gta.parallel import Progress, patient_lock, run_batches

SPLITS = ("train", "validation", "tune", "test")
_MARK = "embedded.json"


def ensure_embedded(
    root: Path,
    drawing: DrawingConfig,
    name: str,
    jobs: int | None = None,
    progress: Progress | None = None,
    splits: Sequence[str] = ("train", "validation"),
) -> Path:
    """Make the data set, or what is missing of it, and return its folder.

    Args:
        root: the data folder; the set's own folder is made in it.
        drawing: decides every byte, and the folder's name.
        name: first part of the folder's name.
        jobs: processes; all cores by default.
        progress: called with (clips done, clips in all).
        splits: some of ``train``, ``validation``, ``tune``, ``test``; splits that are there already are kept.

    Raises:
        UserError: the folder cannot be written or the disk is full.
    """
    unknown = set(splits) - set(SPLITS)
    if unknown:
        raise ValueError(f"unknown splits {sorted(unknown)}; known: {', '.join(SPLITS)}")
    folder = Path(root) / f"{name}-{digest(drawing)}"
    if not _missing(folder, drawing, splits):
        return folder
    with contextlib.ExitStack() as held:
        try:
            (folder / "videos").mkdir(parents=True, exist_ok=True)
            held.enter_context(patient_lock(folder / ".lock", f"{folder} is drawn"))
        except OSError as error:
            raise UserError(f"cannot write {folder}: {error.strerror or error}; choose another folder") from error
        for part in (folder / "videos").glob("*.part"):
            part.unlink(missing_ok=True)
        for split in _missing(folder, drawing, splits):  # again: another process may have made them meanwhile
            _make_split(folder, drawing, split, jobs, progress)
    return folder


def embedded_info(folder: Path) -> dict[str, Any]:
    """Return ``embedded.json``: drawing, fingerprint, and for each split its clips and sha256.

    Raises:
        UserError: the set is not whole.
    """
    info = read_json(folder / _MARK)
    if not isinstance(info, dict) or not isinstance(info.get("splits"), dict):
        raise UserError(f"{folder / _MARK} has no splits; delete {folder} and prepare it again")
    return info


def _missing(folder: Path, drawing: DrawingConfig, splits: Sequence[str]) -> list[str]:
    if not (folder / _MARK).is_file():
        return [split for split in SPLITS if split in splits]
    info = embedded_info(folder)
    if info.get("drawing") != to_dict(drawing):
        raise UserError(f"{folder / _MARK} describes another drawing than its folder's name; delete {folder}")
    return [split for split in SPLITS if split in splits and split not in info["splits"]]


def clip_id(split: str, template: int, index: int) -> str:
    """Return the number that names a clip, digits only as in Something-Something."""
    return f"{SPLITS.index(split) + 1}{template:02d}{index:05d}"


def _make_split(folder: Path, drawing: DrawingConfig, split: str, jobs: int | None, progress: Progress | None) -> None:
    # The test split joined after sets had been drawn: their configs, and so their names, have no number for it.
    count: int = getattr(drawing, f"{'validation' if split == 'test' else split}_per_template")
    items = [(split, template, index) for index in range(count) for template in range(len(TEMPLATES))]
    made: list[tuple[str, str, tuple[str, ...]]] = run_batches(_make_clip, (folder, drawing), items, jobs, progress)
    if hasattr(os, "sync"):
        os.sync()  # the clips are on the disk before the mark says so

    rows = []
    for (_, template, _), (number, _, words) in zip(items, made, strict=True):
        name = TEMPLATES[template].bracketed
        label = TEMPLATES[template].name
        for word in words:
            label = label.replace("something", word, 1) if "something" in label else label.replace("Something", word, 1)
        rows.append({"id": number, "label": label, "template": name, "placeholders": list(words)})
    order = np.random.Generator(np.random.Philox(key=SPLITS.index(split))).permutation(len(rows))
    listed = [rows[i] for i in order]
    answers = b""
    if split == "test":  # as in Something-Something v2: the answers are a file of their own
        answers = "".join(f"{row['id']};{row['template']}\n" for row in listed).encode()
        listed = [{"id": row["id"]} for row in listed]
        write_bytes(folder / "test-answers.csv", answers)
    content = json.dumps(listed, indent=0, ensure_ascii=False).encode() + b"\n"
    write_bytes(folder / f"{split}.json", content)
    names = sorted(template.name for template in TEMPLATES)
    write_json(folder / "labels.json", {name: str(i) for i, name in enumerate(names)})

    sha = hashlib.sha256(content + answers)
    for number, clip_sha, _ in sorted(made):
        sha.update(f"{number} {clip_sha}\n".encode())
    known = embedded_info(folder)["splits"] if (folder / _MARK).is_file() else {}
    known[split] = {"clips": len(rows), "sha256": sha.hexdigest()}
    total = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    write_json(folder / _MARK, {"drawing": to_dict(drawing), "splits": known, "fingerprint": total})


def _make_clip(common: tuple[Path, DrawingConfig], item: tuple[str, int, int]) -> tuple[str, str, tuple[str, ...]]:
    """Draw and encode one clip, or keep the whole one that is there; returns id, sha256 of the file, things."""
    folder, drawing = common
    split, template, index = item
    number = clip_id(split, template, index)
    path = folder / "videos" / f"{number}.webm"
    words = describe_clip(drawing, split, TEMPLATES[template], index)
    if path.is_file() and _is_whole(path, drawing.source_frames):
        return number, hashlib.sha256(path.read_bytes()).hexdigest(), words
    content = encode_webm(draw_clip(drawing, split, TEMPLATES[template], index))
    part = path.with_name(f".{number}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another data folder"
        ) from error
    return number, hashlib.sha256(content).hexdigest(), words


def _is_whole(path: Path, frames: int) -> bool:

    try:
        return count_frames(path) == frames
    except ClipError:
        return False
