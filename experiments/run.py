"""Train what a table needs and print it.

    python -m experiments.run table_ablation_components
    python -m experiments.run --list

Runs that are done are not run again; an interrupted study goes on where it stopped with the same command.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import shlex
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.arguments import build_parser, changes_of, checkpoint_of, child_options
from experiments.store.result import Problem
from experiments.store.store import State, Store
from experiments.study.overrides import check_changes, parse_changes
from experiments.study.own import profile_of
from experiments.study.plan import PlannedRun, headline, make_plan, parse_seeds, select_rows
from experiments.study.profiles import with_runs
from experiments.study.rows import Profile, Row, Table
from experiments.tables import TABLES, choose_tables
from gta.cli import command, parse
from gta.errors import UserError
from gta.files import make_folder
from gta.parallel import cores

if TYPE_CHECKING:
    from experiments.runner.child_options import ChildOptions
    from experiments.runner.launch import Ended, Executor
    from experiments.runner.preflight import Preflight
    from experiments.runner.signals import SignalWatch
    from gta.config import RunConfig

MAX_JOBS = 8
"""Largest default of ``--jobs``."""


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some failed, 2 bad usage, 130/143 interrupted."""
    arguments = sys.argv[1:] if argv is None else argv
    options = parse(build_parser(), arguments)
    if options.list:
        return _list(options)
    if options.evaluate_only:
        return _evaluate(options)
    request = _request(options)
    if options.status or options.dry_run:
        from experiments.runner.status import print_plan, print_status

        runs = list(request.runs.values())
        if options.status:
            print_status(request.store, runs, request.headline)
            return 0
        child = _child_options(request, options)
        found = _inspect(request, child)
        print_plan(runs, request.headline, child, found)
        return _refused(found)
    return _run(request, options, arguments)


