"""Train what a table needs and print it.

    python -m experiments.run table_ablation_components
    python -m experiments.run --list

Runs that are done are not run again; an interrupted study goes on where it stopped with the same command.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.runner.child_options import PRECISIONS
from experiments.store.result import Problem
from experiments.store.store import State, Store
from experiments.study.plan import PlannedRun, headline, make_plan, parse_seeds, select_rows
from experiments.study.profiles import PROFILES, choose_profile, with_runs
from experiments.study.rows import Profile, Row, Table
from experiments.tables import TABLES, choose_tables
from gta.cli import Parser, command, parse, positive
from gta.errors import UserError
from gta.files import make_folder
from gta.parallel import cores

if TYPE_CHECKING:
    from experiments.runner.launch import Executor, Outcome
    from experiments.runner.preflight import Preflight
    from experiments.runner.signals import SignalWatch

MAX_JOBS = 8
"""Largest default of ``--jobs``."""


def build_parser() -> argparse.ArgumentParser:
    """Return the command line; a test holds its options."""
    parser = Parser(prog="python -m experiments.run", description=(__doc__ or "").split("\n")[0])
    add = parser.add_argument
    add("tables", nargs="*", metavar="TABLE", help="names from --list")
    add("--all", action="store_true", help="all tables, the claims and the report over them")
    add("--list", action="store_true", help="list the tables and leave")
    add("--profile", default="tiny", help=f"scale: {', '.join(PROFILES)} (default: tiny)")
    add("--data", type=Path, default=Path("data"), metavar="DIR", help="data sets (default: data)")
    add("--seeds", default="0", metavar="0,1,2", help="seeds, also 0-4 (default: 0)")
    add("--rows", metavar="GLOB", help="only rows whose name matches, such as '*Pixel*'")
    add("--jobs", type=positive, metavar="N", help="runs at a time (default: the CPUs for small profiles, else 1)")
    add("--executor", choices=("local", "slurm"), default="local", help="where runs go (default: local)")
    add("--devices", type=positive, default=1, metavar="N", help="GPUs per run and node (default: 1)")
    add("--nodes", type=positive, default=1, metavar="N", help="nodes per run (default: 1)")
    add("--precision", choices=PRECISIONS, help="default: bf16 where it is native or measured to be faster")
    add(
        "--wandb",
        choices=("offline", "online", "disabled"),
        help="default: $WANDB_MODE, or online with a key",
    )
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="runs and tables (default: results)")
    add("--dry-run", action="store_true", help="show the plan, write nothing")
    add("--status", action="store_true", help="show the state of the runs, write nothing")
    return parser


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some failed, 2 bad usage, 130/143 interrupted."""
    arguments = sys.argv[1:] if argv is None else argv
    options = parse(build_parser(), arguments)
    if options.list:
        return _list(options)
    request = _request(options)
    if options.status or options.dry_run:
        from experiments.runner.status import print_plan, print_status

        runs = list(request.runs.values())
        if options.status:
            print_status(request.store, runs, request.headline)
            return 0
        found = _inspect(request, options)
        print_plan(runs, request.headline, options.data, found)
        return _refused(found)
    return _run(request, options, arguments)


@dataclass(frozen=True)
class _Request:
    profile: Profile
    tables: list[Table]
    rows: list[tuple[Table, Row]]
    seeds: list[int]
    store: Store
    runs: dict[str, PlannedRun]
    whole: bool
    """Whether the claims, the pictures and the report over all tables are written too."""

    @property
    def todo(self) -> list[PlannedRun]:
        """The runs that are not done."""
        return [run for run in self.runs.values() if run.state is not State.DONE]

    @property
    def headline(self) -> str:
        return headline(len(self.rows), len(self.seeds), self.runs.values())


def _request(options: argparse.Namespace) -> _Request:
    if not options.tables and not options.all:
        raise UserError(f"name a table, or say --all; tables: {', '.join(TABLES)}")
    tables = choose_tables(list(TABLES) if options.all else options.tables)
    profile = choose_profile(options.profile)
    seeds = parse_seeds(options.seeds)
    rows = _with_runs(select_rows(tables, options.rows), profile)
    store = Store(options.results)
    used = [table for table in tables if any(table is owner for owner, _ in rows)]
    whole = options.all and options.rows is None
    return _Request(profile, used, rows, seeds, store, make_plan(rows, profile, seeds, store), whole)


def _with_runs(rows: list[tuple[Table, Row]], profile: Profile) -> list[tuple[Table, Row]]:
    kept, left_out = with_runs(rows, profile)
    if left_out is not None:
        print(textwrap.fill(left_out, 80, subsequent_indent="  "), file=sys.stderr)
    return kept


def _inspect(request: _Request, options: argparse.Namespace) -> Preflight:
    from experiments.runner.preflight import inspect

    configs = [run.config for run in request.todo]
    return inspect(configs, options.data, request.store.results, options.devices * options.nodes)


def _refused(found: Preflight) -> int:
    """Print what is wrong with a plan, a line each, and return the exit code."""
    sys.stdout.flush()
    for line in found.remarks:
        print(f"note: {line}", file=sys.stderr)
    for line in found.problems:
        print(f"error: {line}", file=sys.stderr)
    return 2 if found.problems else 0


