"""Sizes and MACs of the peers' networks at full scale, against what their papers or public code print."""

import dataclasses

import pytest

from gta.config import BackboneConfig, ModelConfig, Res2NetConfig, ShiftConfig, StmConfig, TamConfig, TeaConfig
from gta.flops import cost

R50 = BackboneConfig()
STM, RES2NET, TEA, TAM = (BackboneConfig(branch=kind()) for kind in (StmConfig, Res2NetConfig, TeaConfig, TamConfig))
TSM = BackboneConfig(branch=ShiftConfig())

PINS = [  # name, backbone, frames, side, classes, MACs in 1e9, parameters in 1e6
    ("R50, 8 frames", R50, 8, 224, 174, 32.70, 23.86),  # TSM's paper: 33 and 65
    ("R50, 16 frames", R50, 16, 224, 174, 65.40, 23.86),
    ("R50, Kinetics at 256", R50, 8, 256, 400, 42.71, 24.33),
    ("TSM, Kinetics at 256", TSM, 16, 256, 400, 85.43, 24.33),  # 86 is printed, counting norms
    ("TSM on flow, 16 frames", dataclasses.replace(TSM, inputs=10), 16, 224, 174, 69.81, 23.89),
    ("STM, 8 frames", STM, 8, 224, 174, 33.08, 24.03),  # 33.3 is printed, with the norms of the base
    ("STM, 16 frames", STM, 16, 224, 174, 66.15, 24.03),
    ("Res2Net-50 26w x 4s", RES2NET, 8, 224, 174, 34.03, 24.01),
    ("TEA, 8 frames", TEA, 8, 224, 174, 34.54, 24.46),  # 35 and 70 are printed
    ("TEA, 16 frames", TEA, 16, 224, 174, 69.07, 24.46),
]


@pytest.mark.parametrize(
    ("backbone", "frames", "side", "classes", "gmacs", "mparams"),
    [pytest.param(*pin[1:], id=pin[0]) for pin in PINS],
)
def test_the_sizes_are_those_that_the_authors_or_arithmetic_give(backbone, frames, side, classes, gmacs, mparams):
    found = cost(ModelConfig(classes, frames, backbone, places=()), side)
    assert found.macs / 1e9 == pytest.approx(gmacs, rel=0.005)
    assert found.params / 1e6 == pytest.approx(mparams, rel=0.005)


def test_tam_adds_three_taps_for_every_channel_that_a_residual_block_reads():
    plain, tam = (cost(ModelConfig(174, 8, backbone, places=()), 224) for backbone in (R50, TAM))
    read = [64, 256, 256, 256, 512, 512, 512, 512, *[1024] * 6, 2048, 2048]
    sides = [56, 56, 56, 56, 28, 28, 28, 28, *[14] * 6, 7, 7]
    assert tam.params - plain.params == 3 * sum(read)
    assert tam.macs - plain.macs == 8 * 3 * sum(c * side**2 for c, side in zip(read, sides, strict=True))