def _evaluate(options: argparse.Namespace) -> int:
    if options.start is None or options.tables or options.all or options.dry_run or options.status:
        raise UserError("--evaluate-only scores the checkpoint of --from CHECKPOINT; no table, --dry-run or --status")
    from experiments.child.evaluate import evaluate

    checkpoint, options.start = checkpoint_of(options), None
    changes = parse_changes(changes_of(options))
    workers = max(1, cores() // 2) if options.workers is None else options.workers
    folder, found = evaluate(checkpoint, options.data, options.results, changes, workers, options.precision)
    figures = [
        f"{name} {found[key]:.1f}" for name, key in (("top-1", "top1"), ("top-5", "top5")) if found[key] is not None
    ]
    print(
        f"{', '.join(figures) or 'no answers are known'} on {found['n']} clips of {found['data']['evaluation_split']}"
    )
    print(folder)
    return 0


@dataclass(frozen=True)
class _Request:
    profile: Profile
    """Its changes are what --set and --limit ask for."""
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
    every = options.all or (options.status and not options.tables)
    if options.tables and options.all:
        raise UserError(f"--all is every table: leave it out, or {' '.join(options.tables)}")
    if not options.tables and not every:
        raise UserError(f"name a table, or say --all; tables: {', '.join(TABLES)}")
    tables = choose_tables(list(TABLES) if every else options.tables)
    profile = profile_of(options.profile, options.data)
    seeds = parse_seeds("0" if options.seeds is None else options.seeds)
    rows = _with_runs(select_rows(tables, options.rows), profile)
    profile = _changed(profile, rows, parse_changes(changes_of(options)))
    store = Store(options.results)
    used = [table for table in tables if any(table is owner for owner, _ in rows)]
    whole = options.all and options.rows is None
    return _Request(profile, used, rows, seeds, store, make_plan(rows, profile, seeds, store), whole)


def _changed(profile: Profile, rows: list[tuple[Table, Row]], changes: tuple[tuple[str, str], ...]) -> Profile:
    """Return the profile with the changes that were asked for, which must fit one of the rows at least."""
    runs = [profile.resolve(row, 0) for _, each in rows for row in (each.trained if profile.runs(each) else ())]
    check_changes(changes, list(dict.fromkeys(runs)))
    return dataclasses.replace(profile, changes=changes)


def _with_runs(rows: list[tuple[Table, Row]], profile: Profile) -> list[tuple[Table, Row]]:
    kept, left_out = with_runs(rows, profile)
    if left_out is not None:
        print(textwrap.fill(left_out, 80, subsequent_indent="  "), file=sys.stderr)
    return kept


def _inspect(request: _Request, child: ChildOptions) -> Preflight:
    from experiments.runner.preflight import inspect

    return inspect([run.config for run in request.todo], request.store.results, child)


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

    child = _child_options(request, options)
    make_folder(request.store.results)  # before hours of training, whose results could not be kept
    for run_id in request.runs:
        found = request.store.read(run_id)
        if isinstance(found, Problem):
            print(f"warning: {found}", file=sys.stderr)
    names = ", ".join(table.name for table in request.tables)
    changes = "".join(f", {name}={value}" for name, value in request.profile.changes)
    print(f"{names}, profile {request.profile.name}{changes}: {request.headline}")
    todo, code = request.todo, 0
    if todo:
        print(f"{stamp()} first the data and the initial weights", flush=True)
        ground = _inspect(request, child)
        if _refused(ground):
            return 2
        with watching_signals() as signals:
            try:
                ended = _train(request, ground, options, child, signals)
            except Interrupted as stop:
                from experiments.runner.launch import Ended

                ended = Ended(interrupted=stop.number)
        code = ended.exit_code
        if ended.interrupted is not None:
            resume = f"python -m experiments.run {shlex.join(arguments)}"
            print(resume_hint(todo, ended, resume), file=sys.stderr)
            return code
        for run, message in ended.failed:
            print(f"failed: {run.label} ({run.id}): {message}", file=sys.stderr)
    _report(request, trained=bool(todo))
    return code


def _child_options(request: _Request, options: argparse.Namespace) -> ChildOptions:
    # Threads decide the order of sums: the same for every row and every restart of a drawn profile.
    threads = 1 if request.profile.data.drawn else max(1, cores() // _jobs(request, options))
    return child_options(options, request.store.runs, threads)


def _jobs(request: _Request, options: argparse.Namespace) -> int:
    if options.jobs:
        return int(options.jobs)
    if request.profile.data.drawn:
        return min(cores(), MAX_JOBS)
    from experiments.runner.local import gpus

    return max(1, len(gpus()) // options.devices) if options.executor == "local" else 1


def _train(
    request: _Request, found: Preflight, options: argparse.Namespace, child: ChildOptions, signals: SignalWatch
) -> Ended:
    from experiments.runner.cost import planned_seconds
    from experiments.runner.launch import COMMAND, launch
    from experiments.runner.outlook import Outlook
    from experiments.runner.progress import make_progress, stamp

    todo = request.todo
    jobs = min(_jobs(request, options), len(todo))
    executor = _executor(options, jobs, child.threads, request)
    prepare = importlib.import_module("experiments.runner.prepare").prepare
    configs = [run.config for run in todo]
    planned = planned_seconds(configs, found.clips, child.processes, found.evaluated)
    outlook = Outlook(planned, jobs if options.executor == "local" or options.jobs else len(todo))

    def say(line: str) -> None:
        print(f"{stamp()} {line}  [{outlook}]", flush=True)

    if options.start is not None:
        _keep_start(configs, options)
    pretrained = prepare(configs, options.data, request.store.results, say)
    progress = make_progress(outlook)
    try:
        return launch(todo, request.store, executor, child, pretrained, progress, signals, command=COMMAND)
    finally:
        progress.close()


def _keep_start(configs: Sequence[RunConfig], options: argparse.Namespace) -> None:
    """Write the weights that the runs are fine-tuned from beside the results, where their restarts find them."""
    from gta.config import CheckpointConfig
    from gta.weights.start import keep

    for start in {run.pretrain for run in configs if isinstance(run.pretrain, CheckpointConfig)}:
        keep(checkpoint_of(options), start, options.results / "pretrained")


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
    from experiments.reporting.changed import write_changed
    from experiments.reporting.files import read_table, write_one, write_whole
    from experiments.runner.status import print_changed, print_table
    from experiments.store.frozen import FrozenStore

    frozen, folder, study = FrozenStore(request.store.results), request.store.results / request.profile.name, []
    profile = dataclasses.replace(request.profile, changes=())
    for table in request.tables:
        data = read_table(table, profile, frozen)
        write_one(data, frozen, trained or not (folder / f"{table.name}.png").exists())
        if data.results or not request.profile.changes:  # changed rows stand beside the table, never in it
            print_table(data, folder / f"{table.name}.md")
        study.append(data)
    if request.profile.changes:
        print_changed(*write_changed(list(TABLES.values()), profile, frozen), request.runs.keys())
    if request.whole and any(data.results for data in study):
        write_whole(study, frozen, trained or not (folder / "claims.png").exists())
        print(folder / "claims.md", folder / "report.html", sep="\n")


def _list(options: argparse.Namespace) -> int:
    from experiments.runner.status import print_list

    profile = profile_of(options.profile, options.data)
    rows = select_rows(choose_tables(options.tables or list(TABLES)), None)
    named, store = {table.name: table for table, _ in _with_runs(rows, profile)}, Store(options.results)
    seeds = parse_seeds(options.seeds) if options.seeds is not None else store.seeds(profile.name) or [0]
    print_list(list(named.values()), profile, seeds, store)
    return 0


if __name__ == "__main__":
    sys.exit(main())
