"""The Lightning trainer of a run: its devices, its length, its looks at the validation split, its checkpoints."""

from __future__ import annotations

from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.strategies import DDPStrategy

from experiments.child.callbacks import RunLog
from experiments.child.keeping import kept, loggers
from experiments.runner import batches
from experiments.runner.child_options import ChildOptions
from experiments.store.run_files import CHECKPOINTS
from gta.config import RunConfig
from gta.data.module import VideoDataModule
from gta.training.checkpoint import AtomicCheckpointIO
from gta.training.precise_norm import PreciseNorm

CURVE_POINTS = 8
"""Looks at the validation split during the training on a drawn data set, whose epochs are few."""
CURVE_CLIPS = 300
"""The most clips that one such look reads: the curve must not cost more than the training."""


def make_trainer(
    config: RunConfig, child: ChildOptions, data: VideoDataModule, log: RunLog, env: dict[str, Any]
) -> pl.Trainer:
    """Return the trainer of a run.

    Args:
        config: of the run.
        child: where and how it is computed.
        data: what it is trained on.
        log: its curve.
        env: what ``env.json`` says, of which the trainer takes the precision.
    """
    distributed = child.processes > 1
    accumulate = batches.parts(config, child.processes, child.accumulate)
    steps = len(data.dataset("train")) // config.train.batch_size
    precise = config.train.precise_bn * accumulate
    looks = max(1, CURVE_POINTS // config.train.epochs) if config.data.drawn else 1
    return pl.Trainer(
        accelerator="auto",
        devices=child.devices,
        num_nodes=child.nodes,
        strategy=DDPStrategy(gradient_as_bucket_view=True, static_graph=accumulate == 1) if distributed else "auto",
        sync_batchnorm=distributed and torch.cuda.is_available(),  # it does not exist on CPUs
        precision=cast(Any, env["precision"]),
        max_epochs=config.train.epochs,
        gradient_clip_val=config.train.clip_norm,
        accumulate_grad_batches=accumulate,
        limit_train_batches=1.0 if accumulate == 1 else steps * accumulate,  # an epoch of whole batches
        limit_val_batches=_curve_batches(config, data),
        val_check_interval=1.0 / looks if accumulate == 1 else max(1, steps // looks) * accumulate,
        num_sanity_val_steps=0,
        benchmark=torch.cuda.is_available(),  # clips of one size: cuDNN may look for its fastest kernels
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=loggers(child) or False,
        callbacks=[
            log,
            *kept(child),
            ModelCheckpoint(
                child.folder / CHECKPOINTS, "last", save_on_train_epoch_end=True, enable_version_counter=False
            ),
            *([PreciseNorm(data, precise, config.train.epochs)] if precise else []),
        ],
        plugins=[AtomicCheckpointIO()],
        default_root_dir=child.folder,
    )


def _curve_batches(config: RunConfig, data: VideoDataModule) -> int | float:
    """Return how much of the split a look of the curve reads: up to a quarter of a small, drawn one, else all."""
    if not config.data.drawn:
        return 1.0
    return max(1, min(len(data.val_dataloader()) // 4, CURVE_CLIPS // data.batch_size))
