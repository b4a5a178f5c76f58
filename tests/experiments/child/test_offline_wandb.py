"""Offline W&B files are read back without an account, and a torn one as far as it goes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from experiments.child.offline_wandb import records, summarise
from gta.errors import UserError

WRITE = """
import sys, wandb
settings = wandb.Settings(console="off", x_disable_stats=True, disable_git=True, save_code=False)
run = wandb.init(
    project="gta", id="abc", name="R2D · seed 3", group="table", tags=["tiny"], dir=sys.argv[1], mode="offline",
    config={"seed": 3, "long": "x" * 70_000}, settings=settings,
)
run.log({"val/top1": 41.5})
run.summary["params"] = 12
run.finish()
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A run with a config larger than two blocks of the file; W&B ends the file when its process ends."""
    folder = tmp_path_factory.mktemp("results") / "runs" / "abc"
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True, capture_output=True, timeout=120)
    return next(folder.glob("wandb/offline-run-*/run-*.wandb"))


@pytest.fixture
def path(written):
    whole = written.read_bytes()
    yield written
    written.write_bytes(whole)


def test_a_run_is_read_back(path):
    run = summarise(path)
    assert (run["id"], run["name"], run["group"], run["tags"]) == ("abc", "R2D · seed 3", "table", ["tiny"])
    assert run["config"]["seed"] == 3
    assert len(run["config"]["long"]) == 70_000
    assert run["summary"]["val/top1"] == 41.5
    assert run["summary"]["params"] == 12
    assert run["exit"] == 0


def test_a_torn_file_is_read_as_far_as_it_goes(path):
    whole = path.read_bytes()
    for length in (7, 20, 1000, 40_000, len(whole) - 30):
        path.write_bytes(whole[:length])
        summarise(path)
    assert "exit" not in summarise(path)
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match="no offline W&B file"):
        records(path)