def _run(request: _Request, options: argparse.Namespace, arguments: Sequence[str]) -> int:
    from experiments.runner.launch import resume_hint
    from experiments.runner.progress import stamp
    from experiments.runner.signals import Interrupted, watching_signals

    wandb = _wandb_mode(options.wandb)
    make_folder(request.store.results)  # before hours of training, whose results could not be kept
    for run_id in request.runs:
        found = request.store.read(run_id)
        if isinstance(found, Problem):
            print(f"warning: {found}", file=sys.stderr)
    print(f"{', '.join(table.name for table in request.tables)}, profile {request.profile.name}: {request.headline}")
    todo = request.todo
    code = 0
    if todo:
        print(f"{stamp()} first the data and the initial weights", flush=True)
        ground = _inspect(request, options)
        if _refused(ground):
            return 2
        with watching_signals() as signals:
            try:
                outcome = _train(request, ground, options, wandb, signals)
            except Interrupted as stop:
                from experiments.runner.launch import Outcome

                outcome = Outcome(interrupted=stop.number)
        code = outcome.exit_code
        if outcome.interrupted is not None:
            resume = f"python -m experiments.run {shlex.join(arguments)}"
            print(resume_hint(todo, outcome, resume), file=sys.stderr)
            return code
        for run, message in outcome.failed:
            print(f"failed: {run.label} ({run.id}): {message}", file=sys.stderr)
    _report(request, trained=bool(todo))
    return code


def _train(
    request: _Request, found: Preflight, options: argparse.Namespace, wandb: str, signals: SignalWatch
) -> Outcome:
    from experiments.runner.child_options import ChildOptions
    from experiments.runner.cost import planned_seconds
    from experiments.runner.launch import COMMAND, launch
    from experiments.runner.outlook import Outlook
    from experiments.runner.progress import make_progress, stamp

    todo = request.todo
    small = request.profile.data.drawn
    jobs = options.jobs or (min(cores(), MAX_JOBS) if small else 1)
    # Threads decide the order of sums: the same for every row and every restart of a drawn profile.
    threads = 1 if small else max(1, cores() // jobs)
    jobs = min(jobs, len(todo))
    executor = _executor(options, jobs, threads, request)
    prepare = importlib.import_module("experiments.runner.prepare").prepare
    configs = [run.config for run in todo]
    planned = planned_seconds(configs, found.clips, options.devices * options.nodes)
    outlook = Outlook(planned, jobs if options.executor == "local" or options.jobs else len(todo))

    def say(line: str) -> None:
        print(f"{stamp()} {line}  [{outlook}]", flush=True)

    pretrained = prepare(configs, options.data, request.store.results, say)
    child = ChildOptions(
        request.store.runs,
        options.data,
        wandb,
        devices=options.devices,
        nodes=options.nodes,
        threads=threads,
        precision=options.precision,
    )
    progress = make_progress(outlook)
    try:
        return launch(todo, request.store, executor, child, pretrained, progress, signals, command=COMMAND)
    finally:
        progress.close()


def _executor(options: argparse.Namespace, jobs: int, threads: int, request: _Request) -> Executor:
    from experiments.runner.local import LocalExecutor

    if options.executor == "local":
        if options.nodes > 1:
            raise UserError(f"--nodes {options.nodes} needs --executor slurm; this machine is one node")
        return LocalExecutor(jobs, threads, options.devices)
    from experiments.runner.slurm import SlurmExecutor

    gpu = not request.profile.data.drawn
    folder = request.store.results / "slurm"
    return SlurmExecutor(folder, options.jobs or len(request.runs), options.devices, options.nodes, threads, gpu)


def _report(request: _Request, trained: bool) -> None:
    from experiments.reporting.evidence.snapshot import Snapshot
    from experiments.reporting.files import read_table, write_one, write_whole
    from experiments.runner.status import print_table

    snapshot, folder, study = Snapshot(request.store), request.store.results / request.profile.name, []
    for table in request.tables:
        read = read_table(table, request.profile, snapshot)
        write_one(read, snapshot, trained or not (folder / f"{table.name}.png").exists())
        print_table(read.data, folder / f"{table.name}.md")
        study.append(read)
    if request.whole and any(read.data.results for read in study):
        write_whole(study, snapshot, trained or not (folder / "claims.png").exists())
        print(folder / "claims.md", folder / "report.html", sep="\n")


def _list(options: argparse.Namespace) -> int:
    from experiments.runner.status import print_list

    profile = choose_profile(options.profile)
    tables = choose_tables(options.tables or list(TABLES))
    named = {table.name: table for table, _ in _with_runs(select_rows(tables, None), profile)}
    print_list(list(named.values()), profile, parse_seeds(options.seeds), Store(options.results))
    return 0


def _wandb_mode(asked: str | None) -> str:
    if asked is None:
        own = os.environ.get("WANDB_MODE", "")
        if own in ("offline", "online", "disabled"):
            return own
        return "online" if os.environ.get("WANDB_API_KEY") else "offline"
    if asked == "online" and not os.environ.get("WANDB_API_KEY") and not _in_netrc():
        raise UserError("--wandb online needs a key: set WANDB_API_KEY or run `wandb login`; or use --wandb offline")
    return asked


def _in_netrc() -> bool:
    import netrc
    from urllib.parse import urlparse

    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


if __name__ == "__main__":
    sys.exit(main())
