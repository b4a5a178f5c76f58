"""Train and evaluate one run: ``python -m experiments.train RUN_DIR --data DIR``.

The child process of the runner. RUN_DIR holds ``config.json``; this writes ``env.json``, ``metrics.jsonl``,
``ckpt/last.ckpt`` after every epoch, ``scores.npz`` and, last and atomically, ``result.json``. Started again
after a kill it continues from the last whole checkpoint. Exit codes: 0 done, 1 a bug, 2 a user's mistake
(both with ``error.json``), 75 another process trains this run, 143 stopped by SIGTERM, 130 by SIGINT.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from experiments.launch import LOCKED
from experiments.result import SCHEMA, Result
from gta import files
from gta.config import RunConfig, ViewsConfig, run_from_dict
from gta.errors import UserError

if TYPE_CHECKING:
    import pytorch_lightning as pl

    from experiments.callbacks import RunLog
    from gta.data.module import VideoDataModule
    from gta.recognizer import VideoRecognizer
    from gta.scores import StoredScores

CURVE_POINTS = 4
"""Looks at the validation split in each epoch of a drawn data set, whose epochs are few."""
INTERRUPTED = {"SIGINT": 130, "SIGTERM": 143}


@dataclass(frozen=True)
class Place:
    """Where and how a run is computed; nothing here is part of its identity."""

    folder: Path
    data: Path
    wandb: str
    tables: tuple[str, ...]
    rows: tuple[str, ...]
    devices: int
    nodes: int
    threads: int
    pretrained: Path | None
    workers: int


class Interrupted(Exception):
    """The fit stopped before its last epoch; the exit code says why."""

    def __init__(self, code: int) -> None:
        """Keep the exit code."""
        super().__init__(code)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    place = _parse(arguments)
    from filelock import FileLock, Timeout

    if os.environ.get("SLURM_PROCID", "0") != "0" or os.environ.get("LOCAL_RANK", "0") != "0":
        return _guarded(place)  # one of several processes of a run whose first one holds the lock
    try:
        with FileLock(place.folder / "lock", timeout=0):
            return 0 if _is_done(place.folder) else _guarded(place)
    except Timeout:
        print(f"error: {place.folder} is being trained by another process", file=sys.stderr)
        return LOCKED


def _is_done(folder: Path) -> bool:
    from experiments.store import Store

    store = Store(folder.parent.parent)
    return store.folder(folder.name) == folder and isinstance(store.read(folder.name), Result)


def _guarded(place: Place) -> int:
    """Train; turn every failure into an exit code and, unless it was asked for, an ``error.json``."""
    try:
        train(_read_config(place.folder / "config.json"), place)
    except Interrupted as stop:
        return stop.code
    except UserError as error:
        return _fail(place.folder, str(error), "user", 2)
    except OSError as error:
        return _fail(place.folder, f"{error.filename or place.folder}: {error.strerror or error}", "user", 2)
    except Exception as error:
        with contextlib.suppress(OSError):
            traceback.print_exc()
        return _fail(place.folder, f"{type(error).__name__}: {error}", "bug", 1)
    return 0


def _read_config(path: Path) -> RunConfig:
    try:
        return run_from_dict(files.read_json(path))
    except ValueError as error:
        raise UserError(
            f"{path} is not a config of this version ({error}); start the run with experiments.run"
        ) from error


def _fail(folder: Path, message: str, kind: str, code: int) -> int:
    line = " ".join(message.split())
    with contextlib.suppress(UserError):  # a full disk: the parent says so
        files.write_json(folder / "error.json", {"schema": SCHEMA, "error": line, "kind": kind})
    with contextlib.suppress(OSError):  # the log is on the same disk
        print(f"error: {line}", file=sys.stderr, flush=True)
    return code


def train(config: RunConfig, place: Place) -> None:
    """Train one run to its last epoch, evaluate it and write its result.

    Raises:
        UserError: data, weights or checkpoint do not fit, or a file cannot be written.
        Interrupted: a signal stopped it; the last whole epoch is kept.
    """
    import pytorch_lightning as pl
    import torch

    from experiments import outcome
    from experiments.callbacks import RunLog
    from experiments.environment import describe
    from gta.checkpoint import newest
    from gta.data.module import VideoDataModule
    from gta.recognizer import VideoRecognizer

    torch.set_num_threads(place.threads)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    data = VideoDataModule(config.data, place.data, _batch_a_process(config, place), config.seed, place.workers)
    data.setup()
    _check_classes(config, data)
    recognizer = VideoRecognizer(config, data.labels)
    _load_pretrained(config, recognizer, place.pretrained)
    checkpoint = newest(place.folder / "ckpt")
    env = _record_environment(place, describe(place.pretrained, data.fingerprint, place.threads), checkpoint)
    log = RunLog(place.folder)
    trainer = _trainer(config, place, data, log, str(env["precision"]))
    try:
        trainer.fit(recognizer, data, ckpt_path=checkpoint, weights_only=True)
    except (KeyboardInterrupt, SystemExit) as stop:  # Lightning turns Ctrl-C into exit(1)
        raise Interrupted(INTERRUPTED["SIGINT"]) from stop
    if trainer.current_epoch < config.train.epochs:
        raise Interrupted(INTERRUPTED["SIGTERM" if trainer.received_sigterm else "SIGINT"])
    stored = _score(config, place, trainer, recognizer)
    if trainer.is_global_zero:
        outcome.keep_matrices(place.folder, recognizer)
        outcome.write(config, place.folder, stored, data, env, log.points)
        outcome.mirror(trainer.loggers, place.folder)


def _score(config: RunConfig, place: Place, trainer: pl.Trainer, recognizer: VideoRecognizer) -> StoredScores:
    """Score every split of the run, its own evaluation split last, and return the scores of that one."""
    from experiments import outcome
    from gta.data.module import VideoDataModule
    from gta.scores import scores_name

    views = tuple(dict.fromkeys(config.views))
    trainer.limit_val_batches = 1.0
    for split in (*config.splits, config.data.evaluation_split):
        view = dataclasses.replace(config.data, evaluation_split=split)
        batch = _batch_a_process(config, place)
        several = {} if views == (ViewsConfig(),) else {"views": views}
        data = VideoDataModule(view, place.data, batch, config.seed, place.workers, **several)  # type: ignore[arg-type]
        trainer.validate(recognizer, data, verbose=False)
        if trainer.is_global_zero:
            name = scores_name(None if split == config.data.evaluation_split else split)
            stored = outcome.keep_scores(place.folder / name, data, recognizer.scores, views)
    return stored


def _batch_a_process(config: RunConfig, place: Place) -> int:
    """Return each process's share of the batch, so that the number of GPUs does not change the recipe."""
    processes = place.devices * place.nodes
    if config.train.batch_size % processes:
        raise UserError(
            f"--devices x --nodes is {processes}; it must divide the batch of {config.train.batch_size} clips"
        )
    return config.train.batch_size // processes


