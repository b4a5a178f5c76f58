"""MSNet, TRN, ECO and bLVNet-TAM as rows: what a profile makes of them, and that other profiles stay as they were."""

import pytest

from experiments.study.profiles import PROFILES
from experiments.study.rows import Row
from gta.config import GTAConfig, MotionSqueezeConfig, RelationHeadConfig, to_dict
from gta.config.run import run_from_dict

NAMES = ("msnet", "trn", "eco", "eco_lite", "blvnet")


def row(name):
    return Row(name, (MotionSqueezeConfig(),) if name == "msnet" else (), name)


@pytest.mark.parametrize("profile", ["tiny-v2", "ssv1", "ssv2"])
@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_read_back_from_its_config(profile, name):
    run = PROFILES[profile].resolve(row(name), 0)
    assert run_from_dict(to_dict(run)) == run
    assert (
        str(run.model.backbone)
        == {
            "msnet": "TSM",
            "trn": "R2D" if profile == "tiny-v2" else "BNInception",
            "eco": "ECO",
            "eco_lite": "ECO Lite",
            "blvnet": "bLVNet-TAM",
        }[name]
    )
    assert isinstance(run.model.head, RelationHeadConfig) == (name == "trn")


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("profile", ["tiny-v2", "ssv1"])
def test_gta_stands_in_all_of_them(profile, name):
    run = PROFILES[profile].resolve(Row("with GTA", (GTAConfig(),), name), 0)
    assert len(run.model.places) >= 2


def test_msnet_has_its_block_after_the_last_residual_block_of_res3():
    assert PROFILES["ssv1"].resolve(row("msnet"), 0).model.places == (("res3", 3),)
    assert PROFILES["tiny-v2"].resolve(row("msnet"), 0).model.places == (("res3", 2),)
