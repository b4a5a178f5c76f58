"""Loader processes of a run: as many as its device needs, its cores allow and shared memory holds.

A loader hands its batches over in shared memory, which many containers have little of: a loader that finds none left
is killed in the middle of an epoch.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from experiments.runner import batches
from experiments.runner.child_options import ChildOptions
from gta.config import RunConfig

PICTURES, VIDEOS = 3, 6
"""Cores that keep one GPU busy: where frames are jpg files, and where videos are decoded. Beyond, they would wait."""
AHEAD = 2
"""Batches that each loader makes ahead (torch's default)."""
SHARED = Path("/dev/shm")


def workers(config: RunConfig, child: ChildOptions) -> int:
    """Return the loader processes of each process that computes a run: as many as asked for, or that fit.

    Raises:
        UserError: ``GTA_WORKERS`` is not a whole number, or the batch cannot be shared as ``child`` says.
    """
    return _fitting(config, child) if child.workers is None else child.workers


def _fitting(config: RunConfig, child: ChildOptions) -> int:
    if config.data.drawn:
        return batches.workers(0)  # its frames are in memory
    cores = max(1, child.threads // child.devices)
    wanted = min(cores, PICTURES if config.data.dataset == "ssv1" else VIDEOS)
    free = free_bytes()
    if free is not None:
        wanted = min(wanted, free // (child.devices * AHEAD * batch_bytes(config, batches.at_once(config, child))))
    return batches.workers(wanted)


def batch_bytes(config: RunConfig, clips: int) -> int:
    """Return the bytes of a batch of ``clips``: one each of a frame's pixels and channels."""
    side = max(config.data.crop, config.data.tested)
    return clips * config.data.frames * side * side * config.data.channels


def free_bytes() -> int | None:
    """Return what is free of shared memory, or None where there is no such folder."""
    return shutil.disk_usage(SHARED).free if SHARED.is_dir() else None


def remark(config: RunConfig, child: ChildOptions) -> str:
    """Return what the loader processes of a run of a real data set hold in shared memory, for its plan.

    Raises:
        UserError: as :func:`workers`.
    """
    found, free = workers(config, child), free_bytes()
    held = found * child.devices * AHEAD * batch_bytes(config, batches.at_once(config, child))
    line = f"{found} loader processes for each GPU of a run hold up to {_mebibytes(held)} of batches in {SHARED}"
    if free is None:
        return line
    short = "; a smaller --workers, or more of it, for a run is killed when it is full" if held > free else ""
    return f"{line}, where {_mebibytes(free)} are free on this machine{short}"


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
