"""The one LightningModule: trains and evaluates the network of any row."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import nn

from gta.backbones.layers import channels_last
from gta.config import RunConfig, run_from_dict, to_dict
from gta.data.dataset import Batch
from gta.data.sets.splits import label_fingerprint
from gta.model import build_model, inserted_blocks
from gta.scoring.accuracy import UNKNOWN
from gta.training.checkpoint import FINGERPRINT, LABELS, check_labels
from gta.training.colours import colour_statistics
from gta.training.optimizer import build_optimizer, lr_factor


@dataclasses.dataclass(frozen=True)
class Scores:
    """Log-probabilities of every view of every clip of a split, in the split's order."""

    index: np.ndarray
    """int64 (N,)."""
    labels: np.ndarray
    """int64 (N,); -1 where the answer is not known."""
    log_probabilities: np.ndarray
    """float32 (V, N, classes)."""


Part = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""view (B,), index (B,), label (B,) and log-probabilities (B, classes) of one batch."""
CHECK_EVERY = 50
"""Steps between two looks at the loss on a GPU, each of which waits for it; on a CPU every step is looked at."""


class VideoRecognizer(pl.LightningModule):
    """Cross-entropy training of a :class:`~gta.config.RunConfig`'s model; a row is configuration, not a subclass."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, config: RunConfig | dict[str, Any], labels: Sequence[str] = ()) -> None:
        """Build the network.

        Args:
            config: the complete run, as dataclass or as the plain values stored in a checkpoint.
            labels: names of the classes in the order of the scores; kept in every checkpoint when given.
        """
        super().__init__()
        self.labels = tuple(labels)
        self.run = config if isinstance(config, RunConfig) else run_from_dict(config)
        self.save_hyperparameters({"config": to_dict(self.run)}, logger=False)
        self.model = channels_last(build_model(self.run.model))
        self.loss = nn.CrossEntropyLoss(label_smoothing=self.run.train.label_smoothing)
        for module in self._frozen():
            module.requires_grad_(False)
        for block in inserted_blocks(self.model.backbone).values():
            block.requires_grad_(True)
        mean, std = colour_statistics(self.run)
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, -1, 1, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(std).view(1, -1, 1, 1, 1), persistent=False)
        self._network: Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor] | None = None
        self.scores: Scores | None = None
        """Scores of the last complete ``predict``; only the first of several processes has them."""
        self._parts: list[Part] = []
        self._finite: torch.Tensor | None = None
        self.train()  # the trainer keeps the modes it finds; frozen stages are in evaluation mode from the start

    def _frozen(self) -> list[nn.Module]:
        backbone = self.model.backbone
        names = {"stem": backbone.stem_modules, **backbone.stage_modules}
        return [backbone.get_submodule(name) for stage in self.run.train.frozen for name in names[stage]]

    def train(self, mode: bool = True) -> VideoRecognizer:
        """Switch to training mode, except the frozen stages, whose statistics stay; blocks inserted there do train."""
        super().train(mode)
        for module in self._frozen():
            module.eval()
        for block in inserted_blocks(self.model.backbone).values():
            block.train(mode)
        return self

    def forward(self, video: torch.Tensor, boxes: torch.Tensor | None = None) -> torch.Tensor:
        """Return class scores (B, classes) of uint8 clips (B, C, T, H, W); ``boxes`` are proposals (B, T, K, 4)."""
        network = self.model if self._network is None else self._network
        scores: torch.Tensor = network((video.float() - self.mean) / self.std, boxes)
        return scores

    def compile_network(self) -> None:
        """Let ``torch.compile`` make one program of the network; the names of its weights stay as they are."""
        self._network = torch.compile(self.model.forward)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed the step's own randomness, so that a resumed run draws what an uninterrupted one draws."""
        key: tuple[int, ...] = (self.run.seed, self.global_step, self.global_rank)
        part = batch_idx % self.trainer.accumulate_grad_batches
        torch.manual_seed(hash((*key, part) if part else key) & 0x7FFFFFFF)

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Return the loss of one batch."""
        loss: torch.Tensor = self.loss(self(batch["video"], batch.get("boxes")), batch["label"])
        self._finite = torch.isfinite(loss.detach()) & (True if self._finite is None else self._finite)
        if not loss.is_cuda or batch_idx % CHECK_EVERY == 0:
            self._require_finite()
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def on_train_epoch_end(self) -> None:
        """Look at the losses that were not looked at yet and at the weights, before a checkpoint is kept."""
        self._require_finite()
        if not all(bool(torch.isfinite(value).all()) for value in self.parameters()):
            raise FloatingPointError(f"the weights are not finite after step {self.global_step}; lower train.lr")

    def _require_finite(self) -> None:
        """Raise when a loss since the last look was infinite or not a number; waits for the device."""
        finite, self._finite = self._finite, None
        if finite is not None and not finite:
            raise FloatingPointError(f"the loss is not finite at step {self.global_step}; lower train.lr")

    def on_validation_epoch_start(self) -> None:
        """Forget the scores of the last pass."""
        self._parts = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the log-probabilities of one batch for a point of the curve."""
        self._keep(batch)

    def on_validation_epoch_end(self) -> None:
        """Log top-1 of the clips that were seen."""
        scores = self._gathered()
        if scores is not None and (scores.labels != UNKNOWN).all():
            merged = torch.from_numpy(scores.log_probabilities)
            merged = merged[0] if len(merged) == 1 else merged.exp().mean(dim=0)
            top1 = (merged.argmax(dim=1) == torch.from_numpy(scores.labels)).float().mean() * 100
            self.log("val/top1", top1.to(self.device), rank_zero_only=True)

    def on_predict_epoch_start(self) -> None:
        """Forget the scores of the last pass."""
        self._parts = []

    def predict_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Keep the log-probabilities (B, classes) of one batch for the scores of the run, and return them."""
        return self._keep(batch)

    def on_predict_epoch_end(self) -> None:
        """Keep the scores of the whole pass."""
        self.scores = self._gathered()

    def _keep(self, batch: Batch) -> torch.Tensor:
        scores: torch.Tensor = self(batch["video"], batch.get("boxes")).float().log_softmax(dim=1)
        unreadable = batch.get("unreadable")
        if unreadable is not None:
            scores = as_wrong(scores, batch["label"], unreadable)
        self._parts.append((view_of(batch).cpu(), batch["index"].cpu(), batch["label"].cpu(), scores.cpu()))
        return scores

    def _gathered(self) -> Scores | None:
        """Gather the views of all processes in the first one, in the split's order; each view counts once."""
        own = _joined(self._parts)
        every: list[Part | None] | None = [own]
        self._parts = []
        if self.trainer.world_size > 1:
            every = [None] * self.trainer.world_size if self.trainer.is_global_zero else None
            half = None if own is None else (*own[:3], own[3].half())  # as they are kept; half as much to send
            torch.distributed.gather_object(half, every, dst=0)
        return None if every is None else gather([part for part in every if part is not None])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the names of the classes, so that a prediction needs no data set."""
        if self.labels:
            checkpoint[LABELS] = list(self.labels)
            checkpoint[FINGERPRINT] = label_fingerprint(self.labels)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights that were trained with another order of the classes.

        Raises:
            UserError: the fingerprints of the labels differ.
        """
        if self.labels:
            check_labels("the checkpoint", checkpoint.get(FINGERPRINT), label_fingerprint(self.labels))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return optimiser and the learning-rate schedule by step."""
        train = self.run.train
        optimizer = build_optimizer(self.model, train, fused=self.trainer.precision != "16-mixed")
        steps = self._steps_per_epoch()
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: lr_factor(train, step / steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm of all gradients; the trainer's own clipping refuses fused optimisers in mixed precision."""
        if self.run.train.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.parameters(), self.run.train.clip_norm)

    def _steps_per_epoch(self) -> int:
        """Return the batches of an epoch.

        The trainer would count by starting the loader's workers, before a resumed fit knows its epoch.
        """
        data: pl.LightningDataModule | None = getattr(self.trainer, "datamodule", None)
        if data is None:
            return max(1, int(self.trainer.estimated_stepping_batches) // self.run.train.epochs)
        return max(1, len(data.train_dataloader()) // self.trainer.accumulate_grad_batches)


def view_of(batch: Batch) -> torch.Tensor:
    """Return the number of the view of every clip of a batch, int64 (B,); zeros where there is one view only."""
    view = batch.get("view")
    return torch.zeros_like(batch["index"]) if view is None else view


def as_wrong(scores: torch.Tensor, labels: torch.Tensor, unreadable: torch.Tensor) -> torch.Tensor:
    """Give unreadable clips a probability of zero for their own class and equal ones for the others.

    Args:
        scores: (B, classes) log-probabilities.
        labels: (B,); the classes of a clip of unknown label are all equal.
        unreadable: (B,) bool.
    """
    classes = scores.shape[1]
    known = labels != UNKNOWN
    blind = scores.new_full(scores.shape, -math.log(classes))
    blind[known] = -math.log(classes - 1)
    blind[known, labels[known]] = -math.inf
    return torch.where(unreadable[:, None], blind, scores)


def _joined(parts: Sequence[Part]) -> Part | None:
    """Return the batches of one process as one; None when it had none."""
    if not parts:
        return None
    view, index, labels, scores = (torch.cat(part) for part in zip(*parts, strict=True))
    return view, index, labels, scores


def gather(parts: Sequence[Part]) -> Scores:
    """Put the batches of an evaluation in order.

    Raises:
        RuntimeError: a view of a clip came twice, or did not come although another view of the clip did.
    """
    view, index, labels, scores = (torch.cat(part) for part in zip(*parts, strict=True))
    views, clips = torch.unique(view), torch.unique(index)
    order = (view * (index.max() + 1) + index).argsort()
    shape = (len(views), len(clips))
    expected = torch.cartesian_prod(views, clips)
    found = torch.stack((view, index), dim=1)[order]
    if found.shape != expected.shape or not found.equal(expected):
        raise RuntimeError(f"evaluation saw {len(found)} views of clips, not each of {shape[0]} x {shape[1]} once")
    by_clip = labels[order].view(shape)[0]
    return Scores(clips.numpy(), by_clip.numpy(), scores[order].view(*shape, -1).float().numpy())
