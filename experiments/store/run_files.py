"""What a run leaves in its folder ``<results>/runs/<id>/``: every name that a writer or a reader uses."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import PurePath

CONFIG, ENV, RESULT, ERROR = "config.json", "env.json", "result.json", "error.json"
METRICS, LOG, LOCK = "metrics.jsonl", "log.txt", "lock"
CHECKPOINTS, CHECKPOINT = "ckpt", "last.ckpt"
SCORES, OTHER_SCORES = "scores.npz", "scores-*.npz"
MATRICES, LOOKS, PREDICTIONS = "matrices.npz", "looks.npz", "test-predictions.csv"


@dataclass(frozen=True)
class RunFile:
    """One line of the list."""

    name: str
    """Below the run's folder; ``*`` stands for the name of a split or for anything."""
    writer: str
    time: str
    """When it is written."""
    committed: str
    """``yes``, ``no``, or of which runs of record."""
    readers: str


RUN_FILES = (
    RunFile(CONFIG, "runner", "before the child starts", "yes", "child, report, predict; its hash is the id"),
    RunFile(LOG, "child's output", "all the time", "no", "runner (progress); you"),
    RunFile(LOCK, "child", "held while the child runs", "no", "runner, other children"),
    RunFile(ENV, "child", "before the first step; again at a resume", "yes", "report (commit, versions, precision)"),
    RunFile(METRICS, "child", "a line at every look at the validation split", "yes", "report (curves), runner, W&B"),
    RunFile(f"{CHECKPOINTS}/{CHECKPOINT}", "child", "after every epoch", "no", "child (resume), predict"),
    RunFile(f"{CHECKPOINTS}/*", "child", "with --keep-best and --keep-every", "no", "you"),
    RunFile("csv/*", "child", "all the time, with --logger csv", "no", "you"),
    RunFile("tensorboard/*", "child", "all the time, with --logger tensorboard", "no", "you"),
    RunFile(OTHER_SCORES, "child", "after the last epoch, for each further split", "yes", "report (test draw)"),
    RunFile(SCORES, "child", "after those of the further splits", "yes", "report (every figure is counted from it)"),
    RunFile(PREDICTIONS, "child", "with the scores of a test split without answers", "yes", "you: it is uploaded"),
    RunFile(MATRICES, "child", "after the scores, with GTA blocks", "yes", "report (picture of |M|)"),
    RunFile(LOOKS, "child", "after the scores, with blocks that attend", "main rows, seed 0", "report (pictures)"),
    RunFile(RESULT, "child", "last: where it stands, the run is done", "yes", "all commands"),
    RunFile(ERROR, "child, or runner for it", "when the run fails; the next start takes it away", "no", "runner"),
    RunFile("wandb/*", "W&B in the child", "all the time, unless disabled", "no", "`wandb sync`"),
    RunFile("*.rejected*", "runner", "when a file in its place cannot be trusted", "no", "you"),
)
"""In the order in which a run writes them."""
RECORDED = (ENV, METRICS, SCORES, OTHER_SCORES, MATRICES, LOOKS)
"""Files whose digests ``result.json`` keeps."""
WATCHED = (RESULT, ENV, METRICS, ERROR, LOG, LOCK, SCORES)
"""Regular files that processes open by name; what else goes by such a name is set aside before a run starts."""


def entry_of(path: PurePath) -> RunFile | None:
    """Return the line of a path below a run's folder, or None where the list lacks it."""
    return next((entry for entry in RUN_FILES if fnmatch.fnmatchcase(path.as_posix(), entry.name)), None)


def as_markdown() -> str:
    """Return the list as a Markdown table, as ``results/README.md`` holds it."""
    lines = ["| file | written by | when | committed | read by |", "|---|---|---|---|---|"]
    for entry in RUN_FILES:
        name = entry.name.replace("scores-*", "scores-<split>")
        lines.append(f"| `{name}` | {entry.writer} | {entry.time} | {entry.committed} | {entry.readers} |")
    return "\n".join(lines).replace("|M|", "\\|M\\|")
