"""Evaluate a trained checkpoint as it is, on other data, another split or other views; nothing is trained.

What is found lies in ``<results>/evaluations/<id>/``: ``result.json`` and ``scores.npz``, of the same form as a run's.
No table reads it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray

from experiments.child import finished
from experiments.study.overrides import check_changes, overridden
from gta import files
from gta.config import RunConfig, content_id, to_dict
from gta.data.drawn.templates import kinds_and_partners
from gta.data.module import VideoDataModule
from gta.data.sets.formats import detect
from gta.errors import UserError
from gta.scoring.accuracy import accuracies
from gta.training.recognizer import VideoRecognizer
from gta.training.speed import choose_precision
from gta.training.stored import load_checkpoint

PARTS = ("data.", "views")
"""Beginnings of the fields that may be set."""
FIXED = (
    *("data.frames", "data.flip", "data.augment", "data.colour", "data.jitter", "data.short_side"),
    *("data.modality", "data.proposals"),
)
"""Fields of the network or of the training."""


def evaluate(
    checkpoint: Path,
    data: Path,
    results: Path,
    changes: Sequence[tuple[str, str]] = (),
    workers: int = 0,
    precision: str | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Score a checkpoint and return the folder of what was found and the content of its ``result.json``.

    Args:
        checkpoint: of a run.
        data: the folder of a real data set, or of the drawn ones.
        results: parent of ``evaluations``.
        changes: fields of ``data`` or ``views`` with their values, such as ``data.evaluation_split``.
        workers: loader processes.
        precision: one of Lightning's; None: as a training chooses it.

    Raises:
        UserError: the checkpoint, the data or a change does not fit.
    """
    recognizer = load_checkpoint(checkpoint)
    run = _wanted(recognizer.run, data, changes)
    views = tuple(dict.fromkeys(run.views))
    module = VideoDataModule(run.data, data, run.train.batch_size, run.seed, workers, views=views)
    module.setup("predict")
    numbers = _numbers(module, recognizer, data)
    chosen = choose_precision(precision)["precision"]
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(
        logging.WARNING
    )  # the command's own lines say it
    warnings.filterwarnings("ignore", module="pytorch_lightning", message=".*does not have many workers")
    trainer = pl.Trainer(
        accelerator="auto",
        devices=1,
        precision=cast(Any, chosen),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        use_distributed_sampler=False,
    )
    trainer.predict(recognizer, module, return_predictions=False)
    scores = recognizer.scores
    if scores is not None:
        scores = dataclasses.replace(scores, labels=numbers[scores.labels])
    with open(checkpoint, "rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    identity = {"checkpoint": sha256, "data": to_dict(run.data), "views": [to_dict(view) for view in views]}
    identity["clips"] = module.evaluation_fingerprint
    folder = results / "evaluations" / content_id(identity)
    stored = finished.keep_scores(folder / "scores.npz", module, scores, views)
    finished.keep_predictions(folder, module, stored, views[0])
    result = identity | {
        "run_id": recognizer.run.id,
        "precision": chosen,
        "n": len(stored.labels),
        **_accuracies(stored.of(views[0]), stored.labels, recognizer),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    files.write_json(folder / "result.json", result)
    return folder, result


def _wanted(run: RunConfig, data: Path, changes: Sequence[tuple[str, str]]) -> RunConfig:
    """Return the run as it is to be evaluated: on whatever data set lies there."""
    for name, _ in changes:
        if not name.startswith(PARTS) or name in FIXED:
            raise UserError(f"--set {name}: a checkpoint is evaluated as it was trained; data.* and views can be set")
    plain = dataclasses.replace(run, changes=())
    if not run.data.drawn:
        dataset = detect(data).name
        plain = dataclasses.replace(plain, data=dataclasses.replace(run.data, dataset=dataset, content="", limit=None))
    check_changes(changes, [plain])
    return overridden(plain, changes)


def _numbers(module: VideoDataModule, recognizer: VideoRecognizer, data: Path) -> NDArray[np.int64]:
    """Return the checkpoint's number of every class of the data; the last entry is that of unknown labels, -1.

    Raises:
        UserError: the data have a class that the checkpoint does not know.
    """
    labels = module.dataset("validation").split.labels
    unknown = sorted(set(labels) - set(recognizer.labels))
    if unknown:
        raise UserError(
            f"{data} has {len(unknown)} classes that the checkpoint does not know, such as {unknown[0]!r}; it knows "
            f"{len(recognizer.labels)}, such as {recognizer.labels[0]!r}"
        )
    return np.array([*map(recognizer.labels.index, labels), -1], dtype=np.int64)


def _accuracies(
    scores: NDArray[np.floating[Any]], labels: NDArray[np.int64], recognizer: VideoRecognizer
) -> dict[str, float | None]:
    """Return top-1 and top-5 in percent, None where the answers are not known."""
    if (labels < 0).any():
        return {"top1": None, "top5": None}
    found = accuracies(scores, labels, *kinds_and_partners(recognizer.labels))
    return {"top1": found.top1, "top5": found.top5}
