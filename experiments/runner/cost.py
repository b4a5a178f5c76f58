"""What a run of a real data set would cost, before anything starts.

GPU-hours = 2 x MACs x (3 x clips x epochs + evaluated clips x views) / rate / 3600: two operations a
multiply-accumulate, a backward pass that costs twice the forward pass, one view of the evaluated split after every
epoch and all views of all scored splits at the end. The rate is measured on the GPU that is there, or else
:data:`ASSUMED`. Decoding comes on top.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gta.config import ModelConfig, RunConfig
from gta.data.drawn.templates import TEMPLATES
from gta.flops import cost


@dataclass(frozen=True)
class Rate:
    """Operations a second that training reaches."""

    operations: float
    where: str
    """On what, and whether it was measured; for people."""

    def of(self, cost: RunCost) -> RunCost:
        """Return an estimated cost, which is one at the assumed rate, at this one."""
        return dataclasses.replace(cost, gpu_hours=cost.gpu_hours * ASSUMED.operations / self.operations)


ASSUMED = Rate(60e12, "an A100 in bf16, a fifth of its peak; assumed, not measured")
CORE = 45e9
"""The same for one core, on which a run of a drawn set is trained: the median of the runs of record's main table."""
OFFICIAL = {"ssv1": 86_017, "ssv2": 168_913, "k400": 246_534}
"""Training clips of the releases; copies of Kinetics lack some."""
EVALUATED = {"ssv1": 11_522, "ssv2": 24_777, "k400": 19_907}
"""Validation clips of the releases."""


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


def estimate(runs: Iterable[RunConfig], listed: int | None, evaluated: int | None = None) -> list[RunCost]:
    """Return the cost of each run on a GPU at the assumed rate; a model that several runs train is counted once.

    Args:
        runs: of one data set.
        listed: its training clips by the lists that are there; None: by the release, or by what is drawn.
        evaluated: the clips that are evaluated, likewise.
    """
    known: dict[tuple[ModelConfig, int], int] = {}

    def forward(model: ModelConfig, crop: int) -> int:
        if (model, crop) not in known:
            known[model, crop] = cost(model, crop).macs
        return known[model, crop]

    found = []
    for run in runs:
        macs, epochs = forward(run.model, run.data.crop), run.train.epochs
        clips = training_clips(run) if listed is None else listed
        operations = 3 * 2 * macs * clips * epochs
        if run.data.drawing is None:
            looks = epochs + sum(views.clips * views.crops for views in run.views) * (1 + len(run.splits))
            number = EVALUATED.get(run.data.dataset, 0) if evaluated is None else evaluated
            operations += 2 * forward(run.model, run.data.tested) * number * looks
        seconds = operations / ASSUMED.operations
        found.append(RunCost(clips, clips // run.train.batch_size * epochs, macs, seconds / 3600))
    return found


def training_clips(run: RunConfig) -> int:
    """Return the training clips that are drawn for a run, or those of the release of its data set; 0 if it has none."""
    if run.data.drawing is None:
        return OFFICIAL.get(run.data.dataset, 0)  # nothing is known of own videos whose lists cannot be read
    return run.data.drawing.train_per_template * len(TEMPLATES)


def planned_seconds(
    runs: Sequence[RunConfig], listed: int | None, processes: int, evaluated: int | None = None
) -> dict[str, float]:
    """Return how long the training of each run will take, by its id, before anything of it is measured.

    Args:
        runs: of one data set; those of a drawn one are trained on a core each, others on ``processes`` GPUs.
        listed: as in :func:`estimate`.
        processes: of each run.
        evaluated: as in :func:`estimate`.
    """
    costs = zip(runs, estimate(runs, listed, evaluated), strict=True)
    drawn = ASSUMED.operations / CORE
    return {run.id: 3600 * c.gpu_hours * (drawn if run.data.drawn else 1 / processes) for run, c in costs}
