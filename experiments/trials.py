"""Run single trials and write their table: on seeds and a draw that no table reads; they never decide a claim.

Shared by :mod:`experiments.tune`, which chooses settings for a family, and :mod:`experiments.probes`, which asks why a
claim came out otherwise. The runs of trials lie in a folder of their own; what is kept is one line each.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.store.result import Result
from experiments.store.store import State, Store
from experiments.study.plan import PlannedRun
from experiments.study.profiles import TINY
from experiments.study.rows import Profile
from gta.cli import Parser
from gta.config import RunConfig
from gta.data.drawn.embedded import SHORT
from gta.errors import UserError
from gta.files import make_folder
from gta.parallel import cores

SEEDS = (1000, 1001)
"""No table uses them."""


@dataclass(frozen=True)
class Trial:
    """One run, and what tells it apart in the table of trials."""

    cells: Mapping[str, str]
    config: RunConfig


def on_tune(profile: Profile, real: bool = False) -> Profile:
    """Return the profile with every setting evaluated on the ``tune`` draw.

    Args:
        profile: a scale.
        real: whether it may be of a real data set, of whose training clips a part is then held out.

    Raises:
        UserError: its data are not drawn, so that there is no such draw.
    """
    if not profile.data.drawn and not real:
        raise UserError(
            f"profile {profile.name!r} is of a real data set; trials are evaluated on the `tune` draw, which only "
            "drawn data sets have: take --profile tiny-v2 or smoke"
        )
    settings = {
        name: dataclasses.replace(setting, data=dataclasses.replace(setting.data, evaluation_split="tune"), splits=())
        for name, setting in profile.settings.items()
    }
    return dataclasses.replace(profile, settings=settings)


def trial_parser(prog: str, description: str, example: str) -> argparse.ArgumentParser:
    """Return the options that commands for trials share."""
    parser = Parser(prog, description, example)
    parser.add_argument("--profile", default=TINY.name, help=f"default: {TINY.name}")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("build/trials"), metavar="DIR", help="the trials' own runs")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="where the table goes")
    return parser


def run_trials(found: Sequence[Trial], work: Path, data: Path) -> int:
    """Train the trials that are not done yet and return the exit code."""
    store = Store(work)
    runs = {
        trial.config.id: PlannedRun(trial.config, store.state(trial.config.id), [("trials", _label(trial))])
        for trial in found
    }
    todo = [run for run in runs.values() if run.state is not State.DONE]
    if not todo:
        return 0
    from experiments.runner.child_options import ChildOptions
    from experiments.runner.cost import planned_seconds
    from experiments.runner.launch import launch
    from experiments.runner.local import LocalExecutor, gpus
    from experiments.runner.outlook import Outlook
    from experiments.runner.preflight import inspect
    from experiments.runner.prepare import prepare
    from experiments.runner.progress import make_progress
    from experiments.runner.signals import Interrupted, watching_signals

    configs = [run.config for run in todo]
    drawn = all(config.data.drawn for config in configs)
    jobs = cores() if drawn else max(1, len(gpus()))
    child = ChildOptions(store.runs, data, threads=1 if drawn else max(1, cores() // jobs))
    ground = inspect(configs, store.results, child)
    if ground.problems:
        raise UserError("; ".join(ground.problems))
    make_folder(work)
    with watching_signals() as signals:
        try:
            outlook = Outlook(planned_seconds(configs, ground.clips, 1, ground.evaluated), jobs)
            weights = prepare(configs, data, store.results, print)
        except Interrupted as stop:
            return 128 + stop.number
        progress = make_progress(outlook)
        try:
            executor = LocalExecutor(jobs, child.threads, 1)
            return launch(todo, store, executor, child, weights, progress, signals).exit_code
        finally:
            progress.close()


def carry_out(
    wanted: Sequence[Trial], every: Sequence[Trial], options: argparse.Namespace, name: str, head: str
) -> int:
    """Train what is missing of the wanted trials, then write the table of every one that is measured.

    Args:
        wanted: to be trained.
        every: all that the table may have, in its order.
        options: of :func:`trial_parser`.
        name: of the table, in the folder of the profile's results.
        head: what stands above it.

    Returns:
        The exit code; a table is written only when no trial failed.
    """
    code = run_trials(wanted, options.work, options.data)
    if code == 0:
        write_trials(every, options.work, options.results / SHORT.get(options.profile, options.profile) / name, head)
    return code


def write_trials(found: Sequence[Trial], work: Path, target: Path, head: str) -> None:
    """Write the measured trials to ``<target>.md`` and ``.csv``, one line each.

    A trial whose run does not lie in ``work`` keeps the line that it has in the file.

    Args:
        found: all trials that the table may have, in its order.
        work: the folder of their runs.
        target: the files without suffix.
        head: what stands above the table.

    Raises:
        UserError: the files cannot be written.
    """
    import pandas as pd

    from gta import files

    earlier = {}
    if target.with_suffix(".csv").exists():
        text = target.with_suffix(".csv").read_text("utf-8")
        kept = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)
        earlier = {
            line["run"]: {str(name): str(cell) for name, cell in line.items()} for line in kept.to_dict("records")
        }
    store = Store(work)
    lines: list[dict[str, str]] = []
    for trial in found:
        result = store.read(trial.config.id)
        if isinstance(result, Result):
            lines.append(_line(trial, result, store))
        elif trial.config.id in earlier:
            lines.append(earlier[trial.config.id])
    frame = pd.DataFrame(lines, dtype="str")
    table = frame.to_markdown(index=False, disable_numparse=True)
    files.write_text(target.with_suffix(".md"), f"{head}\n\n{table}\n")
    files.write_text(target.with_suffix(".csv"), frame.to_csv(index=False, lineterminator="\n"))
    print(target.with_suffix(".md"))


def _line(trial: Trial, result: Result, store: Store) -> dict[str, str]:
    pairs = result.accuracies.pair_accuracy
    losses = [point["train_loss"] for point in result.points if "train_loss" in point]
    return {
        **trial.cells,
        "top-1": f"{result.accuracies.top1:.1f}",
        "within pair": "–" if pairs is None else f"{pairs:.1f}",
        "last train loss": f"{losses[-1]:.3f}" if losses else "–",
        "minutes": f"{result.train_seconds / 60:.1f}",
        "run": result.run_id,
    }


def _label(trial: Trial) -> str:
    return ", ".join(cell for name, cell in trial.cells.items() if name != "seed")
