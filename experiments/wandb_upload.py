"""Stored runs into a Weights & Biases project, to compare them there: the committed ones too.

    python -m experiments.wandb_upload --profile tiny-v2           # offline files in build/wandb
    python -m experiments.wandb_upload --wandb online --workspace  # into $WANDB_ENTITY/$WANDB_PROJECT

Every finished run becomes a W&B run under its own id, with the config, tags, curve, result and pictures that a live run
has; the tables of each profile become one run more. What W&B has already is not sent again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.arguments import wandb_mode
from experiments.store.store import Store
from experiments.study.profiles import PROFILES, choose_profile
from gta.cli import Parser, command, parse, positive
from gta.errors import UserError

if TYPE_CHECKING:
    from experiments.upload.stored import Target
    from experiments.upload.there import Known


def build_parser() -> argparse.ArgumentParser:
    """Return the command line; a test holds its options."""
    description = (__doc__ or "").split("\n")[0]
    parser = Parser("python -m experiments.wandb_upload", description, "--profile tiny-v2 --wandb offline")
    add = parser.add_argument
    add("--profile", help=f"one of {', '.join(PROFILES)} (default: all with runs in the store)")
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="the runs (default: results)")
    add("--wandb", choices=("offline", "online"), help="default: $WANDB_MODE, or online with a key")
    add("--out", type=Path, default=Path("build/wandb"), metavar="DIR", help="offline files (default: build/wandb)")
    add("--no-pictures", action="store_true", help="without the pictures of every run, which take most of the time")
    add("--artifacts", default="", metavar="A,B", help="files to attach: checkpoint, scores, passport")
    add("--workspace", action="store_true", help="also save a workspace with charts; needs wandb-workspaces")
    add("--jobs", type=positive, metavar="N", help="processes (default: all cores)")
    return parser


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parse(build_parser(), argv)
    online = wandb_mode(options.wandb) == "online"
    if options.workspace and not online:
        raise UserError("--workspace is saved on the server; it needs --wandb online")
    profile = choose_profile(options.profile).name if options.profile else None
    from experiments.store.artifacts import read_wanted
    from experiments.upload.stored import Target, finished

    target = Target(
        options.results, options.out, online, not options.no_pictures, read_wanted(options.artifacts, "--artifacts")
    )
    store = Store(options.results)
    runs, problems = finished(store, (profile,) if profile else ())
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    if not runs:
        raise UserError(f"{store.runs} holds no finished run; python -m experiments.run trains some")
    _upload(target, runs, options.jobs)
    if options.workspace:
        _save_workspace({store.config(run_id)["profile"] for run_id in runs})
    elif not online:
        print(f"offline files in {target.out}; to a server: wandb sync {target.out}/wandb/offline-run-*")
    return 0


def _upload(target: Target, runs: Mapping[str, str], jobs: int | None) -> None:
    from experiments.upload import tables
    from experiments.upload.stored import send
    from experiments.upload.there import Known
    from gta.parallel import run_batches, showing

    store = Store(target.results)
    profiles = sorted({store.config(run_id)["profile"] for run_id in runs} & PROFILES.keys())
    known = Known(target, [*runs, *map(tables.run_id, profiles)])
    todo = [run_id for run_id, digest in runs.items() if not known.has(run_id, digest)]
    print(f"{len(runs)} finished runs, {len(runs) - len(todo)} are there already")
    with showing("runs") as progress:
        for run_id in run_batches(send, target, todo, jobs, progress, batch=4, few=8):
            known.replaced(run_id)
    for name in profiles:
        _upload_tables(target, name, known)


def _upload_tables(target: Target, name: str, known: Known) -> None:
    from experiments.store.frozen import FrozenStore
    from experiments.tables import TABLES
    from experiments.upload import tables

    profile = PROFILES[name]
    frames = tables.read_frames(list(TABLES.values()), profile, FrozenStore(target.results))
    if not frames or known.has(tables.run_id(name), tables.digest(frames, target.results / name)):
        return
    tables.send_tables(target, profile, frames)
    known.replaced(tables.run_id(name))
    print(f"the {len(frames)} tables of {name} as run {tables.run_id(name)}")


def _save_workspace(profiles: set[str]) -> None:
    import wandb

    from experiments.upload.workspace import build

    entity = os.environ.get("WANDB_ENTITY") or wandb.Api().default_entity
    for profile in sorted(profiles):
        workspace = build(str(entity), profile)
        workspace.save()
        print(workspace.url)


if __name__ == "__main__":
    sys.exit(main())
