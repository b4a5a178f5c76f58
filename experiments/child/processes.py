"""The processes of one run on several devices: the first one writes, all of them end together.

Lightning's launcher starts the others of a machine and kills all when one ends with a code but 0, also a first process
that is still writing; torchrun and srun start them all. The first process alone holds the lock, writes files and tells
the outside how the run ended, so the others end with 0 unless a failure is their own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn

RANKS = ("RANK", "GROUP_RANK", "SLURM_PROCID", "NODE_RANK", "LOCAL_RANK")
"""Variables of torchrun, srun and Lightning that number the processes of a run from 0."""
FAREWELL = {True: 60.0, False: 2.0}
"""Seconds that the others have to end after a run that went well, or did not, before they are killed."""
_CONNECTION = re.compile(r"connection (closed|reset)|broken pipe|socket|gloo|nccl|timed out", re.IGNORECASE)


class EndedElsewhere(Exception):
    """Another process of the run has ended; why is known there."""


def is_first(processes: int) -> bool:
    """Return whether this process is the first, or the only one, of a run's ``processes``; asked before they meet."""
    return processes == 1 or all(os.environ.get(name, "0") == "0" for name in RANKS)


@contextlib.contextmanager
def together(trainer: pl.Trainer) -> Iterator[None]:
    """Let the processes of ``trainer`` end together.

    Raises:
        EndedElsewhere: the block failed because another process is gone.
    """
    if trainer.world_size == 1:
        yield
        return
    connector: Any = trainer._signal_connector
    connector._sigterm_notifier_fn = lambda number, frame: setattr(connector, "received_sigterm", True)
    # Its own one broadcasts from within the handler, between any two collectives of the others. The loop tells them.
    well = False
    try:
        yield
        well = True
    except Exception as error:
        if _is_lost_peer(error):
            raise EndedElsewhere from error
        raise
    finally:
        _adopt(trainer, FAREWELL[well])


def align_gradients(network: nn.Module) -> None:
    """Let every gradient have the strides of its weight, as the buckets in which processes exchange them want it.

    Autograd gives axes of one element, such as that of the taps (C, 1, 3), strides of their own.
    """

    def aligned(weight: nn.Parameter, gradient: torch.Tensor) -> torch.Tensor:
        return gradient if gradient.stride() == weight.stride() else torch.empty_like(weight).copy_(gradient)

    for weight in network.parameters():
        if weight.requires_grad and 1 in weight.shape:
            weight.register_hook(functools.partial(aligned, weight))  # type: ignore[no-untyped-call]


def first_writes(trainer: pl.Trainer, write: Callable[[], None]) -> None:
    """Call ``write`` in the first process while the others wait until it has returned or failed.

    Raises:
        EndedElsewhere: it failed; raised in the others.
    """
    if trainer.world_size == 1:
        write()
        return
    written = False
    try:
        if trainer.is_global_zero:
            write()
            written = True
    finally:
        written = trainer.strategy.broadcast(written)
    if not written:
        raise EndedElsewhere


def collect(trainer: pl.Trainer, value: object) -> list[Any]:
    """Return the ``value`` of every process in the first one, and an empty list in the others."""
    if trainer.world_size == 1:
        return [value]

    every: list[Any] | None = [None] * trainer.world_size if trainer.is_global_zero else None
    torch.distributed.gather_object(value, every, dst=0)
    return every or []


def _is_lost_peer(error: Exception) -> bool:

    if isinstance(error, torch.distributed.DistError):
        return True
    return isinstance(error, RuntimeError) and _CONNECTION.search(str(error)) is not None


def _adopt(trainer: pl.Trainer, patience: float) -> None:
    """Take the processes that the launcher started from its observer, which would kill this one with them."""
    started: list[subprocess.Popen[bytes]] = getattr(trainer.strategy.launcher, "procs", [])
    atexit.register(_see_off, list(started), patience)
    started.clear()  # the observer looks at the same list


def _see_off(started: list[subprocess.Popen[bytes]], patience: float) -> None:
    for process in started:
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:  # it waits in a collective for this one
            process.kill()
            process.wait()
