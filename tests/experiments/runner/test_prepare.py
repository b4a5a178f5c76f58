"""Data and first weights: a signal to all of a command's processes ends it as one to itself does."""

import signal

import pytest

from experiments.runner import prepare
from experiments.runner.signals import Interrupted
from experiments.study.profiles import SMOKE
from experiments.study.rows import Row

RUN = SMOKE.resolve(Row("R2D"), 0)


def test_a_loading_process_that_ended_with_the_signal_is_no_error(tmp_path, monkeypatch):
    def load(*arguments):
        try:
            raise Interrupted(signal.SIGTERM)
        finally:
            raise RuntimeError("DataLoader worker (pid 1) is killed by signal: Terminated.")

    monkeypatch.setattr(prepare, "_prepare_data", load)
    with pytest.raises(Interrupted) as stopped:
        prepare.prepare([RUN], tmp_path, tmp_path, print)
    assert stopped.value.number == signal.SIGTERM


def test_a_loading_process_that_was_killed_is_one(tmp_path, monkeypatch):
    def load(*arguments):
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal: Killed.")

    monkeypatch.setattr(prepare, "_prepare_data", load)
    with pytest.raises(RuntimeError, match="Killed"):
        prepare.prepare([RUN], tmp_path, tmp_path, print)
