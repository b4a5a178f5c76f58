"""Sizes and MACs of the peers' networks at full scale, against what their papers or public code print."""

import pytest

from experiments.flops import size
from experiments.study.pins import BRANCHES
from gta.config import BackboneConfig, ModelConfig, TamConfig
from gta.flops import cost

R50, TAM = BackboneConfig(), BackboneConfig(branch=TamConfig())


@pytest.mark.parametrize("pin", BRANCHES, ids=lambda pin: pin.name)
def test_the_sizes_are_those_that_the_authors_or_arithmetic_give(pin):
    mparams, gmacs = size(pin.models, pin.crop)
    assert gmacs == pytest.approx(pin.gmacs, rel=pin.within)
    assert mparams == pytest.approx(pin.mparams, rel=0.005)


def test_tam_adds_three_taps_for_every_channel_that_a_residual_block_reads():
    plain, tam = (cost(ModelConfig(174, 8, backbone, places=()), 224) for backbone in (R50, TAM))
    read = [64, 256, 256, 256, 512, 512, 512, 512, *[1024] * 6, 2048, 2048]
    sides = [56, 56, 56, 56, 28, 28, 28, 28, *[14] * 6, 7, 7]
    assert tam.params - plain.params == 3 * sum(read)
    assert tam.macs - plain.macs == 8 * 3 * sum(c * side**2 for c, side in zip(read, sides, strict=True))
