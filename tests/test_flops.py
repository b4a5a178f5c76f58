"""Parameters and MACs at the paper's scale, against the cells that the paper prints."""

import pytest

from gta.config import GTAConfig, ModelConfig, NLConfig, SAConfig, TAConfig
from gta.flops import cost

PAPER = {
    "R2D-50": ((), 32.7, 23.9),
    "+ NL": ((NLConfig(),), 61.1, 31.2),
    "+ SA": ((SAConfig(),), 41.7, 27.5),
    "+ TA": ((TAConfig(),), 41.0, 27.5),
    "+ SA + TA": ((SAConfig(), TAConfig()), 49.9, 31.2),
}


@pytest.mark.parametrize(("blocks", "gmacs", "mparams"), PAPER.values(), ids=PAPER.keys())
def test_cells_of_the_paper_to_the_digit(blocks, gmacs, mparams):
    found = cost(ModelConfig(174, blocks=blocks), 224)
    assert (round(found.macs / 1e9, 1), round(found.params / 1e6, 1)) == (gmacs, mparams)


@pytest.mark.parametrize(
    ("blocks", "gmacs", "mparams"),
    [((SAConfig(), TAConfig(position=True)), 49.9, 31.2), ((SAConfig(), GTAConfig()), 50.2, 31.2)],
    ids=["+ SA + TAPE", "+ SA + GTA"],
)
def test_cells_that_are_not_uniquely_identifiable_are_near(blocks, gmacs, mparams):
    found = cost(ModelConfig(174, blocks=blocks), 224)
    assert found.macs / 1e9 == pytest.approx(gmacs, rel=0.015)
    assert found.params / 1e6 == pytest.approx(mparams, rel=0.015)
