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

from experiments.study import FamilySettings, Profile, Row
from experiments.tables.models import DNL, GTA, NL, TAPE
from experiments.tables.table_nl_variants import CGNL, GC, GLORE
from experiments.trials import SEEDS, Trial, carry_out, on_tune, trial_parser
from experiments.usage import choose_profile
from gta.cli import command, parse
from gta.config import SAConfig
from gta.errors import UserError, nearest

SEED = SEEDS[0]
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


def trials(profile: Profile, families: Sequence[str]) -> list[Trial]:
    """Return five trials for each of the families."""
    found = []
    for family in families:
        row = ROWS[family]
        rates = tuple(FamilySettings(lr=rate) for rate in RATES)
        for settings in sorted((*rates, *SCALES.get(family, MORE_RATES)), key=_by_scale_and_rate):
            tuned = dataclasses.replace(on_tune(profile), families={family: settings})
            cells = {"family": family, "row": row.name, "settings": str(settings)}
            found.append(Trial(cells, tuned.resolve(row, SEED)))
    return found


def _by_scale_and_rate(settings: FamilySettings) -> tuple[int, float]:
    return len(settings.chosen), settings.lr or 0.0


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing of the trials and write their table."""
    parser = trial_parser("python -m experiments.tune", "Tune each family on a draw that no table reads.")
    parser.add_argument("--families", metavar="A,B", help=f"of {', '.join(ROWS)} (default: all)")
    options = parse(parser, arguments)
    profile = choose_profile(options.profile)
    wanted = options.families.split(",") if options.families else list(ROWS)
    for family in wanted:
        if family not in ROWS:
            raise UserError(f"--families: there is no family {family!r}; {nearest(family, ROWS)}")
    head = (
        f"# Tuning trials\n\nProfile `{profile.name}`, seed {SEED}, one run each, evaluated on the `tune` draw "
        "that no table reads. Made by `python -m experiments.tune`."
    )
    return carry_out(trials(profile, wanted), trials(profile, list(ROWS)), options, "tuning", head)


if __name__ == "__main__":
    sys.exit(main())
