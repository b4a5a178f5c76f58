"""The runs on disk: ``<results>/runs/<id>/``; a run is done when and only when its ``result.json`` stands.

State is derived from files. What cannot be trusted (torn, edited, of another schema, of another run) is named
as a :class:`Problem` and left out; it is never averaged in. Everything read here is JSON, nothing is a pickle.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from experiments.result import SCHEMA, Problem, Result, parse_result
from gta import files
from gta.config import RunConfig, content_id, to_dict
from gta.errors import UserError


class State(StrEnum):
    """What the files of a run's folder say about it."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    RESUME = "resume"
    NEW = "new"


class Store:
    """The runs below a results folder."""

    def __init__(self, results: Path) -> None:
        """Look at ``results``; nothing is created."""
        self.results = Path(results)
        self.runs = self.results / "runs"

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run."""
        return self.runs / run_id

    def state(self, run_id: str) -> State:
        """Return the state of a run, from its files alone."""
        folder = self.folder(run_id)
        if not folder.is_dir():
            return State.NEW
        if isinstance(self.read(run_id), Result):
            return State.DONE
        if is_locked(folder):
            return State.RUNNING
        if (folder / "error.json").exists():
            return State.FAILED
        checkpoints = folder / "ckpt"
        return State.RESUME if checkpoints.is_dir() and any(checkpoints.glob("*.ckpt")) else State.NEW

    def read(self, run_id: str) -> Result | Problem | None:
        """Return the result of a run, what is wrong with it, or None when there is none yet."""
        folder = self.folder(run_id)
        path = folder / "result.json"
        if not path.exists():
            return None
        try:
            config = self.config(run_id)
            content = files.read_json(path)
            if not isinstance(content, dict):
                raise UserError(f"{path} holds {type(content).__name__}, not an object")
            result = parse_result(path, content, self.env(run_id))
            for name, expected in (("run_id", run_id), ("profile", config["profile"]), ("seed", config["seed"])):
                if getattr(result, name) != expected:
                    raise UserError(f"{path}: {name} is {getattr(result, name)!r}, its config says {expected!r}")
        except UserError as error:
            reason = str(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")
            return Problem(path, f"{reason}; not used, the next run replaces it")
        return result

    def config(self, run_id: str) -> dict[str, Any]:
        """Return ``config.json`` of a run.

        Raises:
            UserError: it is missing, unreadable or its content does not hash to the folder's name.
        """
        path = self.folder(run_id) / "config.json"
        content = files.read_json(path)
        if not isinstance(content, dict) or not {"profile", "seed"} <= content.keys():
            raise UserError(f"{path} is not the config of a run")
        found = content_id(content)
        if found != run_id:
            raise UserError(f"{path} hashes to {found}, not to its folder's name; it was edited or moved")
        return content

    def env(self, run_id: str) -> dict[str, Any]:
        """Return ``env.json`` of a run, or an empty dict when it is missing or torn."""
        try:
            content = files.read_json(self.folder(run_id) / "env.json")
        except UserError:
            return {}
        return content if isinstance(content, dict) else {}

    def error(self, run_id: str) -> str | None:
        """Return the one-line error of a failed run."""
        path = self.folder(run_id) / "error.json"
        if not path.exists():
            return None
        try:
            content = files.read_json(path)
            return " ".join(str(content["error"]).split())
        except (UserError, KeyError, TypeError):
            return f"{path} is unreadable"

    def metrics(self, run_id: str) -> list[dict[str, Any]]:
        """Return the points of ``metrics.jsonl``; an unfinished last line is left out, a repeated point replaced."""
        path = self.folder(run_id) / "metrics.jsonl"
        points: dict[tuple[int, int], dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                entry = parse_epoch(line)
                if entry is not None:
                    points[entry["epoch"], entry.get("step", 0)] = entry
        return [points[key] for key in sorted(points)]

    def seeds(self, profile: str) -> list[int]:
        """Return the seeds of all stored runs of a profile."""
        found = set()
        for path in self.runs.glob("*/config.json"):
            try:
                content = self.config(path.parent.name)
            except UserError:
                continue
            if content["profile"] == profile and isinstance(content["seed"], int):
                found.add(content["seed"])
        return sorted(found)

    def prepare(self, config: RunConfig) -> Path:
        """Create the folder of a run with its ``config.json`` and take away the error of an earlier attempt.

        What cannot be trusted is renamed to ``*.rejected``, not deleted.

        Raises:
            UserError: the folder cannot be written.
        """
        folder = self.folder(config.id)
        path, content = folder / "config.json", to_dict(config)
        if path.exists() and _content(path) != content:
            _set_aside(folder)  # its checkpoints belong to some other config
        if not path.exists():
            files.write_json(path, content)
        if isinstance(self.read(config.id), Problem):
            _set_aside(folder / "result.json")
        (folder / "error.json").unlink(missing_ok=True)
        return folder

    def write_error(self, run_id: str, message: str) -> None:
        """Record why a run's process ended when it could not say so itself."""
        content = {"schema": SCHEMA, "error": message, "kind": "bug"}
        files.write_json(self.folder(run_id) / "error.json", content)


def is_locked(folder: Path) -> bool:
    """Return whether a process holds the lock of a run's folder."""
    path = folder / "lock"
    if not path.exists():
        return False
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def _content(path: Path) -> object:
    try:
        return files.read_json(path)
    except UserError:
        return None


def _set_aside(path: Path) -> None:
    number = 0
    while (target := path.with_name(f"{path.name}.rejected{number or ''}")).exists():
        number += 1
    path.rename(target)


def parse_epoch(line: str) -> dict[str, Any] | None:
    """Return one line of ``metrics.jsonl``, or None when it is torn."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("epoch"), int) else None
