"""When the protocol was committed, in small repositories that the tests make."""

import os
import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from experiments.reporting.evidence import history
from experiments.reporting.evidence.protocol import Frozen


def git(folder, *arguments, time="2026-01-01T00:00:00+00:00"):
    environment = os.environ | {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time, "HOME": str(folder)}
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *names, *arguments], check=True, capture_output=True, env=environment)


@pytest.fixture
def written(tmp_path):
    """A file that two commits wrote a line into each."""
    path = tmp_path / "protocol.csv"
    git(tmp_path, "init", "-q")
    for day, line in ((1, "first,aaaa"), (3, "second,bbbb")):
        with path.open("a") as stream:
            stream.write(f"{line}\n")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", line, time=f"2026-01-0{day}T00:00:00+00:00")
    return path


def study(*finished):
    """A table with one claim on one row, whose runs were finished at these times."""
    results = [SimpleNamespace(finished=time) for time in finished]
    claim = SimpleNamespace(name="first", rows=("A",))
    row = SimpleNamespace(members=dict(enumerate((result,) for result in results)))
    verdict = SimpleNamespace(claim=claim, frozen=True, tested=(1,))
    table = SimpleNamespace(name="table")
    return [
        SimpleNamespace(table=table, verdicts=(verdict,), row=lambda name: row, trained=[("A", one) for one in results])
    ]


def entries(digest):
    return {("table", "first"): Frozen(digest, datetime(2025, 12, 1, tzinfo=UTC))}


def test_a_line_is_as_old_as_the_commit_that_brought_it(written):
    found = history.committed(["aaaa", "bbbb", "cccc"], history.changes(written))
    assert {digest: commit.time.day for digest, commit in found.items()} == {"aaaa": 1, "bbbb": 3}


def test_a_claim_that_was_committed_after_a_run_is_named(written):
    changes, runs = history.changes(written), study("2026-01-02T00:00:00+00:00", "2026-01-05T00:00:00+00:00")
    assert history.too_late(runs, entries("aaaa"), changes) == []
    (line,) = history.too_late(runs, entries("bbbb"), changes)
    assert "table: first: committed 2026-01-03 00:00" in line
    assert "after a run that it reads (2026-01-02 00:00)" in line
    (line,) = history.too_late(runs, entries("cccc"), changes)
    assert "no commit holds its line" in line


def test_a_text_that_was_changed_after_the_first_run_is_named(written):
    changes = history.changes(written)
    assert history.changed_later(study("2026-01-04T00:00:00+00:00"), changes) == []
    assert "after the first run" in history.changed_later(study("2026-01-02T00:00:00+00:00"), changes)[0]
    assert history.changed_later(study(), changes) == []
    assert "as of commit" in history.described(changes)


def test_a_history_that_was_begun_after_the_runs_proves_nothing(written):
    assert history.reaches_back(written.parent, study("2026-01-02T00:00:00+00:00"))
    assert not history.reaches_back(written.parent, study("2025-12-31T00:00:00+00:00"))
    assert not history.reaches_back(written.parent, study())


def test_without_a_whole_history_nothing_is_said(written, tmp_path):
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path}", str(shallow))
    assert history.changes(shallow / written.name) is None
    alone = tmp_path.parent / f"{tmp_path.name}-alone"
    alone.mkdir()
    assert history.changes(alone / "protocol.csv") is None
    assert history.described(None).startswith("note: ")
