"""Which runs W&B has already, so that an upload that is repeated sends nothing twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from experiments.child import wandb_content as content
from experiments.child.offline_wandb import summarise
from experiments.upload.stored import Target
from gta.errors import UserError

AT_ONCE = 100
"""Ids in one question to the server."""


class Known:
    """The runs that an offline folder or a server has, by what their results hash to."""

    def __init__(self, target: Target, ids: Sequence[str]) -> None:
        """Ask for the runs of these ids.

        Raises:
            UserError: the server cannot be asked.
        """
        self._folders: dict[str, list[Path]] = {}
        self._digests: dict[str, str | None] = {}
        if target.online:
            self._digests = _on_server(ids)
        else:
            self._read(target.out)

    def has(self, run_id: str, digest: str) -> bool:
        """Return whether a run is there whole, made from a result of this digest."""
        return self._digests.get(run_id) == digest

    def replaced(self, run_id: str) -> None:
        """Delete the earlier offline folders of a run that has been written again."""
        for path in self._folders.pop(run_id, []):
            shutil.rmtree(path, ignore_errors=True)

    def _read(self, out: Path) -> None:
        for path in sorted(out.glob("wandb/offline-run-*/run-*.wandb")):
            run_id = path.stem.removeprefix("run-")
            self._folders.setdefault(run_id, []).append(path.parent)
            try:
                run = summarise(path)
            except UserError:  # cut off before its first line
                continue
            if run.get("exit") == 0:
                self._digests[run_id] = run["summary"].get(content.RESULT)


def _on_server(ids: Sequence[str]) -> dict[str, str | None]:
    """Return the digests of those of ``ids`` that the server has, None where it has no whole run."""
    import wandb

    found: dict[str, str | None] = {}
    try:
        api = wandb.Api()
        entity = os.environ.get("WANDB_ENTITY") or api.default_entity
        if content.project() not in [project.name for project in api.projects(entity)]:
            return {}
        for at in range(0, len(ids), AT_ONCE):
            filters = {"name": {"$in": list(ids[at : at + AT_ONCE])}}  # W&B's filters call a run's id its name
            for run in api.runs(f"{entity}/{content.project()}", filters=filters, per_page=AT_ONCE):
                found[run.id] = run.summary.get(content.RESULT) if run.state == "finished" else None
    except Exception as error:
        raise UserError(f"the W&B server cannot be asked which runs it has: {' '.join(str(error).split())}") from error
    return found
