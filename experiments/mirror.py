"""Weights & Biases as a mirror: one run a row and seed; the study never reads it back and works without it."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gta import files
from gta.config import RunConfig, to_dict

if TYPE_CHECKING:
    import pytorch_lightning as pl
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


def mirror_result(loggers: Iterable[pl.loggers.Logger], folder: Path) -> None:
    """Copy the result into the run's W&B summary, log the run's pictures, and finish; nothing is ever read back."""
    from pytorch_lightning.loggers import WandbLogger

    result = files.read_json(folder / "result.json")
    flat = {f"val/{name}": result[name] for name in ("top1", "top5", "pair_accuracy") if result[name] is not None}
    flat |= {f"val/top1_{kind}": value for kind, value in result["kinds"].items()}
    flat |= {name: result[name] for name in ("params", "macs", "n_val", "clips_per_second", "data_fingerprint")}
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            try:
                logger.experiment.summary.update(flat)
                try:
                    logger.experiment.log(_pictures(folder))
                finally:  # a picture that cannot be drawn must not leave the run open
                    logger.experiment.finish()
            except Exception as error:
                print(f"warning: W&B did not take the result: {error}", flush=True)


def _pictures(folder: Path) -> dict[str, Any]:
    """Return the pictures of a finished run as W&B images, by ``pictures/<what>``."""
    import wandb
    from PIL import Image

    from experiments.reporting.pictures.gallery import run_pictures
    from experiments.result import Result
    from experiments.store import Store

    store = Store(folder.parent.parent)
    result = store.read(folder.name)
    assert isinstance(result, Result)  # it has just been written
    return {
        f"pictures/{picture.name.partition('-')[2]}": wandb.Image(
            Image.open(io.BytesIO(picture.png())), caption=picture.title
        )
        for picture in run_pictures(result, store)
    }
