"""Plans, states and tables as text on the terminal."""

from __future__ import annotations

import contextlib
import sys
import textwrap
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.store.result import Problem, Result
from experiments.store.store import State, Store
from experiments.study.plan import PlannedRun, make_plan, parts, select_rows
from experiments.study.rows import Profile, Table
from gta.errors import UserError

if TYPE_CHECKING:
    from experiments.reporting.changed import ChangedRow
    from experiments.reporting.evidence.collect import TableData
    from experiments.runner.child_options import ChildOptions
    from experiments.runner.cost import Rate, RunCost
    from experiments.runner.preflight import Preflight

WIDTH, INDENT = 99, 4 * " "
"""Columns of a plan, and where the second line of a run begins."""


def print_list(tables: Sequence[Table], profile: Profile, seeds: Sequence[int], store: Store) -> None:
    """Print the tables with their number of rows and of finished runs."""
    width = max(len(table.name) for table in tables)
    every: dict[str, PlannedRun] = {}
    for table in tables:
        runs = make_plan(select_rows([table], None), profile, seeds, store)
        every |= runs
        done = sum(run.state is State.DONE for run in runs.values())
        print(f"{table.name:{width}}  {len(table.rows):2d} rows  {done:2d}/{len(runs)} runs done  {table.title}")
    done = sum(run.state is State.DONE for run in every.values())
    seeds_text = ",".join(map(str, seeds))
    print(f"profile {profile.name}, seeds {seeds_text}: {done} of {len(every)} distinct runs done in {store.results}")


def print_plan(runs: Sequence[PlannedRun], headline: str, child: ChildOptions, found: Preflight) -> None:
    """Print what would be run and, for a real data set, what it would cost.

    Args:
        runs: the plan.
        headline: its summary.
        child: how the runs would be computed, and from which folder of data.
        found: what was found there.
    """
    lines = [["run", "state", "seed", "row"]]
    lines += [[run.id, run.state, str(run.config.seed), _uses(run)] for run in runs]
    real = [run for run in runs if not run.config.data.drawn]
    notes: list[str] = []
    if real:
        with contextlib.suppress(UserError):  # a network that cannot read its frames stands among the plan's problems
            costs, notes = _costs(real, child, found)
            for line, cells in zip(lines, [["clips", "steps", "GMACs", "GPU-hours"], *costs], strict=True):
                line[3:3] = cells
    described = [parts(run.config) for run in runs]
    shared = {place for place, kind in enumerate(zip(*described, strict=True)) if len(set(kind)) == 1}
    table = _columns(lines)
    print(table[0])
    for text, own in zip(table[1:], described, strict=True):
        print(text if len(text) <= WIDTH else f"{text[: WIDTH - 4]} ...")
        more = "; ".join(part for place, part in enumerate(own) if part and place not in shared)
        print(textwrap.fill(more, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)) if more else None
    common = "; ".join(part for place, part in enumerate(described[0]) if part and place in shared)
    print(textwrap.fill(f"all: {common}", WIDTH, subsequent_indent="     ")) if common else None
    print(headline)
    for note in notes:
        print(note)


def _costs(runs: Sequence[PlannedRun], child: ChildOptions, found: Preflight) -> tuple[list[list[str]], list[str]]:
    from experiments.runner.cost import estimate

    source = "clips: the release's official count" if found.clips is None else f"clips: as listed in {child.data}"
    costs = estimate([run.config for run in runs], found.clips, found.evaluated)
    rate = _rate(runs, costs, child)
    costs = [rate.of(cost) for cost in costs]
    cells = [[f"{c.clips:,}", f"{c.steps:,}", f"{c.macs / 1e9:.1f}", f"{c.gpu_hours:.0f}"] for c in costs]
    left = sum(c.gpu_hours for c, run in zip(costs, runs, strict=True) if run.state is not State.DONE)
    formula = (
        f"{left:,.0f} GPU-hours left = 2 x MACs x (3 x clips x epochs + evaluated clips x views), divided by "
        f"{rate.operations:.1e} FLOP/s ({rate.where})"
    )
    return cells, [*textwrap.wrap(formula, WIDTH), source]


