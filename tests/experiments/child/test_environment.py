"""The precision of a run: as wanted, as it was begun, or as is fastest here."""

import pytest

from experiments.child import environment
from experiments.child.environment import record, settle_precision
from experiments.runner.child_options import ChildOptions
from gta import files
from gta.errors import UserError

MEASURED = {"precision": "32-true", "precision_ms": {"32-true": 1.0, "bf16-mixed": 2.0}}
BEGUN = {"precision": "bf16-mixed", "precision_ms": {"32-true": 4.0, "bf16-mixed": 2.0}}


@pytest.fixture
def settle(tmp_path, monkeypatch):
    """Settle the precision of a run that was begun in bf16, on a processor where fp32 is faster now."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(
        environment, "choose_precision", lambda wanted=None: {"precision": wanted} if wanted else MEASURED
    )

    def settled(begun=BEGUN, checkpoint=tmp_path / "last.ckpt", wanted=None):
        files.write_json(tmp_path / "env.json", {"git": "abc", **begun})
        return settle_precision(ChildOptions(tmp_path, tmp_path, precision=wanted), checkpoint)

    return settled


def test_a_resumed_run_keeps_the_precision_it_was_begun_in(settle):
    assert settle() == BEGUN


def test_a_run_that_starts_again_is_measured_again(settle):
    assert settle(checkpoint=None) == MEASURED


def test_what_is_wanted_goes_before_what_was_begun(settle):
    assert settle(wanted="32-true") == {"precision": "32-true"}


def test_a_precision_of_gpus_is_not_kept_on_a_processor(settle):
    assert settle(begun={"precision": "16-mixed"}) == MEASURED


def test_a_damaged_record_is_left_to_the_one_who_names_it(settle, tmp_path):
    assert settle(begun={"precision": 7}) == MEASURED
    with pytest.raises(UserError, match="restore the file, or delete"):
        record(ChildOptions(tmp_path, tmp_path), MEASURED, tmp_path / "last.ckpt")
