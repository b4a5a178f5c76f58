"""The end of a run: scores by clip, accuracies, and ``result.json`` as the last file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import numpy as np

from experiments.store.result import SCHEMA, digests
from experiments.store.run_files import LOOKS, MATRICES, PREDICTIONS, RESULT
from gta import files
from gta.config import RunConfig, ViewsConfig
from gta.config.views import view_table
from gta.data.drawn.templates import kinds_and_partners
from gta.data.module import Role, VideoDataModule
from gta.errors import UserError
from gta.explain.capture import capture_looks
from gta.explain.explanation import temporal_matrices
from gta.explain.looks import write_looks
from gta.flops import cost
from gta.scoring.accuracy import accuracies
from gta.scoring.scores import StoredScores, write_scores
from gta.scoring.submission import GUESSES, write_submission
from gta.training.recognizer import Scores, VideoRecognizer

SHOWN = 3
"""Clips of the evaluation split that :func:`keep_looks` shows."""


def keep_scores(path: Path, data: VideoDataModule, scores: Scores | None, views: Sequence[ViewsConfig]) -> StoredScores:
    """Write the scores of a split and return what was written.

    Raises:
        UserError: a clip or a view was not scored, or the file cannot be written.
    """
    ids, table = data.clip_ids("validation"), view_table(views)
    if (
        scores is None
        or not np.array_equal(scores.index, np.arange(len(ids)))
        or len(scores.log_probabilities) != len(table)
    ):
        raise UserError(f"{path}: evaluation did not see each of the {len(ids)} clips in {len(table)} views once")
    stored = StoredScores(np.array(ids), scores.labels, scores.log_probabilities.astype(np.float16), table)
    write_scores(path, stored)
    return stored


def keep_predictions(folder: Path, data: VideoDataModule, stored: StoredScores, views: ViewsConfig) -> None:
    """Write ``test-predictions.csv`` for the test set of Something-Something; other data sets have no such file."""
    guesses = GUESSES.get(data.data.dataset)
    if guesses is not None and data.data.evaluation_split == "test":
        path = folder / PREDICTIONS
        write_submission(path, stored.clip_ids.tolist(), stored.probabilities(views), data.labels, guesses)


def keep_matrices(folder: Path, recognizer: VideoRecognizer) -> None:
    """Write the temporal matrices of GTA blocks, so that they can be drawn without the checkpoint.

    ``matrices.npz`` holds for every path of every block, such as ``res3[0].pixel``, the mean of |M| over groups and
    heads, float32 (T, T) as [out, in]. A model without GTA has no such file.
    """
    matrices = temporal_matrices(recognizer.model)
    if matrices:
        files.write_arrays(folder / MATRICES, matrices)


def keep_looks(config: RunConfig, folder: Path, recognizer: VideoRecognizer, data: VideoDataModule) -> None:
    """Write where the model looks in a few clips of the evaluation split, see :mod:`gta.explain.capture`.

    The clips stand evenly in the split's order, so that all runs of a data set look at the same ones. A model without a
    block that can be looked into has no such file, nor one that sees flow or proposals.
    """
    if config.data.modality == "flow" or config.data.proposals:
        return
    clips = data.dataset("validation")
    shown = [len(clips) * (2 * at + 1) // (2 * SHOWN) for at in range(min(SHOWN, len(clips)))]
    batch = clips.__getitems__([(0, index, 0) for index in shown])
    video = batch["video"].to(recognizer.device)
    looks = capture_looks(
        recognizer.eval().model,
        (video.float() - recognizer.mean) / recognizer.std,
        batch["video"].permute(0, 2, 3, 4, 1).numpy(),
        batch["label"].tolist(),
        data.labels,
    )
    if looks is not None:
        write_looks(folder / LOOKS, looks)


def write(
    config: RunConfig,
    folder: Path,
    stored: StoredScores,
    data: VideoDataModule,
    env: dict[str, Any],
    points: Sequence[dict[str, Any]],
    evaluated: dict[str, str],
) -> None:
    """Write ``result.json`` from the stored scores; the accuracies are those of the first of the run's views.

    ``evaluated`` holds the fingerprint of the clips of every scored split.
    """
    views = stored.of(config.views[0])
    percentages = accuracies(views, stored.labels, *kinds_and_partners(data.labels))
    size = cost(config.model, config.data.tested)
    clips = sum(e["clips_per_second"] * e["seconds"] for e in points)
    seconds = sum(e["seconds"] for e in points)
    result = {
        "schema": SCHEMA,
        "run_id": config.id,
        "profile": config.profile,
        "seed": config.seed,
        **dataclasses.asdict(percentages),
        "params": size.params,
        "macs": size.macs,
        "train_seconds": round(seconds, 1),
        "clips_per_second": round(clips / max(seconds, 1e-9), 1),
        "data_fingerprint": data.fingerprint,
        "evaluated": evaluated,
        "git": env["git"],
        "files": digests(folder),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    files.write_json(folder / RESULT, result | _lost(data, stored))


def _lost(data: VideoDataModule, stored: StoredScores) -> dict[str, Any]:
    """Return what a real data set lacks.

    ``missing`` ids that its lists name, by split; ``replaced`` how often a clip could not be trained on; ``unreadable``
    clips of the evaluation that were counted as wrong.
    """
    if data.data.drawn:
        return {}
    own = stored.scores[:, np.arange(len(stored.labels)), stored.labels]
    return {
        "missing": {role: len(data.missing(role)) for role in get_args(Role)},
        "replaced": data.damage.names,
        "unreadable": stored.clip_ids[np.isneginf(own).all(axis=0)].tolist(),
    }
