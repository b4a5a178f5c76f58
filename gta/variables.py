"""The environment variables ``GTA_...``: the only place that reads them. ``docs/train.md`` has their table.

They say how a run is computed, never what it is, so they are no part of its identity. A child process inherits them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

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
