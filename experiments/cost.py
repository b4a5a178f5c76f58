"""What a run of a real data set would cost, before anything starts.

GPU-hours = 3 x 2 x MACs x clips x epochs / :data:`SUSTAINED` / 3600: two operations a multiply-accumulate, and a
backward pass that costs twice the forward pass. Decoding and evaluation come on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gta.config import ModelConfig, RunConfig

SUSTAINED = 60e12
DEVICE = "an A100 in bf16, a fifth of its peak"
"""Operations a second that training is assumed to reach, and where; not measured here."""
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


def estimate(runs: Iterable[RunConfig], clips: int) -> list[RunCost]:
    """Return the cost of each run; a model that several runs train is counted once."""
    from gta.flops import cost

    known: dict[tuple[ModelConfig, int], int] = {}
    found = []
    for run in runs:
        key = run.model, run.data.crop
        if key not in known:
            known[key] = cost(*key).macs
        macs, epochs = known[key], run.train.epochs
        seconds = 3 * 2 * macs * clips * epochs / SUSTAINED
        found.append(RunCost(clips, clips // run.train.batch_size * epochs, macs, seconds / 3600))
    return found
