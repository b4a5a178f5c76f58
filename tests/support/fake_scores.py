"""Runs with scores, as a finished child leaves them: results and scores agree and depend on a seed alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gta.config import ViewsConfig
from gta.config.views import view_table
from gta.data.drawn.templates import TEMPLATES, kinds_and_partners
from gta.scoring.accuracy import accuracies
from tests.support import fake_child

LABELS = tuple(sorted(template.name for template in TEMPLATES))


def draw_scores(right: float, seed: int, clips: int = 240, views: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) and log-probabilities (V, N, 24) that are right on about the part ``right`` of the clips."""
    rng = np.random.default_rng(seed)
    labels = np.arange(clips) % len(LABELS)
    logits = rng.normal(size=(views, clips, len(LABELS)))
    hit = rng.random(clips) < right
    logits[:, np.arange(clips), labels] += np.where(hit, 6.0, -3.0)
    logits -= np.log(np.exp(logits).sum(axis=2, keepdims=True))
    return labels, logits.astype(np.float16)


def save_scores(
    path: Path, labels: np.ndarray, scores: np.ndarray, views: Sequence[Sequence[int]] | None = None
) -> None:
    arrays = {"clip_ids": np.array([str(i) for i in range(len(labels))]), "labels": labels, "scores": scores}
    if views is not None:
        arrays["views"] = np.array(views, dtype=np.int16)
    np.savez_compressed(path, **arrays)


def finish(folder: Path, right: float, seed: int, **changes: object) -> None:
    """Leave a finished run with all views and splits of its config, whose result follows from its scores."""
    config = json.loads((folder / "config.json").read_text())
    table = view_table([ViewsConfig(**views) for views in config.get("views", [{}])])
    labels, scores = draw_scores(right, seed, views=len(table))
    save_scores(folder / "scores.npz", labels, scores, table)
    for number, split in enumerate(config.get("splits", [])):
        save_scores(folder / f"scores-{split}.npz", *draw_scores(right, seed + 1000 + number, views=len(table)), table)
    fake_child.finish(folder, **figures(labels, scores[:1]), **changes)


def figures(labels: np.ndarray, scores: np.ndarray) -> dict[str, object]:
    """The fields of result.json that are counted from scores."""
    return dataclasses.asdict(accuracies(scores, labels, *kinds_and_partners(LABELS)))
