"""Every test starts and leaves with the same environment, signals and seeds, and writes no W&B run to a server."""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest

# Several tests at a time, or a busy machine, slow small networks down many times over when each takes all threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent
FAKE_CHILD = (sys.executable, "-m", "tests.support.fake_child")


def pytest_collection_modifyitems(items):
    if any(item.get_closest_marker("gpu") for item in items):
        import torch

        if not torch.cuda.is_available():
            for item in items:
                if item.get_closest_marker("gpu"):
                    item.add_marker(pytest.mark.skip(reason="needs a GPU; this machine has none"))


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch, tmp_path_factory):
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    environment, python_state = dict(os.environ), random.getstate()
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL", "WANDB_RUN_ID", "NETRC", "FAKE_BEHAVIOUR"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("GTA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))))
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    yield
    for number, handler in former.items():
        signal.signal(number, handler)
    random.setstate(python_state)
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="session")
def ground(tmp_path_factory):
    """The data, the pre-trained weights and the config of a smoke run."""
    from tests.support.smoke_run import lay, once

    return lay(once(tmp_path_factory, "ground", lay))


@pytest.fixture(scope="session")
def whole(ground, tmp_path_factory):
    """The folder of that run, finished; a test that changes something works on a copy."""
    from tests.support.smoke_run import digests, once, start

    run_id = ground[2].id

    def train(folder: Path) -> None:
        assert start(ground, folder / "runs" / run_id) == 0

    folder = once(tmp_path_factory, "whole", train) / "runs" / run_id
    before = digests(folder)
    yield folder
    assert digests(folder) == before, "a test has changed the run that others read"


@pytest.fixture
def study(monkeypatch, tmp_path):
    """Returns ``main`` with its folders set and the stand-in in place of the training process."""
    import experiments.runner.launch
    from experiments.run import main

    stub = ModuleType("experiments.runner.prepare")
    stub.prepare = lambda runs, data, results, say: {}
    monkeypatch.setitem(sys.modules, "experiments.runner.prepare", stub)
    monkeypatch.setattr(experiments.runner.launch, "COMMAND", FAKE_CHILD)
    results = tmp_path / "results"

    def call(*arguments: str) -> int:
        fixed = ["--profile", "smoke", "--results", str(results), "--data", str(tmp_path / "data")]
        return main([*arguments, *fixed])

    call.results = results
    return call