def _rate(runs: Sequence[PlannedRun], costs: Sequence[RunCost], child: ChildOptions) -> Rate:
    """Return the rate of some steps on the GPU here, of the run in the middle; without a GPU, what is assumed."""
    from experiments.runner.cost import ASSUMED, Rate
    from experiments.runner.local import gpus

    if not gpus():
        return ASSUMED
    import torch

    from experiments.runner.batches import at_once
    from gta.training.speed import TIMED, gpu_precision, seconds_a_clip

    if not torch.cuda.is_available():
        return ASSUMED
    middle = sorted(range(len(runs)), key=lambda index: costs[index].macs)[len(runs) // 2]
    run = runs[middle]
    precision = child.precision or gpu_precision()
    try:
        clips = at_once(run.config, child)
        seconds = seconds_a_clip(run.config, clips, precision, torch.device("cuda"))
    except UserError:  # it stands among the plan's problems
        return ASSUMED
    except torch.OutOfMemoryError:
        more = f"{clips} clips of {run.label} at once do not fit in the GPU here; see --accumulate"
        return Rate(ASSUMED.operations, f"{ASSUMED.where}: {more}")
    where = f"{torch.cuda.get_device_name()}, measured in {TIMED} steps of {clips} clips of {run.label} in {precision}"
    return Rate(3 * 2 * costs[middle].macs / seconds, where)


def print_status(store: Store, runs: Sequence[PlannedRun], headline: str) -> None:
    """Print the state of the runs, the last epoch and the error of failed ones."""
    lines = [("run", "state", "seed", "epoch", "top-1", "row", "")]
    for run in runs:
        result, total = store.read(run.id), run.config.train.epochs
        points = store.metrics(run.id)
        last = points[-1] if points else {}
        value: float | None
        if isinstance(result, Result):
            epoch, value = f"{total}/{total}", result.accuracies.top1
        else:
            epoch = f"{last.get('epochs', last['epoch'] + 1):g}/{total}" if last else ""
            value = last.get("val_top1")
        top1 = "" if value is None else f"{value:.1f}"
        error = (store.error(run.id) or "") if run.state is State.FAILED else ""
        if isinstance(result, Problem):
            error = str(result)
        lines.append((run.id, run.state, str(run.config.seed), epoch, top1, _uses(run), error))
    _print_columns(lines)
    print(headline)


def print_table(data: TableData, page: Path) -> None:
    """Print a table as far as it fits the terminal; ``page`` has all of it."""
    from experiments.reporting.pages.terminal import short_table, terminal_width

    for problem in data.problems:
        print(f"left out: {problem}", file=sys.stderr)
    print(f"\n{short_table(data, terminal_width(), page)}")


def print_changed(rows: Sequence[ChangedRow], page: Path | None, runs: Set[str]) -> None:
    """Print the rows of a changed recipe whose runs are among ``runs``; ``page`` has all of them."""
    from experiments.reporting.pages.cells import measured

    lines = [["row, beside the table", "top-1", "to the row of record", "changes"]]
    for row in rows:
        if not runs.isdisjoint(member.run_id for members in row.data.members.values() for member in members):
            top1 = measured(row.data, "top1", seeds=True)
            lines.append([row.data.row.name, top1, row.delta or "not measured", ", ".join(row.changes)])
    if len(lines) > 1:
        print()
        _print_columns(list(dict.fromkeys(map(tuple, lines))))
        print(f"Page: {page}")


def _uses(run: PlannedRun) -> str:
    tables: dict[str, list[str]] = {}
    for table, row in run.uses:
        tables.setdefault(row, []).append(table)
    short = {row: [table.removeprefix("table_").removeprefix("ablation_") for table in tables[row]] for row in tables}
    return "; ".join(f"{row} [{', '.join(short[row])}]" for row in short)


def _print_columns(lines: Sequence[Sequence[str]]) -> None:
    for line in _columns(lines):
        print(line)


def _columns(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(str(line[index])) for line in lines) for index in range(len(lines[0]))]
    return ["  ".join(f"{cell!s:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
