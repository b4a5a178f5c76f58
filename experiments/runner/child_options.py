"""Where and how a run is computed: said by the runner on the child's command line and read back there."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
"""Lightning's names."""
LOGGERS = ("wandb", "csv", "tensorboard")
"""Where the curves of a run go beside its own files."""


@dataclass(frozen=True)
class ChildOptions:
    """Where and how a run is computed; nothing here is part of its identity."""

    folder: Path
    """Of the run."""
    data: Path
    wandb: str = "disabled"
    tables: tuple[str, ...] = ()
    """That read the run."""
    rows: tuple[str, ...] = ()
    devices: int = 1
    nodes: int = 1
    threads: int = 1
    workers: int | None = None
    """Loader processes; None: as :func:`experiments.runner.loading.workers`."""
    accumulate: int | None = None
    """In how many parts a process computes its share of a batch; None: as :func:`experiments.runner.batches.parts`."""
    compile: bool = False
    """Whether ``torch.compile`` makes one program of the network."""
    loggers: tuple[str, ...] = ()
    """Of ``LOGGERS``, beside Weights & Biases, of which ``wandb`` says whether it is used."""
    keep_best: bool = False
    """Whether ``ckpt/best.ckpt`` is the epoch of the highest top-1 on the evaluation split."""
    keep_every: int | None = None
    """Every so many epochs one checkpoint stays, as ``ckpt/epoch-0005.ckpt``."""
    precision: str | None = None
    """One of ``PRECISIONS``; None: as :func:`experiments.child.environment.choose_precision` finds."""
    pretrained: Path | None = None

    @property
    def processes(self) -> int:
        """Number of processes that compute the run together, one a device."""
        return self.devices * self.nodes

    def arguments(self) -> list[str]:
        """Return the arguments of ``experiments.train``; :func:`read_child_options` reads them back."""
        arguments = [_path(self.folder), "--data", _path(self.data), "--wandb", self.wandb]
        arguments += ["--table", *self.tables, "--row", *self.rows]
        arguments += ["--devices", str(self.devices), "--nodes", str(self.nodes), "--threads", str(self.threads)]
        if self.workers is not None:
            arguments += ["--workers", str(self.workers)]
        if self.precision is not None:
            arguments += ["--precision", self.precision]
        if self.accumulate is not None:
            arguments += ["--accumulate", str(self.accumulate)]
        arguments += ["--compile"] * self.compile + ["--keep-best"] * self.keep_best
        if self.keep_every is not None:
            arguments += ["--keep-every", str(self.keep_every)]
        if self.loggers:
            arguments += ["--logger", *self.loggers]
        if self.pretrained is not None:
            arguments += ["--pretrained", _path(self.pretrained)]
        return arguments


def read_child_options(arguments: Sequence[str] | None) -> ChildOptions:
    """Return what a command line says; None: that of this process."""
    parser = argparse.ArgumentParser(prog="python -m experiments.train", description="Train and evaluate one run.")
    parser.add_argument("folder", metavar="RUN_DIR", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--wandb", choices=("offline", "online", "disabled"), default="disabled")
    parser.add_argument("--table", dest="tables", nargs="*", default=[])
    parser.add_argument("--row", dest="rows", nargs="*", default=[])
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--precision", choices=PRECISIONS)
    parser.add_argument("--accumulate", type=int)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--logger", dest="loggers", nargs="*", choices=LOGGERS, default=[])
    parser.add_argument("--keep-best", action="store_true")
    parser.add_argument("--keep-every", type=int)
    parser.add_argument("--pretrained", type=Path)
    values = vars(parser.parse_args(arguments))
    return ChildOptions(**{**values, **{name: tuple(values[name]) for name in ("tables", "rows", "loggers")}})


def _path(path: Path) -> str:
    """Return a path that no command line takes for an option."""
    return os.path.join(os.curdir, path)
