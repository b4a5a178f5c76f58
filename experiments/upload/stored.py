"""One stored run as a W&B run: written as a live run is, from the files that it has left."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.child import wandb_content as content
from experiments.child.labels import labels
from experiments.store.result import Problem, Result
from experiments.store.store import Store
from gta.config import run_from_dict
from gta.errors import UserError
from gta.files import read_json


@dataclass(frozen=True)
class Target:
    """Where runs are uploaded to, and what of them."""

    results: Path
    out: Path
    """The folder that gets ``wandb/offline-run-*``, or W&B's own files of an upload."""
    online: bool = False
    pictures: bool = True
    artifacts: tuple[str, ...] = ()


def finished(store: Store, profiles: tuple[str, ...]) -> tuple[list[str], list[Problem]]:
    """Return the ids of the finished runs of some profiles (of all, when none is named), and what cannot be trusted."""
    ids, problems = [], []
    for path in sorted(store.runs.glob("*/result.json")):
        found = store.read(path.parent.name)
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None and (not profiles or found.profile in profiles):
            ids.append(found.run_id)
    return ids, problems


def send(target: Target, run_id: str) -> str:
    """Write one stored run to W&B and return its id; W&B's service stays for the next one.

    Raises:
        UserError: the run is not to be trusted, or its config is of another version.
        Exception: what W&B raises.
    """
    import wandb

    store = Store(target.results)
    folder, result = store.folder(run_id), store.read(run_id)
    if not isinstance(result, Result):
        raise UserError(str(result or f"{folder} has no result"))
    path = folder / "config.json"
    try:
        config = run_from_dict(read_json(path))
    except ValueError as error:
        raise UserError(f"{path} is not the config of a run of this version: {error}") from error
    shown = content.pictures(folder) if target.pictures else {}
    target.out.mkdir(parents=True, exist_ok=True)
    with wandb.init(
        **content.arguments(config, labels(config), result.env),
        dir=target.out,
        mode="online" if target.online else "offline",
        resume="allow" if target.online else None,
        settings=content.settings(x_disable_stats=True),  # this machine is not the one that trained
    ) as run:
        content.define_curve(run)
        _log(run, result, shown)
        run.summary.update(content.summary(folder))
        content.attach(run, folder, target.artifacts)
    return run_id


def _log(run: Any, result: Result, shown: dict[str, Any]) -> None:  # noqa: ANN401 - an untyped package
    """Log the points of the curve, at the times when they were measured, and the pictures after them."""
    known = run.starting_step  # of a run that the server has from before
    last: dict[str, float] = {}
    for point in result.points:
        if "step" in point and point["step"] >= known:
            last = {"_timestamp": point["time"]} if "time" in point else {}
            run.log(content.curve(point) | last, step=point["step"], commit=True)
    if shown:
        run.log(shown | last)


def end_service() -> None:
    """End W&B's service of this process, so that all of its files are whole."""
    if "wandb" in __import__("sys").modules:
        import wandb

        wandb.teardown()
    os.environ.pop("WANDB_SERVICE", None)
