"""Which runs W&B has already, so that an upload that is repeated sends nothing twice."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.child import wandb_content as content
from experiments.child.offline_wandb import summarise
from gta.errors import UserError

AT_ONCE = 100
"""Ids in one question to the server."""


def offline(out: Path) -> dict[str, dict[Path, str | None]]:
    """Return the folders of the offline runs below ``out``, by run id, each with the digest of what it was made from.

    The digest is None when the run was not ended, or has not been told whole.
    """
    found: dict[str, dict[Path, str | None]] = {}
    for path in sorted(out.glob("wandb/offline-run-*/run-*.wandb")):
        try:
            run = summarise(path)
        except UserError:  # cut off before its first line
            run = {}
        run_id = path.stem.removeprefix("run-")
        whole = run.get("exit") == 0
        found.setdefault(run_id, {})[path.parent] = run["summary"].get(content.RESULT) if whole else None
    return found


def online(ids: Sequence[str], path: str | None = None) -> dict[str, str | None]:
    """Return the digests of those of ``ids`` that the server has, None where it has no whole run.

    Args:
        ids: of runs.
        path: ``entity/project``; None: as the environment says.

    Raises:
        UserError: the server cannot be asked.
    """
    import wandb

    api = wandb.Api()
    project = path or f"{api.default_entity}/{content.project()}"
    found: dict[str, str | None] = {}
    try:
        if content.project() not in [known.name for known in api.projects(project.partition("/")[0])]:
            return {}
        for at in range(0, len(ids), AT_ONCE):
            filters = {"name": {"$in": list(ids[at : at + AT_ONCE])}}  # W&B's filters call a run's id its name
            for run in api.runs(project, filters=filters, per_page=AT_ONCE):
                found[run.id] = run.summary.get(content.RESULT) if run.state == "finished" else None
    except Exception as error:
        raise UserError(f"the W&B server cannot be asked which runs it has: {' '.join(str(error).split())}") from error
    return found


def forget(earlier: Mapping[Path, str | None]) -> None:
    """Delete offline folders of a run that has been written again."""
    for path in earlier:
        shutil.rmtree(path, ignore_errors=True)