def _load_pretrained(config: RunConfig, recognizer: VideoRecognizer, path: Path | None) -> None:
    if config.pretrain is None:
        return
    from gta.pretrain import load_backbone, weights_name

    expected = weights_name(config)
    if path is None or path.name != expected:
        raise UserError(f"--pretrained is {path}, but the run starts from {expected}; experiments.run makes it")
    load_backbone(recognizer.model.backbone, path)


def _record_environment(place: Place, env: dict[str, Any], checkpoint: Path | None) -> dict[str, Any]:
    """Write ``env.json``; a resumed run keeps what it was begun with beside what it goes on with.

    Raises:
        UserError: the run was begun on other data or from other weights.
    """
    path = place.folder / "env.json"
    if checkpoint is not None and path.exists():
        before = files.read_json(path)
        for name in ("data_fingerprint", "pretrained_sha256"):
            if before.get(name) != env[name]:
                raise UserError(
                    f"{path}: {name} is {before.get(name)}, now {env[name]}; delete {place.folder} to restart"
                )
        earlier = before.pop("resumed_from", [])
        if earlier or before != env:
            env = env | {"resumed_from": [*earlier, before]}
    files.write_json(path, env)
    return env


def _check_classes(config: RunConfig, data: VideoDataModule) -> None:
    if len(data.labels) != config.model.classes:
        raise UserError(
            f"{data.root}: labels.json lists {len(data.labels)} templates, the profile {config.profile!r} expects "
            f"{config.model.classes}; point --data at the data set of the profile"
        )


def _trainer(config: RunConfig, place: Place, data: VideoDataModule, log: RunLog, precision: str) -> pl.Trainer:
    import pytorch_lightning as pl
    from pytorch_lightning.callbacks import ModelCheckpoint

    from experiments.mirror import wandb_logger
    from gta.checkpoint import AtomicCheckpointIO

    logger = wandb_logger(config, place.folder, place.wandb, place.tables, place.rows)
    distributed = place.devices * place.nodes > 1
    return pl.Trainer(
        accelerator="auto",
        devices=place.devices,
        num_nodes=place.nodes,
        strategy="ddp" if distributed else "auto",
        sync_batchnorm=distributed,
        precision=cast(Any, precision),
        max_epochs=config.train.epochs,
        gradient_clip_val=config.train.clip_norm,
        limit_val_batches=_curve_batches(config, data),
        val_check_interval=1.0 / (CURVE_POINTS if config.data.drawing else 1),
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=logger or False,
        callbacks=[
            log,
            ModelCheckpoint(place.folder / "ckpt", "last", save_on_train_epoch_end=True, enable_version_counter=False),
        ],
        plugins=[AtomicCheckpointIO()],
        default_root_dir=place.folder,
    )


def _curve_batches(config: RunConfig, data: VideoDataModule) -> int | float:
    """Return how much of the split the curve reads after each epoch: a quarter of a small, drawn one, else all."""
    if config.data.drawing is None:
        return 1.0
    return max(1, len(data.val_dataloader()) // 4)


def _parse(arguments: Sequence[str] | None) -> Place:
    parser = argparse.ArgumentParser(prog="python -m experiments.train", description="Train and evaluate one run.")
    parser.add_argument("folder", metavar="RUN_DIR", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--wandb", choices=("offline", "online", "disabled"), default="disabled")
    parser.add_argument("--table", dest="tables", nargs="*", default=[])
    parser.add_argument("--row", dest="rows", nargs="*", default=[])
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--pretrained", type=Path)
    values = vars(parser.parse_args(arguments))
    return Place(**{**values, "tables": tuple(values["tables"]), "rows": tuple(values["rows"])})


if __name__ == "__main__":
    sys.exit(main())
