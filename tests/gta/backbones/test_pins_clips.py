"""Sizes and MACs of I3D, I3D + NL, S3D-G and CorrNet at full scale, as authors print them or arithmetic has them."""

import pytest

from experiments.flops import size
from experiments.study.pins import CLIPS
from gta.config import I3DConfig, ModelConfig, RegionGraphHeadConfig
from gta.flops import cost

STRG = I3DConfig(res5_stride=1)
GRAPH = {"head": RegionGraphHeadConfig()}


@pytest.mark.parametrize("pin", CLIPS, ids=lambda pin: pin.name)
def test_a_network_is_as_large_as_printed_or_counted_before(pin):
    mparams, gmacs = size(pin.models, pin.crop)
    assert gmacs == pytest.approx(pin.gmacs, rel=pin.within)
    assert mparams == pytest.approx(pin.mparams, rel=0.005)


def test_a_region_graph_costs_what_its_matrices_do():
    """The reduction and nine products with 512 x 512; graphs of neighbouring frames multiply 50 x 50 at a time."""
    plain, graph = (cost(ModelConfig(174, 32, STRG, places=(), **more), 224) for more in ({}, GRAPH))
    nodes, width = 16 * 50, 512
    similar = nodes * nodes * width * 4 + nodes * width**2 * (2 + 3)
    overlap = 3 * 2 * (nodes * width**2 + 15 * 50 * 50 * width)
    reduction = 2048 * width * 16 * 14**2
    assert graph.macs - plain.macs == similar + overlap + reduction + (2 * width - 2048) * 174
