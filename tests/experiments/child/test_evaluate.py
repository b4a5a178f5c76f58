"""A checkpoint scored again: as its run was, on other splits and views, and refused where it does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.run import main
from gta.scoring.scores import read_scores


@pytest.fixture
def call(ground, whole, tmp_path, capsys):
    def run(*options):
        fixed = [
            "--data",
            str(ground[0]),
            "--results",
            str(tmp_path / "out"),
            "--workers",
            "0",
            "--precision",
            "32-true",
        ]
        code = main(["--evaluate-only", "--from", str(whole / "ckpt" / "last.ckpt"), *fixed, *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_same_clips_give_the_scores_of_the_run(call, whole):
    code, out, err = call()
    assert code == 0, err
    folder = Path(out.splitlines()[-1])
    found, result = json.loads((folder / "result.json").read_text()), json.loads((whole / "result.json").read_text())
    assert found["run_id"] == result["run_id"]
    assert found["n"] == result["n_val"]
    ours, theirs = (read_scores(path / "scores.npz") for path in (folder, whole))
    assert np.array_equal(ours.clip_ids, theirs.clip_ids)
    assert np.array_equal(ours.labels, theirs.labels)
    np.testing.assert_allclose(ours.scores.astype(float), theirs.scores.astype(float), atol=0.15)  # it may be bf16
    assert abs(found["top1"] - result["top1"]) < 1
    assert call()[1] == out  # the same evaluation has the same place


def test_another_split_and_other_views(call):
    code, out, err = call("--set", "data.evaluation_split=test", "--set", "views=2x1")
    assert code == 0, err
    assert "clips of test" in out
    scores = read_scores(Path(out.splitlines()[-1]) / "scores.npz")
    assert len(scores.scores) == 2


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["table_main"], "no table, --dry-run or --status"),
        (["--set", "train.lr=1"], "data.* and views can be set"),
        (["--set", "data.frames=16"], "data.* and views can be set"),
        (["--set", "data.evaluation_split=best"], "expected one of validation, tune, test"),
        (["--from", "none.ckpt"], "holds no run"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(call, options, part):
    code, _, err = call(*options)
    assert code == 2
    assert err.count("\n") == 1
    assert part in err


def test_a_checkpoint_must_be_named(capsys):
    assert main(["--evaluate-only"]) == 2
    assert "--from CHECKPOINT" in capsys.readouterr().err
