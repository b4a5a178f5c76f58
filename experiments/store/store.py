"""The runs on disk: ``<results>/runs/<id>/``; a run is done when and only when its ``result.json`` stands.

State is derived from files. What cannot be trusted (torn, edited, of another schema, of another run) is named
as a :class:`Problem` and left out; it is never averaged in. Everything read here is JSON, nothing is a pickle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from experiments.store.records import LARGEST, Fields, read_curve, read_environment, read_points, read_record
from experiments.store.result import SCHEMA, Problem, Result, check_origin, check_recorded, check_speed, parse_result
from experiments.store.run_files import CHECKPOINTS, CONFIG, ENV, ERROR, LOCK, METRICS, RESULT, WATCHED
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
        if os.path.lexists(folder / ERROR):
            return State.FAILED
        checkpoints = folder / CHECKPOINTS
        return State.RESUME if checkpoints.is_dir() and any(checkpoints.glob("*.ckpt")) else State.NEW

    def read(self, run_id: str) -> Result | Problem | None:
        """Return the result of a run, what is wrong with it, or None when there is none yet."""
        folder = self.folder(run_id)
        path = folder / RESULT
        if not os.path.lexists(path):
            return None
        try:
            config = self.config(run_id)
            result = parse_result(path, read_record(path))
            for name, expected in (("run_id", run_id), ("profile", config["profile"]), ("seed", config["seed"])):
                if getattr(result, name) != expected:
                    raise UserError(f"{path}: {name} is {getattr(result, name)!r}, its config says {expected!r}")
            return self._beside(result, config)
        except UserError as error:
            return Problem(path, f"{_reason(path, error)}; not used, the next run replaces it")

    def _beside(self, result: Result, config: dict[str, Any]) -> Result:
        """Add the environment and the curve of a finished run.

        Raises:
            UserError: the curve contradicts the result.
        """
        folder = self.folder(result.run_id)
        unused: list[Problem] = []
        env: dict[str, Any] = {}
        points: list[dict[str, Any]] = []
        if os.path.lexists(path := folder / ENV):
            try:
                check_recorded(path, result.digests_of(path.name))
                env = read_environment(path)
                check_origin(path, result, env)
            except UserError as error:
                env = {}
                unused.append(Problem(path, f"{_reason(path, error)}; not used"))
        if os.path.lexists(path := folder / METRICS):
            try:
                check_recorded(path, result.digests_of(path.name))
                points = read_curve(path, config["train"]["epochs"])
            except UserError as error:
                unused.append(Problem(path, f"{_reason(path, error)}; not used"))
        check_speed(folder / RESULT, result, points)
        return dataclasses.replace(result, env=env, points=tuple(points), unused=tuple(unused))

    def config(self, run_id: str) -> dict[str, Any]:
        """Return ``config.json`` of a run.

        Raises:
            UserError: it is missing, unreadable or its content does not hash to the folder's name.
        """
        path = self.folder(run_id) / CONFIG
        content = read_record(path)
        fields = Fields(path, content)
        fields.text("profile")
        fields.whole("seed", -LARGEST)
        Fields(path, fields.part("train")).whole("epochs", 1)
        found = content_id(content)
        if found != run_id:
            raise UserError(f"{path} hashes to {found}, not to its folder's name; it was edited or moved")
        return content

    def error(self, run_id: str) -> str | None:
        """Return the one-line error of a failed run."""
        path = self.folder(run_id) / ERROR
        if not os.path.lexists(path):
            return None
        try:
            words = read_record(path)["error"].split()
        except (UserError, KeyError, AttributeError):
            return f"{path} is unreadable"
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(words))

    def metrics(self, run_id: str) -> list[dict[str, Any]]:
        """Return the points of ``metrics.jsonl`` as far as they are whole, of a run in whatever state."""
        try:
            return read_points(self.folder(run_id) / METRICS)[0]
        except UserError:
            return []

    def configs(self, profile: str) -> list[dict[str, Any]]:
        """Return the configs of all stored runs of a profile, as far as they can be read."""
        readable = []
        for path in self.runs.glob("*/config.json"):
            with contextlib.suppress(UserError):
                readable.append(self.config(path.parent.name))
        return [content for content in readable if content["profile"] == profile]

    def seeds(self, profile: str) -> list[int]:
        """Return the seeds of all stored runs of a profile."""
        return sorted({content["seed"] for content in self.configs(profile)})

    def prepare(self, config: RunConfig) -> Path:
        """Create the folder of a run with its ``config.json`` and take away the error of an earlier attempt.

        What cannot be trusted is renamed to ``*.rejected``, not deleted.

        Raises:
            UserError: the folder cannot be written.
        """
        folder = self.folder(config.id)
        path, content = folder / CONFIG, to_dict(config)
        if os.path.lexists(path) and _content(path) != content:
            _set_aside(folder)  # its checkpoints belong to some other config
        if os.path.lexists(folder) and not folder.is_dir():
            _set_aside(folder)
        if not path.exists():
            files.write_json(path, content)
        if isinstance(self.read(config.id), Problem):
            _set_aside(folder / RESULT)
        for name in WATCHED:
            if os.path.lexists(folder / name) and not (folder / name).is_file():
                _set_aside(folder / name)  # a pipe of this name would be waited for
        (folder / ERROR).unlink(missing_ok=True)
        return folder

    def write_error(self, run_id: str, message: str) -> None:
        """Record why a run's process ended when it could not say so itself."""
        content = {"schema": SCHEMA, "error": message, "kind": "bug"}
        files.write_json(self.folder(run_id) / ERROR, content)


def is_locked(folder: Path) -> bool:
    """Return whether a process holds the lock of a run's folder."""
    path = folder / LOCK
    if not path.is_file():
        return False

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def _reason(path: Path, error: UserError) -> str:
    """Return an error without the path that it begins with."""
    return str(error).removeprefix(f"{path}").lstrip(": ")


def _content(path: Path) -> object:
    try:
        return files.read_json(path)
    except UserError:
        return None


def _set_aside(path: Path) -> None:
    number = 0
    while os.path.lexists(target := path.with_name(f"{path.name}.rejected{number or ''}")):
        number += 1
    path.rename(target)
