"""Weights & Biases as a mirror: one run a row and seed; the study never reads it back and works without it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gta.config import RunConfig, to_dict

if TYPE_CHECKING:
    from pytorch_lightning.loggers import WandbLogger

PROJECT = "gta"


def wandb_logger(
    config: RunConfig,
    folder: Path,
    mode: str,
    tables: Sequence[str],
    rows: Sequence[str],
    env: Mapping[str, Any] | None = None,
) -> WandbLogger | None:
    """Return a logger whose run has the run's id, its table as group and its whole config.

    Args:
        config: the run.
        folder: its ``wandb`` subfolder holds the offline files.
        mode: ``offline``, ``online`` or ``disabled``.
        tables: names of the tables that use the run; the first is the group, all are tags.
        rows: names of their rows; the first is in the run's name, all are tags.
        env: the run's ``env.json``, with the passport of its data; shown as ``env`` beside the config.

    Returns:
        None when W&B is disabled, not installed or does not start: the study works without it.
    """
    if mode == "disabled" or importlib.util.find_spec("wandb") is None:
        return None
    try:
        return _start(config, folder, mode, tables, rows, env or {})
    except Exception as error:
        print(f"warning: W&B is off for this run: {' '.join(str(error).split())}", flush=True)
        return None


def _start(
    config: RunConfig,
    folder: Path,
    mode: str,
    tables: Sequence[str],
    rows: Sequence[str],
    env: Mapping[str, Any],
) -> WandbLogger:
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    os.environ.setdefault("WANDB_SILENT", "true")
    for earlier in folder.glob("wandb/offline-run-*"):  # of an interrupted attempt; this one has the whole curve
        shutil.rmtree(earlier)
    run = wandb.init(
        project=PROJECT,
        id=config.id,
        name=f"{rows[0] if rows else config.id} · seed {config.seed}",
        group=tables[0] if tables else config.profile,
        tags=[config.profile, *tables, *(row[:64] for row in rows)],
        config=to_dict(config) | {"env": dict(env)},
        dir=folder,
        mode="online" if mode == "online" else "offline",
        resume="allow" if mode == "online" else None,
        settings=wandb.Settings(console="off", x_disable_stats=True, disable_git=True, save_code=False),
    )
    return WandbLogger(experiment=run)
