"""Where and how a run is computed: said by the runner on the child's command line and read back there."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
"""Lightning's names."""


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
    """Loader processes; None: as many as threads where videos are decoded, none for a drawn set."""
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
    parser.add_argument("--pretrained", type=Path)
    values = vars(parser.parse_args(arguments))
    return ChildOptions(**{**values, "tables": tuple(values["tables"]), "rows": tuple(values["rows"])})


def _path(path: Path) -> str:
    """Return a path that no command line takes for an option."""
    return os.path.join(os.curdir, path)
