"""Choose learning rate and initial scale for each family: ``python -m experiments.tune``.

Every family gets the same number of trials, on a seed and a validation draw (``tune``) that no table ever uses. A
family that brings an initial scale of its own spends two trials on it; the others spend them on further learning
rates. The measured trials go to ``<results>/<profile>/tuning.md`` and ``.csv``; the choice is then written by hand
into ``experiments/profiles.py``, and why into ``results/LOG.md``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.plan import PlannedRun
from experiments.result import Result
from experiments.store import State, Store
from experiments.study import FamilySettings, Profile, Row
from experiments.tables.models import DNL, GTA, NL, TAPE
from experiments.tables.table_nl_variants import CGNL, GC, GLORE
from experiments.usage import choose_profile
from gta.cli import Parser, parse
from gta.config import RunConfig, SAConfig
from gta.data.pool import cores
from gta.errors import UserError, nearest

SEED = 1000
"""No table uses it."""
ROWS = {
    row.family: row
    for row in (
        Row("R2D"),
        Row("+ SA", (SAConfig(),)),
        Row("+ SA + TA", DNL),
        Row("+ SA + TAPE", (SAConfig(), TAPE)),
        Row("+ SA + GTA", GTA),
        Row("+ NL", NL),
        Row("+ CGNL", CGNL),
        Row("+ GCNet", GC),
        Row("+ GloRe", GLORE),
        Row("TSM", backbone="tsm"),
        Row("TSM + SA + GTA", GTA, "tsm"),
        Row("SlowFast", backbone="slowfast"),
    )
}
"""One row stands for its family; the blocks on SlowFast are trained with what was chosen for plain SlowFast."""
RATES = (1e-3, 2e-3, 4e-3)
SCALES: dict[str, tuple[FamilySettings, ...]] = {
    "tape": (FamilySettings(lr=2e-3, position_std=0.3), FamilySettings(lr=2e-3, position_std=3.0)),
    "gta": (FamilySettings(lr=2e-3, matrix_gain=0.3), FamilySettings(lr=2e-3, region_norm="softmax")),
}
SCALES["tsm+gta"] = SCALES["gta"]
MORE_RATES = (FamilySettings(lr=5e-4), FamilySettings(lr=8e-3))


@dataclass(frozen=True)
class Trial:
    """One setting of one family."""

    family: str
    row: Row
    settings: FamilySettings
    config: RunConfig


def trials(profile: Profile, families: Sequence[str]) -> list[Trial]:
    """Return five trials for each of the families."""
    settings_on_tune = {
        name: dataclasses.replace(setting, data=dataclasses.replace(setting.data, evaluation_split="tune"))
        for name, setting in profile.settings.items()
    }
    found = []
    for family in families:
        row = ROWS[family]
        rates = tuple(FamilySettings(lr=rate) for rate in RATES)
        for settings in sorted((*rates, *SCALES.get(family, MORE_RATES)), key=_by_scale_and_rate):
            tuned = dataclasses.replace(profile, settings=settings_on_tune, families={family: settings})
            found.append(Trial(family, row, settings, tuned.resolve(row, SEED)))
    return found


def _by_scale_and_rate(settings: FamilySettings) -> tuple[int, float]:
    return sum(value is not None for value in dataclasses.asdict(settings).values()), settings.lr or 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing of the trials and write their table."""
    parser = Parser("python -m experiments.tune", "Tune each family on a draw that no table reads.")
    parser.add_argument("--profile", default="tiny", help="default: tiny")
    parser.add_argument("--families", metavar="A,B", help=f"of {', '.join(ROWS)} (default: all)")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("build/tuning"), metavar="DIR", help="the trials' own runs")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="where the table goes")
    try:
        options = parse(parser, arguments)
        profile = choose_profile(options.profile)
        wanted = options.families.split(",") if options.families else list(ROWS)
        for family in wanted:
            if family not in ROWS:
                raise UserError(f"--families: there is no family {family!r}; {nearest(family, ROWS)}")
        found = trials(profile, wanted)
        code = _run(found, Store(options.work), options.data)
        if code == 0:
            _write(trials(profile, list(ROWS)), Store(options.work), options.results / profile.name)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return code


def _run(found: Sequence[Trial], store: Store, data: Path) -> int:
    runs = {t.config.id: PlannedRun(t.config, store.state(t.config.id), [("tuning", _name(t))]) for t in found}
    todo = [run for run in runs.values() if run.state is not State.DONE]
    if not todo:
        return 0
    from experiments.executors import LocalExecutor
    from experiments.launch import ChildOptions, launch
    from experiments.prepare import prepare
    from experiments.progress import make_progress
    from experiments.signals import watching_signals

    with watching_signals() as signals:
        weights = prepare([run.config for run in todo], data, store.results, print)
        child = ChildOptions(data, "disabled", threads=1, pretrained=weights)
        progress = make_progress(len(todo))
        try:
            return launch(todo, store, LocalExecutor(cores(), 1, 1), child, progress, signals).exit_code
        finally:
            progress.close()


def _write(found: Sequence[Trial], store: Store, folder: Path) -> None:
    import pandas as pd

    from gta.files import write_text

    lines = []
    for trial in found:
        result = store.read(trial.config.id)
        if not isinstance(result, Result):
            continue
        settings = {k: v for k, v in dataclasses.asdict(trial.settings).items() if v is not None}
        losses = [epoch["train_loss"] for epoch in store.metrics(trial.config.id)]
        lines.append(
            {
                "family": trial.family,
                "row": trial.row.name,
                "settings": ", ".join(f"{k} {v}" for k, v in settings.items()),
                "top-1": f"{result.top1:.1f}",
                "within pair": "–" if result.pair_accuracy is None else f"{result.pair_accuracy:.1f}",
                "last train loss": f"{losses[-1]:.3f}",
                "run": trial.config.id,
            }
        )
    frame = pd.DataFrame(lines)
    head = (
        f"# Tuning trials\n\nProfile `{folder.name}`, seed {SEED}, one run each, evaluated on the `tune` draw that no "
        "table reads. Made by `python -m experiments.tune`.\n\n"
    )
    write_text(folder / "tuning.md", head + frame.to_markdown(index=False, disable_numparse=True) + "\n")
    write_text(folder / "tuning.csv", frame.to_csv(index=False))
    print(folder / "tuning.md")


def _name(trial: Trial) -> str:
    return (
        f"{trial.row.name} ({', '.join(str(v) for v in dataclasses.asdict(trial.settings).values() if v is not None)})"
    )


if __name__ == "__main__":
    sys.exit(main())
