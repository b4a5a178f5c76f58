"""Each distinct model of the tables at the smallest scale, and how its identities are woken."""

import pytest
import torch

from experiments.study.profiles import SMOKE
from experiments.tables import TABLES

EVERY_MODEL = {  # under the name of its first row
    SMOKE.resolve(trained, 0).id: pytest.param(trained, id=f"{table.name}: {trained.name}")
    for table in reversed(TABLES.values())
    for row in reversed(table.rows)
    for trained in row.trained
}


def wake(network):
    """Give every layer that starts at zero, so that its block is the identity, a random weight."""
    for module in network.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, torch.nn.Parameter) and weight.requires_grad:
            norm = isinstance(module, torch.nn.BatchNorm2d | torch.nn.GroupNorm)
            if norm or not weight.detach().any():
                torch.nn.init.normal_(weight)
