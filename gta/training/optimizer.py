"""From a :class:`~gta.config.TrainConfig` to an optimiser and its learning rates."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from gta.config import TrainConfig

HEADS = ("fc", "backbone.fc", "head.fc")
"""Names of the classifier in a backbone and in a whole model: the backbone's own or that of a head."""
FIRST = ("conv1", "backbone.conv1", "conv1.0.0", "backbone.conv1.0.0")
"""Names of the first convolution of a ResNet and of BNInception."""


def build_optimizer(model: nn.Module, train: TrainConfig, fused: bool = True) -> torch.optim.Optimizer:
    """Return the optimiser of a recipe; ``fused`` is for AdamW, whose fused form refuses scaled losses."""
    groups = parameter_groups(model, train)
    if train.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=train.lr, betas=(train.momentum, 0.999), fused=fused)
    return torch.optim.SGD(groups, lr=train.lr, momentum=train.momentum, nesterov=train.nesterov)


def parameter_groups(model: nn.Module, train: TrainConfig) -> list[dict[str, Any]]:
    """Split every trainable parameter into groups by weight decay and learning rate.

    Weights of convolutions and linear layers decay; biases, norms, temporal matrices and positional embeddings do not.
    The classifier's rate is ``head_rate`` times the others', that of the first convolution ``first_rate`` times. The
    rate of a bias is ``bias_rate`` times its weight's, except in norms. No parameter is missed, bare ones included.

    Returns:
        The group that decays and the one that does not, both at the base rate, then those of other rates.
    """
    found: dict[tuple[bool, float], list[nn.Parameter]] = {(True, 1.0): [], (False, 1.0): []}
    for path, module in model.named_modules():
        affine = isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear)
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad:
                continue
            rate = train.head_rate if path in HEADS else train.first_rate if path in FIRST else 1.0
            rate *= train.bias_rate if affine and name == "bias" else 1.0
            found.setdefault((affine and name.endswith("weight"), rate), []).append(parameter)
    return [
        {"params": params, "weight_decay": train.weight_decay if decays else 0.0, "lr": train.lr * rate}
        for (decays, rate), params in found.items()
    ]


def lr_factor(train: TrainConfig, epoch: float) -> float:
    """Return the factor of every learning rate at a (fractional) epoch.

    The warm-up is a line from zero that never goes below ``warmup_start``, so that the first step moves the weights.
    With ``warmup_from`` the line begins at that value itself.
    """
    if epoch >= train.warmup_epochs:
        return _scheduled(train, epoch)
    share, end = epoch / train.warmup_epochs, _scheduled(train, train.warmup_epochs)
    if train.warmup_from == "zero":
        return max(share * end, train.warmup_start)
    return train.warmup_start + share * (end - train.warmup_start)


def _scheduled(train: TrainConfig, epoch: float) -> float:
    if train.schedule == "step":
        return float(0.1 ** sum(epoch >= milestone for milestone in train.milestones))
    begin = train.warmup_epochs if train.cosine_from == "warmup" else 0.0
    progress = (epoch - begin) / max(train.epochs - begin, 1e-9)
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
