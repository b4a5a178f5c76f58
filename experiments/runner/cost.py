"""What a run of a real data set would cost, before anything starts.

GPU-hours = 3 x 2 x MACs x clips x epochs / :data:`SUSTAINED` / 3600: two operations a multiply-accumulate, and a
backward pass that costs twice the forward pass. Decoding and evaluation come on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gta.config import ModelConfig, RunConfig
from gta.data.drawn.templates import TEMPLATES
from gta.flops import cost

SUSTAINED = 60e12
DEVICE = "an A100 in bf16, a fifth of its peak"
"""Operations a second that training is assumed to reach, and where; not measured here."""
CORE = 45e9
"""The same for one core, on which a run of a drawn set is trained: the median of the runs of record's main table."""
OFFICIAL = {"ssv1": 86_017, "ssv2": 168_913, "k400": 246_534}
"""Training clips of the releases; copies of Kinetics lack some."""


@dataclass(frozen=True)
class RunCost:
    """What one run would compute."""

    clips: int
    """In an epoch."""
    steps: int
    """Of the optimiser, in all epochs."""
    macs: int
    """Multiply-accumulates of the forward pass of one training clip."""
    gpu_hours: float


def estimate(runs: Iterable[RunConfig], listed: int | None) -> list[RunCost]:
    """Return the cost of each run on a GPU; a model that several runs train is counted once.

    Args:
        runs: of one data set.
        listed: its training clips by the lists that are there; None: by the release, or by what is drawn.
    """
    known: dict[tuple[ModelConfig, int], int] = {}
    found = []
    for run in runs:
        key = run.model, run.data.crop
        if key not in known:
            known[key] = cost(*key).macs
        macs, epochs, clips = known[key], run.train.epochs, training_clips(run) if listed is None else listed
        seconds = 3 * 2 * macs * clips * epochs / SUSTAINED
        found.append(RunCost(clips, clips // run.train.batch_size * epochs, macs, seconds / 3600))
    return found


def training_clips(run: RunConfig) -> int:
    """Return the training clips that are drawn for a run, or those of the release of its data set."""
    if run.data.drawing is None:
        return OFFICIAL[run.data.dataset]
    return run.data.drawing.train_per_template * len(TEMPLATES)


def planned_seconds(runs: Sequence[RunConfig], listed: int | None, processes: int) -> dict[str, float]:
    """Return how long the training of each run will take, by its id, before anything of it is measured.

    Args:
        runs: of one data set; those of a drawn one are trained on a core each, others on ``processes`` GPUs.
        listed: as in :func:`estimate`.
        processes: of each run.
    """
    costs = zip(runs, estimate(runs, listed), strict=True)
    drawn = SUSTAINED / CORE
    return {run.id: 3600 * c.gpu_hours * (drawn if run.data.drawn else 1 / processes) for run, c in costs}
