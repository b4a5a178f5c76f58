"""The environment variables ``GTA_...``: the only place that reads them. ``docs/train.md`` has their table.

They say how a run is computed, never what it is, so they are no part of its identity. A child process inherits them.
A plan checks all of them before anything starts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

from gta.errors import UserError, nearest

PREFIX = "GTA_"


@dataclass(frozen=True)
class Variables:
    """What is written in each variable; None where it is not set. A value is checked where it is used."""

    accumulate: str | None = None
    """A process computes its share of a batch in so many parts and sums their gradients. The learning rate stays that
    of the whole batch; batch norm sees a part, as it does on each of several devices."""
    allow_unreadable: str | None = None
    """1 counts clips of the evaluation that cannot be read as wrong and names them in the result; otherwise such a clip
    fails the run."""
    damaged: str | None = None
    """The largest part of the training clips that may be replaced because they cannot be read, such as 0.01 or 1%."""
    decoder: str | None = None
    """What decodes videos, ``pyav`` or ``torchcodec``; both give the same pixels."""
    wandb_artifacts: str | None = None
    """Files that a training attaches to its W&B run: some of ``checkpoint,scores,passport``."""
    weights: str | None = None
    """A further folder with public weights."""
    workers: str | None = None
    """Loader processes of a run; they change its speed and memory, not its clips."""


def read_variables() -> Variables:
    """Return what the environment says now."""
    return Variables(**{field.name: os.environ.get(f"{PREFIX}{field.name.upper()}") for field in fields(Variables)})


def misspelt_variables() -> list[str]:
    """Return a line for each variable of this prefix that nothing reads, with the nearest names that are read."""
    known = [f"{PREFIX}{field.name.upper()}" for field in fields(Variables)]
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    return [f"nothing reads the environment variable {name}; {nearest(name, known)}" for name in unknown]


def allow_unreadable() -> bool:
    """Return whether clips of the evaluation that cannot be read count as wrong.

    Raises:
        UserError: the variable is neither 1 nor 0.
    """
    text = read_variables().allow_unreadable or "0"
    if text not in ("0", "1"):
        raise UserError(f"GTA_ALLOW_UNREADABLE is {text!r}; it must be 1, or 0 for a run that fails on such a clip")
    return text == "1"


def weights_folder() -> Path | None:
    """Return the further folder with public weights, if one is named.

    Raises:
        UserError: it is no folder.
    """
    text = read_variables().weights
    if text and not os.path.isdir(text):
        raise UserError(f"GTA_WEIGHTS is {text!r}, which is no folder; make it, or unset the variable")
    return Path(text) if text else None
