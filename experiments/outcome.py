"""The end of a run: scores by clip, accuracies, and ``result.json`` as the last file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
from pytorch_lightning.loggers import WandbLogger

from experiments.result import SCHEMA
from gta import files
from gta.config import RunConfig
from gta.data.module import VideoDataModule
from gta.data.templates import kinds_and_partners
from gta.errors import UserError
from gta.evaluation import accuracies
from gta.flops import cost
from gta.recognizer import VideoRecognizer


def write(
    config: RunConfig,
    folder: Path,
    recognizer: VideoRecognizer,
    data: VideoDataModule,
    env: dict[str, Any],
    points: Sequence[dict[str, Any]],
) -> None:
    """Write ``scores.npz`` and then ``result.json`` from the recognizer's last validation pass."""
    scores = recognizer.scores
    ids = data.clip_ids("validation")
    if scores is None or not np.array_equal(scores.index, np.arange(len(ids))):
        raise UserError(f"{folder}: evaluation did not see each of the {len(ids)} clips once")
    views = scores.log_probabilities.astype(np.float16)[None]
    with files.replacing(folder / "scores.npz") as stream:
        np.savez_compressed(stream, clip_ids=np.array(ids), labels=scores.labels, scores=views)
    found = accuracies(views, scores.labels, *kinds_and_partners(data.labels))
    size = cost(config.model, config.data.crop)
    clips = sum(e["clips_per_second"] * e["seconds"] for e in points)
    seconds = sum(e["seconds"] for e in points)
    result = {
        "schema": SCHEMA,
        "run_id": config.id,
        "profile": config.profile,
        "seed": config.seed,
        "n_val": found.n_val,
        "top1": found.top1,
        "top5": found.top5,
        "kinds": found.kinds,
        "pair_accuracy": found.pair_accuracy,
        "params": size.params,
        "macs": size.macs,
        "train_seconds": round(seconds, 1),
        "clips_per_second": round(clips / max(seconds, 1e-9), 1),
        "data_fingerprint": data.fingerprint,
        "git": env["git"],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    files.write_json(folder / "result.json", result)


def mirror(loggers: Iterable[pl.loggers.Logger], folder: Path) -> None:
    """Copy the result into the run's W&B summary; nothing is ever read back from there."""
    result = files.read_json(folder / "result.json")
    flat = {f"val/{name}": result[name] for name in ("top1", "top5", "pair_accuracy") if result[name] is not None}
    flat |= {f"val/top1_{kind}": value for kind, value in result["kinds"].items()}
    flat |= {name: result[name] for name in ("params", "macs", "n_val", "clips_per_second", "data_fingerprint")}
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            try:
                logger.experiment.summary.update(flat)
                logger.experiment.finish()
            except Exception as error:
                print(f"warning: W&B did not take the result: {error}", flush=True)
