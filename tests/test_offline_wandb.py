"""Offline W&B files are read back without an account, and a torn one as far as it goes."""

from __future__ import annotations

import pytest
import wandb

from experiments.offline_wandb import offline_runs, records, summarise
from gta.errors import UserError


@pytest.fixture
def path(tmp_path):
    """A run with a config larger than one block of the file."""
    folder = tmp_path / "runs" / "abc"
    folder.mkdir(parents=True)
    settings = wandb.Settings(console="off", x_disable_stats=True, disable_git=True, save_code=False)
    config = {"seed": 3, "long": "x" * 70_000}
    run = wandb.init(
        project="gta", id="abc", name="R2D · seed 3", group="table", tags=["tiny"], config=config, dir=folder,
        mode="offline", settings=settings,
    )  # fmt: skip
    run.log({"val/top1": 41.5})
    run.summary["params"] = 12
    run.finish()
    return next(folder.glob("wandb/offline-run-*/run-*.wandb"))


def test_a_run_is_read_back(path):
    run = summarise(path)
    assert (run["id"], run["name"], run["group"], run["tags"]) == ("abc", "R2D · seed 3", "table", ["tiny"])
    assert run["config"]["seed"] == 3
    assert len(run["config"]["long"]) == 70_000
    assert run["summary"]["val/top1"] == 41.5
    assert run["summary"]["params"] == 12
    assert run["exit"] == 0
    results = path.parent.parent.parent.parent.parent
    assert [found["id"] for found in offline_runs(results)] == ["abc"]


def test_a_torn_file_is_read_as_far_as_it_goes(path):
    whole = path.read_bytes()
    for length in (7, 20, 1000, 40_000, len(whole) - 30):
        path.write_bytes(whole[:length])
        summarise(path)
    assert "exit" not in summarise(path)
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match="no offline W&B file"):
        records(path)
