"""One stored run as a W&B run: written as a live run is, from the files that it has left."""

from __future__ import annotations

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

    def start(self, **arguments: Any) -> Any:  # noqa: ANN401 - an untyped package
        """Begin a W&B run with these arguments of ``wandb.init``; a context that ends it."""
        import wandb

        self.out.mkdir(parents=True, exist_ok=True)
        return wandb.init(
            **arguments,
            dir=self.out,
            mode="online" if self.online else "offline",
            resume="allow" if self.online else None,
            settings=content.settings(x_disable_stats=True),  # this machine is not the one that trained
        )


def finished(store: Store, profiles: tuple[str, ...] = ()) -> tuple[dict[str, str], list[Problem]]:
    """Return the ids of finished runs with the digests of their results, and what cannot be trusted.

    Args:
        store: the runs.
        profiles: those of which runs are wanted; none: all.
    """
    found: dict[str, str] = {}
    problems = []
    for path in sorted(store.runs.glob("*/result.json")):
        result = store.read(path.parent.name)
        if isinstance(result, Problem):
            problems.append(result)
        elif result is not None and (not profiles or result.profile in profiles):
            found[result.run_id] = content.digest(path)
    return found, problems


def send(target: Target, run_id: str) -> str:
    """Write one stored run to W&B and return its id.

    Raises:
        UserError: the run is not to be trusted, or its config is of another version.
        Exception: what W&B raises.
    """
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
    with target.start(**content.arguments(config, labels(config), result.env)) as run:
        content.define_curve(run)
        _log(run, result, shown)
        run.summary.update(content.summary(folder))
        content.attach(run, folder, target.artifacts)
    return run_id


def _log(run: Any, result: Result, shown: dict[str, Any]) -> None:  # noqa: ANN401 - an untyped package
    """Log the points of the curve that W&B lacks, at the times when they were measured, and the pictures after them."""
    time: dict[str, float] = {}
    for point in result.points:
        if "step" in point and point["step"] >= run.starting_step:
            time = {"_timestamp": point["time"]} if "time" in point else {}
            run.log(content.curve(point) | time, step=point["step"], commit=True)
    if shown:
        run.log(shown | time)
