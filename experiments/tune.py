"""Choose learning rate and initial scale for each family: ``python -m experiments.tune``.

Every family gets four trials, on a seed and a validation draw (``tune``) that no table ever uses: four learning rates,
or two rates x two initial scales where its block brings a scale. Where the best lies at the grid's edge, the settings
next to it that were left out are tried too, once. On a real data set the rates are those around the recipe's own, and
the draw is a fifth of the training clips, which the trials do not train on; ``--set train.epochs=5`` or ``--limit``
makes them short.
The measured trials go to ``<results>/<profile>/tuning.md`` and ``.csv``; the choice is then written by hand
into ``experiments/study/profiles.py``, and why into ``results/LOG.md``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Literal

from experiments.arguments import add_changes, changes_of
from experiments.store.result import Result
from experiments.store.store import Store
from experiments.study.overrides import check_changes, parse_changes
from experiments.study.own import profile_of
from experiments.study.rows import FamilySettings, Profile
from experiments.tables.models import FAMILY_ROWS
from experiments.trials import SEEDS, Trial, carry_out, on_tune, run_trials, trial_parser
from gta.cli import command, parse
from gta.errors import UserError, nearest

SEED = SEEDS[0]
Scale = Literal["position_std", "matrix_gain"]
RATES = (5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 16e-3)
"""The grid of learning rates; every family starts with those from the second to the last but one."""
FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""The same on a real data set, of the recipe's own rate."""
SCALES: dict[str, tuple[Scale, tuple[float, ...]]] = {
    "tape": ("position_std", (0.1, 0.3, 1.0, 3.0)),
    "gta": ("matrix_gain", (0.1, 0.3, 1.0, 3.0)),
}
"""The initial scale that a temporal block brings, and its grid; families start with the inner two of it."""


def rates_of(profile: Profile, family: str) -> tuple[float, ...]:
    """Return the grid of learning rates of a family at the scale of a profile."""
    if profile.data.drawn:
        return RATES
    own = profile.settings[FAMILY_ROWS[family].backbone].train.lr
    return tuple(factor * own for factor in FACTORS)


def grid(family: str, rates: Sequence[float] = RATES) -> tuple[FamilySettings, ...]:
    """Return the four settings that a family starts with: four rates, or two rates x two scales."""
    scale = _scale(family)
    if scale is None:
        return tuple(FamilySettings(lr=rate) for rate in rates[1:-1])
    name, values = scale
    return tuple(_with(FamilySettings(lr=rate), name, value) for value in values[1:-1] for rate in rates[2:-2])


def beyond(family: str, best: FamilySettings, rates: Sequence[float] = RATES) -> tuple[FamilySettings, ...]:
    """Return the settings next to the best one that the first grid has left out: its edges are extended once."""
    scale, rate = _scale(family), rates.index(best.lr or 0.0)
    near = [dataclasses.replace(best, lr=rates[at]) for at in (rate - 1, rate + 1) if 0 <= at < len(rates)]
    if scale is not None:
        name, values = scale
        at = values.index(getattr(best, name))
        near += [_with(best, name, values[to]) for to in (at - 1, at + 1) if 0 <= to < len(values)]
    return tuple(settings for settings in near if settings not in grid(family, rates))


def _with(settings: FamilySettings, name: Scale, value: float) -> FamilySettings:
    if name == "position_std":
        return dataclasses.replace(settings, position_std=value)
    return dataclasses.replace(settings, matrix_gain=value)


def _scale(family: str) -> tuple[Scale, tuple[float, ...]] | None:
    return SCALES.get(family.partition("/")[0].rpartition("+")[2])


def trials(profile: Profile, families: Sequence[str], store: Store | None = None) -> list[Trial]:
    """Return the trials of the families: of each its grid and, once the store holds all of that, what lies beyond."""
    found = []
    for family in families:
        rates = rates_of(profile, family)
        first = [_trial(profile, family, settings) for settings in grid(family, rates)]
        found += first
        results = [store.read(trial.config.id) for trial in first] if store is not None else []
        measured = [result for result in results if isinstance(result, Result)]
        if measured and len(measured) == len(first):
            best = max(range(len(first)), key=lambda at: measured[at].accuracies.top1)
            found += [
                _trial(profile, family, settings) for settings in beyond(family, grid(family, rates)[best], rates)
            ]
    return found


def possible(profile: Profile, families: Sequence[str]) -> list[Trial]:
    """Return every trial that the families may have: of each its grid, and what lies beyond any setting of it."""
    found: dict[str, Trial] = {}
    for family in families:
        rates = rates_of(profile, family)
        first = grid(family, rates)
        for settings in (*first, *(more for best in first for more in beyond(family, best, rates))):
            trial = _trial(profile, family, settings)
            found.setdefault(trial.config.id, trial)
    return list(found.values())


def _trial(profile: Profile, family: str, settings: FamilySettings) -> Trial:
    row = FAMILY_ROWS[family]
    tuned = dataclasses.replace(on_tune(profile, real=True), families={family: settings})
    return Trial({"family": family, "row": row.name, "settings": str(settings)}, tuned.resolve(row, SEED))


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing of the trials and write their table."""
    parser = trial_parser(
        "python -m experiments.tune", "Tune each family on a draw that no table reads.", "--profile tiny-v2"
    )
    add_changes(parser)
    parser.add_argument("--families", metavar="A,B", help=f"of {', '.join(FAMILY_ROWS)} (default: all)")
    options = parse(parser, arguments)
    changes = parse_changes(changes_of(options))
    if "train.lr" in dict(changes):
        raise UserError("--set train.lr: the learning rate is what is searched for; leave it out")
    profile = dataclasses.replace(profile_of(options.profile, options.data), changes=changes)
    every = [family for family, row in FAMILY_ROWS.items() if row.backbone in profile.settings]
    if not every:
        raise UserError(f"the profile {profile.name!r} trains none of the families {', '.join(FAMILY_ROWS)}")
    wanted = options.families.split(",") if options.families else every
    for family in wanted:
        if family not in every:
            raise UserError(f"--families: there is no family {family!r}; {nearest(family, every)}")
    check_changes(changes, [trial.config for trial in trials(dataclasses.replace(profile, changes=()), wanted)])
    held = "the `tune` draw that no table reads" if profile.data.drawn else "a fifth of the training clips, held out"
    head = (
        f"# Tuning trials\n\nProfile `{profile.name}`, seed {SEED}, one run each, evaluated on {held}. "
        "Made by `python -m experiments.tune`."
    )
    if changes:
        head += f" Changed: {', '.join(f'{name}={value}' for name, value in changes)}."
    store = Store(options.work)
    code = run_trials(trials(profile, wanted), options.work, options.data)
    if code:
        return code
    return carry_out(trials(profile, wanted, store), possible(profile, every), options, "tuning", head)


if __name__ == "__main__":
    sys.exit(main())
