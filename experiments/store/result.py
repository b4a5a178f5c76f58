"""What a finished run left behind, checked field by field."""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from experiments.store.records import LARGEST, Fields
from experiments.store.run_files import RECORDED
from gta import files
from gta.errors import UserError
from gta.scoring.percentages import Accuracies

SCHEMA = 1
"""Version of ``result.json`` and ``error.json``."""
SHA256 = 64
"""Hex digits of a digest."""
HALF_A_TENTH = 0.051
"""Time and speed are written to a tenth."""


@dataclass(frozen=True)
class Problem:
    """A file that is not used, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        """Return the path and the reason."""
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class Result:
    """The content of a valid ``result.json``."""

    run_id: str
    profile: str
    seed: int
    accuracies: Accuracies
    params: int
    macs: int
    train_seconds: float
    clips_per_second: float
    data_fingerprint: str
    git: str
    finished: str
    evaluated: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint of the clips of every scored split; empty for runs of before it was written."""
    files: Mapping[str, str] = field(default_factory=dict, compare=False)
    """SHA-256 of the files that stood beside it when it was written; results of earlier versions have none."""
    compact: Mapping[str, str] = field(default_factory=dict, compare=False)
    """SHA-256 of the compact scores that may stand in place of those in ``files``, see :mod:`experiments.compact`."""
    env: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """``env.json`` of the run: versions, machine, precision; empty when it is missing or not used."""
    points: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)
    """The curve, ``metrics.jsonl`` of the run; empty when it is missing or not used."""
    unused: tuple[Problem, ...] = field(default=(), compare=False)
    """Files beside ``result.json`` that are not used."""

    def digests_of(self, name: str) -> tuple[str, ...]:
        """Return the digests of which a file beside ``result.json`` has one; none, if it was not recorded."""
        return tuple(kept[name] for kept in (self.files, self.compact) if name in kept)


def parse_result(path: Path, content: Mapping[str, Any]) -> Result:
    """Check the content of ``result.json`` and return it, as yet without what stands beside it.

    Raises:
        UserError: a field is missing, of the wrong type or out of its range.
    """
    fields = Fields(path, content)
    if type(content.get("schema")) is not int or content["schema"] != SCHEMA:
        raise UserError(f"{path}: schema is {reprlib.repr(content.get('schema'))}, this version reads {SCHEMA}")
    finished = fields.text("finished")
    try:
        datetime.fromisoformat(finished)
    except ValueError as error:
        raise UserError(
            f"{path}: finished is {finished!r}, expected a time such as 2026-01-31T12:00:00+00:00"
        ) from error
    evaluated = Fields(path, fields.part("evaluated") if "evaluated" in content else {})
    return Result(
        run_id=fields.text("run_id"),
        profile=fields.text("profile"),
        seed=fields.whole("seed", -LARGEST),
        accuracies=_accuracies(path, fields, content),
        params=fields.whole("params", 1),
        macs=fields.whole("macs", 1),
        train_seconds=fields.number("train_seconds", 0, LARGEST),
        clips_per_second=fields.number("clips_per_second", 0, LARGEST),
        data_fingerprint=fields.text("data_fingerprint"),
        git=fields.text("git"),
        finished=finished,
        evaluated={name: evaluated.text(name) for name in content.get("evaluated", {})},
        files=_digests(path, fields, content, "files"),
        compact=_digests(path, fields, content, "compact"),
    )


def _accuracies(path: Path, fields: Fields, content: Mapping[str, Any]) -> Accuracies:
    kinds = Fields(path, fields.part("kinds"))
    return Accuracies(
        n_val=fields.whole("n_val", 1),
        top1=fields.number("top1", 0, 100),
        top5=None if content.get("top5") is None else fields.number("top5", 0, 100),
        kinds={name: kinds.number(name, 0, 100) for name in content["kinds"]},
        pair_accuracy=None if content.get("pair_accuracy") is None else fields.number("pair_accuracy", 0, 100),
    )


def _digests(path: Path, fields: Fields, content: Mapping[str, Any], part: str) -> Mapping[str, str]:
    kept = fields.part(part) if part in content else {}
    for name in kept:
        if len(Fields(path, kept).text(name)) != SHA256:
            raise UserError(f"{path}: {part} names {name} by {kept[name]!r}, expected {SHA256} hex digits")
    return kept


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the files of a run that say something beside its ``result.json``."""
    paths = sorted(path for pattern in RECORDED for path in folder.glob(pattern) if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def check_recorded(path: Path, digests: Collection[str]) -> None:
    """Check that a file is one that belongs to its ``result.json``, by the digests kept there.

    Args:
        path: the file.
        digests: see :meth:`Result.digests_of`; without any, nothing is known of the file.

    Raises:
        UserError: it has been changed or exchanged since, or cannot be read.
    """
    if digests and hashlib.sha256(files.read_bytes(path)).hexdigest() not in digests:
        raise UserError(f"{path}: it is not the file that result.json was written beside")


def check_origin(path: Path, result: Result, env: Mapping[str, Any]) -> None:
    """Check that ``env.json`` is of the run whose result stands beside it.

    Raises:
        UserError: it names another commit or other data.
    """
    for name in ("git", "data_fingerprint"):
        if name in env and env[name] != getattr(result, name):
            raise UserError(f"{path}: {name} is {env[name]!r}, result.json says {getattr(result, name)!r}")


def check_speed(path: Path, result: Result, points: Sequence[Mapping[str, Any]]) -> None:
    """Check the time and the speed of a training against the points of its curve.

    Raises:
        UserError: they contradict each other.
    """
    if not points or not all({"seconds", "clips_per_second"} <= point.keys() for point in points):
        return
    seconds = sum(point["seconds"] for point in points)
    clips = sum(point["seconds"] * point["clips_per_second"] for point in points)
    for name, counted in (("train_seconds", seconds), ("clips_per_second", clips / max(seconds, 1e-9))):
        if abs(getattr(result, name) - counted) > HALF_A_TENTH:
            raise UserError(f"{path}: {name} is {getattr(result, name):g}, metrics.jsonl gives {counted:g}")
