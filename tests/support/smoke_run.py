"""One run of the smoke profile, trained for real in this process."""

from __future__ import annotations

from pathlib import Path

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


def start(ground: Ground, folder: Path, *options: str) -> int:
    """Train in ``folder``, or go on there; return the exit code."""
    data, weights, run = ground
    if not (folder / "config.json").exists():
        files.write_json(folder / "config.json", to_dict(run))
    return child.main([str(folder), "--data", str(data), "--pretrained", str(weights), *options])
