"""One run in this process: fit, score, write the result. Only :mod:`experiments.train` calls it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from experiments.child import finished
from experiments.child.callbacks import RunLog
from experiments.child.environment import describe, record
from experiments.child.labels import labels
from experiments.child.processes import align_gradients, collect, first_writes, is_first, together
from experiments.child.restoring import fit_from
from experiments.child.trainer import make_trainer
from experiments.child.wandb_mirror import Mirror
from experiments.runner import batches, loading
from experiments.runner.child_options import ChildOptions
from experiments.runner.preflight import check_batch, check_classes
from experiments.store.run_files import CHECKPOINT, CHECKPOINTS
from gta.config import CheckpointConfig, EvaluationSplit, PretrainConfig, RunConfig, ViewsConfig, WeightsConfig
from gta.data.check import read_passport
from gta.data.module import VideoDataModule
from gta.data.sets.damage import damage_limit
from gta.errors import UserError
from gta.scoring.scores import StoredScores, scores_name
from gta.training.checkpoint import check_network, newest, replace_weights
from gta.training.pretrain import weights_name
from gta.training.recognizer import VideoRecognizer
from gta.variables import allow_unreadable
from gta.weights import load as weights
from gta.weights.start import start_from

INTERRUPTED = {"SIGINT": 130, "SIGTERM": 143}


class Stopped(Exception):
    """A signal stopped the run; the exit code says which."""

    def __init__(self, code: int) -> None:
        """Keep the exit code."""
        super().__init__(code)
        self.code = code


def train(config: RunConfig, child: ChildOptions) -> None:
    """Train one run to its last epoch, evaluate it and write its result.

    Raises:
        UserError: data, weights or checkpoint do not fit, or a file cannot be written.
        Stopped: a signal stopped it; the last whole epoch is kept.
        EndedElsewhere: another process of this run has failed.
    """
    torch.set_num_threads(child.threads)
    torch.set_flush_denormal(True)  # attention weights of 1e-40 make a step of NL up to 1.6 times as long on a CPU
    pl.seed_everything(config.seed, workers=True, verbose=False)
    accumulate = batches.parts(config, child.processes, child.accumulate)
    data = _data(config, child, config.data.evaluation_split, (ViewsConfig(),))  # the curve reads one view
    data.setup()
    check_classes(config, data.root, data.labels)
    check_batch(config, data.root, len(data.dataset("train")))
    recognizer = VideoRecognizer(config, data.labels)
    started = _load_pretrained(config, recognizer, child.pretrained)
    checkpoint = newest(child.folder / CHECKPOINTS)
    if checkpoint is not None:
        check_network(checkpoint, recognizer)
    env = describe(child, data.fingerprint, checkpoint) | {"accumulate": accumulate}
    if started:
        env["started_from"] = started
    if child.compile:
        recognizer.compile_network()
        env["compile"] = True
    if (limit := damage_limit()) is not None:
        env["damaged"] = limit
    if not config.data.drawn:
        env["passport"] = read_passport(child.data)
    env = record(child, env, checkpoint)
    if torch.cuda.is_available() and env["precision"] != "32-true":
        torch.set_float32_matmul_precision("high")  # TF32 for what mixed precision leaves in fp32
    wandb = child.wandb if is_first(child.processes) else "disabled"
    with Mirror(config, child.folder, wandb, labels(config, child.tables, child.rows), env) as mirror:
        log = RunLog(child.folder, mirror.follow)
        trainer = make_trainer(config, child, data, log, env)
        if child.processes > 1:
            align_gradients(recognizer)
        with together(trainer):
            with _signals(trainer):
                fit_from(checkpoint, trainer, recognizer, data, log)
                stored = _score(config, child, trainer, recognizer)
            for names in collect(trainer, data.damage.names)[1:]:  # of the other processes
                data.damage.add(names)
            first_writes(trainer, lambda: _finish(config, child, recognizer, data, stored, env, log))
        mirror.conclude(child.folder)


@contextlib.contextmanager
def _signals(trainer: pl.Trainer) -> Iterator[None]:
    """Tell an end by a signal from every other one.

    Raises:
        Stopped: SIGINT or SIGTERM came; Lightning turns both into :class:`SystemExit`.
        RuntimeError: something else ended the process.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:
        if trainer.received_sigterm:
            raise Stopped(INTERRUPTED["SIGTERM"]) from stop
        if isinstance(stop, KeyboardInterrupt) or isinstance(stop.__context__, KeyboardInterrupt):
            raise Stopped(INTERRUPTED["SIGINT"]) from stop
        raise RuntimeError(f"the process was told to exit with code {stop.code} before the run was done") from stop
    except Exception as error:
        if trainer.received_sigterm:  # the other processes were told to stop as well, and are gone
            raise Stopped(INTERRUPTED["SIGTERM"]) from error
        raise


