"""One run of the smoke profile, trained for real once a session; tests read it or work on copies."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from experiments import train as child
from experiments.runner.prepare import prepare
from experiments.study.profiles import SMOKE
from experiments.tables import TABLES
from gta import files
from gta.config import RunConfig, to_dict

ROW = TABLES["table_ablation_components"].rows[0]
Ground = tuple[Path, Path, RunConfig]


def lay(folder: Path) -> Ground:
    """Return the smoke data, the pre-trained weights and the config of one run."""
    run = SMOKE.resolve(ROW, 0)
    weights = prepare([run], folder / "data", folder, lambda line: None)[run.id]
    return folder / "data", weights, run


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that ``make`` fills once a session, by whichever of its processes comes first."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own below the session's
        base = base.parent
    folder, done = base / name, base / f"{name}.done"
    with FileLock(base / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below ``folder`` by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def start(ground: Ground, folder: Path, *options: str) -> int:
    """Train in ``folder``, or go on there; return the exit code."""
    data, weights, run = ground
    if not (folder / "config.json").exists():
        files.write_json(folder / "config.json", to_dict(run))
    return child.main([str(folder), "--data", str(data), "--pretrained", str(weights), *options])
