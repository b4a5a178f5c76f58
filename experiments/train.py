"""Train and evaluate one run: ``python -m experiments.train RUN_DIR --data DIR``.

The child process of the runner. RUN_DIR holds ``config.json``; this writes ``env.json``, ``metrics.jsonl``,
``ckpt/last.ckpt`` after every epoch, ``scores.npz`` and, last and atomically, ``result.json``. Started again
after a kill it continues from the last whole checkpoint. Exit codes: 0 done, 1 a bug, 2 a user's mistake
(both with ``error.json``), 75 another process trains this run, 143 stopped by SIGTERM, 130 by SIGINT.
"""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from experiments.child.fit import Stopped, train
from experiments.child.processes import EndedElsewhere, is_first
from experiments.runner.child_options import ChildOptions, read_child_options
from experiments.runner.launch import LOCKED
from experiments.runner.memory import is_shortage, what_helps
from experiments.store.result import SCHEMA, Result
from experiments.store.run_files import CHECKPOINTS, CONFIG, ERROR, LOCK, LOG
from gta import files
from gta.config import RunConfig, run_from_dict
from gta.errors import UserError

_WORDS_WITHIN = 10
"""Seconds in which a process that failed writes why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    child = read_child_options(arguments)
    from filelock import FileLock, Timeout

    if not is_first(child.processes):
        return _guarded(child)  # the first process holds the lock
    try:
        with FileLock(child.folder / LOCK, timeout=0):
            for folder in (child.folder, child.folder / CHECKPOINTS):
                files.sweep(folder)  # of what a kill has left half-written
            return 0 if _is_done(child.folder) else _guarded(child)
    except Timeout:
        print(f"error: {child.folder} is being trained by another process", file=sys.stderr)
        return LOCKED


def _is_done(folder: Path) -> bool:
    from experiments.store.store import Store

    store = Store(folder.parent.parent)
    return store.folder(folder.name) == folder and isinstance(store.read(folder.name), Result)


def _guarded(child: ChildOptions) -> int:
    """Train; turn every failure into an exit code and, unless it was asked for, an ``error.json``."""
    config = None
    try:
        config = _read_config(child.folder / CONFIG)
        train(config, child)
    except Stopped as stop:
        return stop.code
    except EndedElsewhere:
        return _end_with_the_others(child)
    except UserError as error:
        return _fail(child.folder, str(error), "user", 2)
    except Exception as error:
        if config is not None and is_shortage(error):
            return _fail_for_memory(config, child, error)
        return _fail_otherwise(child, error)
    return 0


def _fail_for_memory(config: RunConfig, child: ChildOptions, error: Exception) -> int:
    with contextlib.suppress(OSError, MemoryError):
        traceback.print_exc()
    said = " ".join(str(error).split())[:80] or type(error).__name__
    return _fail(child.folder, f"{what_helps(config, child)} [{said}]", "user", 2)


def _fail_otherwise(child: ChildOptions, error: Exception) -> int:
    if isinstance(error, OSError):
        return _fail(child.folder, f"{error.filename or child.folder}: {error.strerror or error}", "user", 2)
    with contextlib.suppress(OSError):
        traceback.print_exc()
    return _fail(child.folder, f"{type(error).__name__}: {error}", "bug", 1)


def _end_with_the_others(child: ChildOptions) -> int:
    """Leave the word to the process that failed; where it said nothing, as when it was killed, the first one speaks."""
    if not is_first(child.processes):
        return 0
    for _ in range(_WORDS_WITHIN):
        if (child.folder / ERROR).exists():
            return 1
        time.sleep(1)
    message = f"another process of this run ended without a word; see {child.folder / LOG}"
    return _fail(child.folder, message, "bug", 1)


def _read_config(path: Path) -> RunConfig:
    try:
        return run_from_dict(files.read_json(path))
    except ValueError as error:
        raise UserError(
            f"{path} is not a config of this version ({error}); start the run with experiments.run"
        ) from error


def _fail(folder: Path, message: str, kind: str, code: int) -> int:
    line = " ".join(message.split())
    with contextlib.suppress(UserError):  # a full disk: the parent says so
        files.write_json(folder / ERROR, {"schema": SCHEMA, "error": line, "kind": kind})
    with contextlib.suppress(OSError):  # the log is on the same disk
        print(f"error: {line}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
