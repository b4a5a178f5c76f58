"""What a finished run left behind, checked field by field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gta.errors import UserError

SCHEMA = 1
"""Version of ``result.json`` and ``error.json``."""


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
    """The content of a valid ``result.json``; accuracies in percent, None where the data set has no such figure."""

    run_id: str
    profile: str
    seed: int
    n_val: int
    top1: float
    top5: float | None
    kinds: Mapping[str, float]
    pair_accuracy: float | None
    params: int
    macs: int
    train_seconds: float
    clips_per_second: float
    data_fingerprint: str
    git: str
    finished: str
    evaluated: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint of the clips of every scored split; empty for runs of before it was written."""
    env: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """``env.json`` of the run: versions, machine, precision; empty when it is missing."""


def parse_result(path: Path, content: Mapping[str, Any], env: Mapping[str, Any]) -> Result:
    """Check the content of ``result.json`` and return it.

    Raises:
        UserError: a field is missing, of the wrong type or out of its range.
    """
    if content.get("schema") != SCHEMA:
        raise UserError(f"{path}: schema is {content.get('schema')!r}, this version reads {SCHEMA}")

    def number(name: str, low: float, high: float, source: Mapping[str, Any] = content) -> float:
        value = source.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise UserError(f"{path}: {name} is {value!r}, expected a number from {low:g} to {high:g}")
        return value

    def text(name: str, source: Mapping[str, Any] = content) -> str:
        value = source.get(name)
        if not isinstance(value, str):
            raise UserError(f"{path}: {name} is {value!r}, expected text")
        return value

    def percent(name: str) -> float | None:
        return None if content.get(name) is None else number(name, 0, 100)

    kinds = content.get("kinds") or {}
    if not isinstance(kinds, dict):
        raise UserError(f"{path}: kinds is {kinds!r}, expected an object")
    evaluated = content.get("evaluated", {})
    if not isinstance(evaluated, dict):
        raise UserError(f"{path}: evaluated is {evaluated!r}, expected an object")
    large = math.nextafter(math.inf, 0)
    return Result(
        run_id=text("run_id"),
        profile=text("profile"),
        seed=int(number("seed", -large, large)),
        n_val=int(number("n_val", 1, large)),
        top1=number("top1", 0, 100),
        top5=percent("top5"),
        kinds={name: number(name, 0, 100, kinds) for name, value in kinds.items() if value is not None},
        pair_accuracy=percent("pair_accuracy"),
        params=int(number("params", 1, large)),
        macs=int(number("macs", 1, large)),
        train_seconds=number("train_seconds", 0, large),
        clips_per_second=number("clips_per_second", 0, large),
        data_fingerprint=text("data_fingerprint"),
        git=text("git"),
        finished=text("finished"),
        evaluated={name: text(name, evaluated) for name in evaluated},
        env=env,
    )