def _finish(
    config: RunConfig,
    child: ChildOptions,
    recognizer: VideoRecognizer,
    data: VideoDataModule,
    stored: StoredScores | None,
    env: dict[str, Any],
    log: RunLog,
) -> None:
    """Write what a finished run leaves, its result last; in the first process only."""
    assert stored is not None
    if config.train.precise_bn:
        replace_weights(child.folder / CHECKPOINTS / CHECKPOINT, recognizer.state_dict())
    finished.keep_matrices(child.folder, recognizer)
    finished.keep_looks(config, child.folder, recognizer, data)
    splits = (config.data.evaluation_split, *config.splits)
    evaluated: dict[str, str] = {
        split: _data(config, child, split, config.views).evaluation_fingerprint for split in splits
    }
    finished.write(config, child.folder, stored, data, env, log.points, evaluated)


def _score(
    config: RunConfig, child: ChildOptions, trainer: pl.Trainer, recognizer: VideoRecognizer
) -> StoredScores | None:
    """Score every split of the run, its own evaluation split last; the first process returns the scores of that one."""
    views = tuple(dict.fromkeys(config.views))
    stored = None
    for split in (*config.splits, config.data.evaluation_split):
        data = _data(config, child, split, views)
        trainer.predict(recognizer, data, return_predictions=False)
        if trainer.is_global_zero:  # the others wait in the next collective
            name = scores_name(None if split == config.data.evaluation_split else split)
            stored = finished.keep_scores(child.folder / name, data, recognizer.scores, views)
            finished.keep_predictions(child.folder, data, stored, views[0])
    return stored


def _data(
    config: RunConfig, child: ChildOptions, split: EvaluationSplit, views: tuple[ViewsConfig, ...]
) -> VideoDataModule:
    return VideoDataModule(
        dataclasses.replace(config.data, evaluation_split=split),
        child.data,
        batches.at_once(config, child),
        config.seed,
        loading.workers(config, child),
        views=views,
        allow_unreadable=allow_unreadable(),
        damaged=damage_limit(),
    )


def _load_pretrained(config: RunConfig, recognizer: VideoRecognizer, path: Path | None) -> dict[str, str]:
    """Load what the run starts from; return what became of the parts of a checkpoint that it is fine-tuned from."""
    backbone = recognizer.model.backbone
    match config.pretrain:
        case PretrainConfig():
            expected = weights_name(config)
            if path is None or path.name != expected:
                raise UserError(f"--pretrained is {path}, but the run starts from {expected}; experiments.run makes it")
            weights.load(backbone, path)
        case WeightsConfig(source=source, name=name):
            if path is None:
                raise UserError(f"--pretrained is missing, but the run starts from {name}; experiments.run finds it")
            weights.load(backbone, path, source)
        case CheckpointConfig() as start:
            if path is None:
                raise UserError(
                    f"--pretrained is missing, but the run starts from {start.file}; experiments.run finds it"
                )
            return start_from(recognizer.model, path, start, recognizer.labels)
    return {}
