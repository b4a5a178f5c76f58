"""The list of what a run leaves: the same in code, in results/README.md, in .gitignore and on disk."""

from pathlib import Path, PurePath

import pytest

from experiments.store.run_files import RUN_FILES, WATCHED, as_markdown, entry_of

ROOT = Path(__file__).parents[3]
RUNS = ROOT / "results" / "runs"


def test_the_readme_shows_the_list():
    assert as_markdown() in (ROOT / "results" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("entry", RUN_FILES, ids=lambda entry: entry.name)
def test_git_leaves_out_what_is_not_committed(entry):
    """Of what is ignored within a folder the folder itself is."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    first = PurePath(entry.name).parts[0]
    lines = {f"results/runs/*/{first}", f"results/runs/*/{first}/"}
    assert bool(lines & set(ignored)) == (entry.committed == "no")


def test_every_committed_file_of_a_run_is_in_the_list():
    committed = {path.name for folder in RUNS.iterdir() for path in folder.iterdir() if path.is_file()}
    assert {"config.json", "result.json", "scores.npz"} <= committed
    assert [name for name in sorted(committed) if entry_of(PurePath(name)) is None] == []


def test_watched_files_are_in_the_list():
    assert all(entry_of(PurePath(name)) for name in WATCHED)
    assert entry_of(PurePath("notes.txt")) is None
    assert entry_of(PurePath("ckpt/last.ckpt")).writer == "child"
