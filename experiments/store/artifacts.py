"""Files of a run's folder that may be attached to its W&B run."""

from __future__ import annotations

from experiments.store import run_files
from gta.errors import UserError, nearest

ARTIFACTS = {
    "checkpoint": ("model", (f"{run_files.CHECKPOINTS}/{run_files.CHECKPOINT}",)),
    "scores": ("scores", (run_files.SCORES, run_files.OTHER_SCORES)),
    "passport": ("passport", (run_files.CONFIG, run_files.ENV, run_files.RESULT)),
}
"""What may be attached to a run: W&B's type, and files of the run's folder. ``env.json`` holds the data's passport."""


def read_wanted(text: str | None, origin: str) -> tuple[str, ...]:
    """Return the names of artifacts in a list such as ``checkpoint,scores``; ``origin`` is the option that holds it.

    Raises:
        UserError: one is unknown.
    """
    names = tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
    for name in names:
        if name not in ARTIFACTS:
            raise UserError(f"{origin}: there is no artifact {name!r}; {nearest(name, ARTIFACTS)}")
    return names
