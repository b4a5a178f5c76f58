"""The page of all runs: counted once, added up by seed, with what they started from."""

from types import SimpleNamespace

from experiments.reporting.pages.runs_page import render


def result(run_id, seed, seconds, weights, accuracy):
    env = {"machine": {"cpu": "a processor"}, "pretrained_sha256": weights, "pretraining_accuracy": accuracy}
    finished = f"2026-01-0{seed + 1}T00:00:00"
    return SimpleNamespace(run_id=run_id, seed=seed, train_seconds=seconds, env=env, finished=finished)


def test_runs_are_counted_once_and_starts_have_their_accuracy():
    known = {"shape": 51.2, "x": 90.1, "hand": 97.6}
    first = [("R2D", result("a", 1, 1800, "f" * 64, known)), ("R2D", result("b", 2, 1800, "e" * 64, known))]
    second = [("+ SA + GTA", result("c", 1, 3600, "f" * 64, known)), ("8f", first[0][1])]
    older = [("R2D", result("d", 0, 3600, "d" * 64, None))]
    page = render([SimpleNamespace(trained=rows) for rows in (first, second, older)])
    assert "4 runs, 3.0 hours of training" in page
    lines = [line.replace("\u00a0", " ") for line in page.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert ["1", "2", "1.5"] in [line[:3] for line in cells]
    assert ["0", "1", "1.0"] in [line[:3] for line in cells]
    assert ["R2D", "1", "f" * 12, "2", "51", "90", "98"] in cells
    assert sum(line[0] == "R2D" for line in cells) == 2  # nothing is known of the older start
