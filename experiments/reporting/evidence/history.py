"""When the protocol was committed, by git: a time that was only written down proves little.

A claim counts as frozen from the commit that brought its digest into ``results/protocol.csv``; ``PROTOCOL.md`` from the
last one that changed it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from experiments.reporting.evidence import protocol
from experiments.reporting.evidence.collect import TableData

TEXT = protocol.PATH.with_name("PROTOCOL.md")


@dataclass(frozen=True)
class Commit:
    """One of the history."""

    id: str
    time: datetime


def changes(path: Path) -> list[tuple[Commit, str]] | None:
    """Return the commits that changed a file with the lines they added, the first one first; None without a history."""
    shallow = _git(path.parent, "rev-parse", "--is-shallow-repository")
    text = _git(path.parent, "log", "--format=%x00%h %cI", "-p", "-U0", "--", path.name)
    if shallow is None or shallow.strip() != "false" or not text:
        return None
    found = []
    for part in text.split("\0")[1:]:
        head, _, patch = part.partition("\n")
        name, _, time = head.partition(" ")
        added = [line[1:] for line in patch.splitlines() if line.startswith("+") and not line.startswith("+++")]
        found.append((Commit(name, datetime.fromisoformat(time).astimezone(UTC)), "\n".join(added)))
    return found[::-1]  # git tells the newest first


def reaches_back(folder: Path, study: Sequence[TableData]) -> bool:
    """Return whether the history begins before the first run; that of a copy that was committed anew does not."""
    times = (_git(folder, "log", "--format=%cI") or "").split()
    finished = [datetime.fromisoformat(result.finished) for data in study for _, result in data.trained]
    return bool(times and finished) and min(map(datetime.fromisoformat, times)) < min(finished)


def committed(digests: Iterable[str], history: Sequence[tuple[Commit, str]]) -> dict[str, Commit]:
    """Return the first commit that brought each digest; those that none brought are left out."""
    wanted, found = set(digests), dict[str, Commit]()
    for commit, added in history:
        for digest in [digest for digest in wanted - found.keys() if digest in added]:
            found[digest] = commit
    return found


def too_late(
    study: Sequence[TableData],
    entries: Mapping[tuple[str, str], protocol.Frozen],
    history: Sequence[tuple[Commit, str]],
) -> list[str]:
    """Return the claims that say they are older than the runs they read, but were committed after one of them."""
    commits = committed([entry.digest for entry in entries.values()], history)
    wrong = []
    for data in study:
        for verdict in data.verdicts:
            entry = entries.get((data.table.name, verdict.claim.name))
            if entry is None or not verdict.frozen or not verdict.tested:
                continue
            finished = [
                datetime.fromisoformat(result.finished).astimezone(UTC)
                for name in verdict.claim.rows
                for members in data.row(name).members.values()
                for result in members
            ]
            commit = commits.get(entry.digest)
            if commit is None:
                wrong.append(f"{data.table.name}: {verdict.claim.name}: no commit holds its line of the protocol yet")
            elif finished and min(finished) < commit.time:
                wrong.append(
                    f"{data.table.name}: {verdict.claim.name}: committed {commit.time:%Y-%m-%d %H:%M} ({commit.id}), "
                    f"after a run that it reads ({min(finished):%Y-%m-%d %H:%M})"
                )
    return wrong


def changed_later(study: Sequence[TableData], text: Sequence[tuple[Commit, str]]) -> list[str]:
    """Return that ``PROTOCOL.md`` was changed after the first run of the study, or nothing."""
    finished = [result.finished for data in study for _, result in data.trained]
    commit, first = text[-1][0], min(map(datetime.fromisoformat, finished), default=None)
    if first is None or commit.time < first.astimezone(UTC):
        return []
    return [
        f"{TEXT}: changed at {commit.time:%Y-%m-%d %H:%M} ({commit.id}), after the first run ({first:%Y-%m-%d %H:%M})"
    ]


def described(text: Sequence[tuple[Commit, str]] | None) -> str:
    """Return which commit holds the protocol as it is."""
    if text is None:
        return "note: there is no whole git history here, so when the protocol was committed is not checked"
    commit = text[-1][0]
    return f"{TEXT.name} as of commit {commit.id} ({commit.time:%Y-%m-%d %H:%M} UTC)"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
