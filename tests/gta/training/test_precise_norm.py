"""Statistics estimated anew: the moments of all batches, the same every time, frozen ones untouched."""

import pytest
import torch
from torch import nn

from gta.training.precise_norm import estimate_statistics


def batches(count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [5 + 2 * torch.randn(16, 4, 6, 6, generator=generator) for _ in range(count)]


def test_the_statistics_are_those_of_all_batches_together():
    norm = nn.BatchNorm2d(4).train()
    assert estimate_statistics(norm, batches()) == 3
    everything = torch.cat(batches())
    torch.testing.assert_close(norm.running_mean, everything.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(norm.running_var, everything.var(dim=(0, 2, 3)), rtol=2e-3, atol=0)  # n - 1 in each
    assert norm.momentum == 0.1


def test_what_stood_before_does_not_matter_and_frozen_norms_stay():
    network = nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    network.train()
    network[0].eval()
    before = network[0].running_mean.clone()
    estimate_statistics(network, batches())
    first = {name: value.clone() for name, value in network.state_dict().items() if "num" not in name}
    network[2].running_mean.fill_(7)
    estimate_statistics(network, batches())
    assert all(network.state_dict()[name].equal(value) for name, value in first.items())
    assert network[0].running_mean.equal(before)


def test_no_batch_at_all():
    with pytest.raises(ValueError, match="at least one batch"):
        estimate_statistics(nn.BatchNorm2d(4).train(), [])


def test_an_error_leaves_the_momentum_as_it_was():
    norm = nn.BatchNorm2d(4).train()
    with pytest.raises(ValueError, match="expected 4D"):
        estimate_statistics(norm, [torch.zeros(3)])
    assert norm.momentum == 0.1
