"""The json files of a run's folder, read into values of known types.

What does not fit is a :class:`~gta.errors.UserError` that names the file and the field, so that nobody who uses a value
has to ask what it is.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.store.run_files import METRICS
from gta import files
from gta.errors import UserError

LIMIT = 64 << 20
"""The most bytes that a json file of a run may have."""
LARGEST = 2**63 - 1
LONGEST = 1000
"""Characters of a text."""
TEXTS = ("git", "precision", "data_fingerprint")
POINT = {"epochs": LARGEST, "val_top1": 100, "lr": LARGEST, "seconds": LARGEST, "clips_per_second": LARGEST}
"""Figures of a point of the curve and their largest values; the smallest is 0."""


def read_record(path: Path) -> dict[str, Any]:
    """Return the object that a json file holds.

    Raises:
        UserError: it is missing, unreadable, no regular file or holds something else.
    """
    content = files.read_json(path, LIMIT)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds {type(content).__name__}, not an object")
    return content


class Fields:
    """The fields of a json object, by type."""

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        """Look into ``content`` of the file ``path``, which errors name."""
        self._path, self._content = path, content

    def number(self, name: str, low: float, high: float) -> float:
        """Return a finite number."""
        value = self._content.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(name, f"a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, name: str, low: int, high: int = LARGEST) -> int:
        """Return a whole number, which true and 1.0 are not."""
        value = self._content.get(name)
        if type(value) is not int or not low <= value <= high:
            raise self._wrong(name, f"a whole number from {low}")
        return value

    def text(self, name: str) -> str:
        """Return one line of text that can be shown."""
        value = self._content.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not value.isprintable():
            raise self._wrong(name, "a line of text")
        return value

    def part(self, name: str) -> dict[str, Any]:
        """Return an object within the object."""
        value = self._content.get(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value

    def _wrong(self, name: str, expected: str) -> UserError:
        return UserError(f"{self._path}: {name} is {reprlib.repr(self._content.get(name))}, expected {expected}")


def read_environment(path: Path) -> dict[str, Any]:
    """Return ``env.json`` of a run, whose fields may be missing but not of another type.

    Raises:
        UserError: it is missing, unreadable, or a field is not what it should be.
    """
    content = read_record(path)
    fields = Fields(path, content)
    for name in TEXTS:
        if name in content:
            fields.text(name)
    for name in ("pretrained_sha256", "dirty"):
        if not isinstance(content.get(name), bool | None):
            fields.text(name)
    for name in ("threads", "accumulate"):
        if name in content:
            fields.whole(name, 1)
    for name in ("versions", "machine"):
        for key in fields.part(name) if name in content else ():
            inner = Fields(path, {key: content[name][key]})
            if not isinstance(content[name][key], int | None):
                inner.text(key)
    if not isinstance(content.get("resumed_from", []), list):
        raise UserError(f"{path}: resumed_from is {reprlib.repr(content['resumed_from'])}, expected a list")
    return content


def parse_epoch(line: str | bytes) -> dict[str, Any] | None:
    """Return one line of ``metrics.jsonl``, a point of the curve, or None when it is torn or of other types.

    ``epoch`` is there always; ``step``, ``train_loss``, which may be nan, and the figures of :data:`POINT` may miss.
    """
    try:
        entry = files.parse_json(line)
        if not isinstance(entry, dict):
            return None
        fields = Fields(Path(METRICS), entry)
        fields.whole("epoch", 0)
        if "step" in entry:
            fields.whole("step", 0)
        for name, high in POINT.items():
            if name in entry:
                fields.number(name, 0, high)
        if not isinstance(entry.get("train_loss", 0.0), float):  # nan is one, when the training has diverged
            fields.whole("train_loss", 0)
    except (ValueError, UserError):
        return None
    return entry


def read_points(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the points of ``metrics.jsonl`` by step, and the numbers of the lines that are none.

    A point that stands twice is the later one. The last line of a run that was killed may be torn.

    Raises:
        UserError: the file is missing, unreadable or no regular file.
    """
    points: dict[tuple[int, int], dict[str, Any]] = {}
    wrong = []
    for number, line in enumerate(files.read_bytes(path, LIMIT).splitlines(), start=1):
        entry = parse_epoch(line)
        if entry is None:
            wrong.append(number)
        else:
            points[entry["epoch"], entry.get("step", 0)] = entry
    return [points[key] for key in sorted(points)], wrong


def read_curve(path: Path, epochs: int) -> list[dict[str, Any]]:
    """Return the points of a run that has finished its ``epochs``.

    Raises:
        UserError: the file is unreadable, a line is no point, or the points do not end in the last epoch.
    """
    points, wrong = read_points(path)
    if wrong:
        raise UserError(f"{path}: line {wrong[0]} is not a point of the curve")
    last = points[-1] if points else {"epoch": -1}
    if last["epoch"] != epochs - 1 or not epochs - 1 < last.get("epochs", epochs) <= epochs:
        raise UserError(f"{path}: its points do not end in the last of the run's {epochs} epochs")
    return points
