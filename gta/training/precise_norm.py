"""Estimate batch-norm statistics anew before evaluation, from a fixed set of training batches ("precise BN").

Running averages follow the weights with a delay. Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021, section 3;
PySlowFast does it in all of the recipes that the paper builds on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gta.data.epoch import EpochSampler
from gta.data.module import VideoDataModule


class PreciseNorm(pl.Callback):
    """Estimates the statistics once, before the first split is scored.

    It reads the batches that would begin one more epoch. So every restart reads the same batches, and any number of
    processes reads the same clips; their statistics are averaged.
    """

    def __init__(self, data: VideoDataModule, batches: int, epoch: int) -> None:
        """Take the first ``batches`` training batches of ``epoch``, or all when it has fewer."""
        self.data, self.batches, self.epoch = data, batches, epoch
        self._done = False

    def on_predict_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Estimate the statistics, unless they are estimated already."""
        if self._done:
            return
        loader = self.data.train_dataloader()
        assert isinstance(loader.sampler, EpochSampler)
        loader.sampler.set_epoch(self.epoch)
        clips = (batch["video"].to(pl_module.device) for batch in islice(loader, self.batches))
        pl_module.train()
        estimate_statistics(pl_module, clips, trainer.precision_plugin.predict_step_context)
        pl_module.eval()
        self._done = True


@torch.no_grad()
def estimate_statistics(
    network: nn.Module, inputs: Iterable[Tensor], context: Callable[[], AbstractContextManager[object]] = nullcontext
) -> int:
    """Set the running mean and variance of every batch norm in training mode to those of the given batches.

    Mean and variance are those of all batches taken together: E[m] and E[v + m^2] - E[m]^2 over the statistics m, v
    of each. Norms in evaluation mode (frozen stages) keep theirs.

    Args:
        network: called with each of ``inputs``.
        inputs: batches of equal size.
        context: entered around every call, such as autocast.

    Returns:
        The number of batches.

    Raises:
        ValueError: there is no batch.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.training]
    momenta = [norm.momentum for norm in norms]
    sums = [torch.zeros(2, norm.num_features, dtype=torch.float64) for norm in norms]
    count = torch.zeros((), dtype=torch.float64)
    for norm in norms:
        norm.momentum = 1.0  # the running statistics are then those of the last batch
    try:
        for batch in inputs:
            with context():
                network(batch)
            for norm, total in zip(norms, sums, strict=True):
                if norm.num_batches_tracked is not None:
                    norm.num_batches_tracked -= 1
                mean, var = _statistics(norm)
                total += torch.stack((mean, var + mean**2))
            count += 1
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    if not norms:
        return int(count)
    _add_up(sums, count, norms[0].weight.device)
    if count == 0:
        raise ValueError("precise statistics need at least one batch")
    for norm, total in zip(norms, sums, strict=True):
        mean, square = total / count
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_((square - mean**2).clamp_min(0))
    return int(count)


def _statistics(norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean.double().cpu(), norm.running_var.double().cpu()


def _add_up(sums: list[Tensor], count: Tensor, device: torch.device) -> None:
    """Add what the other processes have found, in place."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return
    for part in (*sums, count):
        shared = part.to(device)
        torch.distributed.all_reduce(shared)
        part.copy_(shared)
