"""Try what may explain claims that came out otherwise: ``python -m experiments.probes [QUESTION...]``.

Each question belongs to claims that the results of record contradict or leave open, and lists what was tried about
them: single runs on seeds and on a validation draw that no table reads, so that nothing here can change a table. The
measured trials go to ``<results>/<profile>/probes.md`` and ``.csv``; what follows from them is in ``results/LOG.md``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.study.profiles import choose_profile
from experiments.study.rows import FamilySettings, Profile, Row
from experiments.tables.models import FAMILY_ROWS, GTA
from experiments.trials import SEEDS, Trial, carry_out, on_tune, trial_parser
from gta.cli import command, parse
from gta.config import Place, RunConfig
from gta.errors import UserError, nearest

OWN = FamilySettings()
"""What the profile has tuned for the row's family."""
LONG = 8
"""Epochs of a longer training; the tables' rows have four."""


@dataclass(frozen=True)
class Try:
    """A row of a table with something changed; without a change, what it is compared with."""

    row: Row
    settings: FamilySettings = OWN
    """Replaces what the profile has tuned, field by field."""
    epochs: int | None = None
    places: tuple[Place, ...] | None = None

    @property
    def change(self) -> str:
        """What is changed, for people."""
        parts = [str(self.settings)] if self.settings != OWN else []
        parts += [] if self.epochs is None else [f"{self.epochs} epochs"]
        parts += [] if self.places is None else ["at " + " ".join(f"{stage}[{at}]" for stage, at in self.places)]
        return ", ".join(parts) or "as in the tables"

    def resolve(self, profile: Profile, seed: int) -> RunConfig:
        """Return the config at a profile's scale."""
        family = next((name for name in self.row.families if name in profile.families), self.row.family)
        own = profile.families.get(family, OWN)
        families = {**profile.families, family: dataclasses.replace(own, **self.settings.chosen)}
        config = dataclasses.replace(profile, families=families).resolve(self.row, seed)
        model, train = config.model, config.train
        if self.places is not None:
            model = dataclasses.replace(model, places=self.places)
        if self.epochs is not None:
            train = dataclasses.replace(train, epochs=self.epochs)
        return dataclasses.replace(config, model=model, train=train)


TSM_8, TSM_16 = Row("TSM 8", backbone="tsm"), Row("TSM 16", backbone="tsm", frames=2)
RES3 = Row("res3+1", GTA, counts=(("res3", 1),))

QUESTIONS: dict[str, tuple[Try, ...]] = {
    "frames": (  # 16 frames > 8 frames, TSM alone: is TSM 16 short of training, or of another rate?
        Try(TSM_8),
        Try(TSM_16),
        Try(TSM_16, FamilySettings(lr=1e-3)),
        Try(TSM_16, FamilySettings(lr=4e-3)),
        Try(TSM_16, epochs=LONG),
    ),
    "positions": (  # one block in res3: the paper does not say after which residual block
        Try(RES3),
        Try(RES3, places=(("res3", 0),)),
        Try(RES3, places=(("res3", 1),)),
    ),
    "length": tuple(  # what a row of each family of the paper still gains from training
        Try(row, epochs=epochs)
        for row in FAMILY_ROWS.values()
        if row.backbone in ("r2d", "tsm", "slowfast")
        for epochs in (2, 4, 8)
    ),
}
"""What was tried, by question."""


def trials(profile: Profile, questions: Sequence[str], seeds: Sequence[int] = SEEDS) -> list[Trial]:
    """Return the trials of the questions, all of the first seed first."""
    tune = on_tune(profile)
    return [
        Trial(
            {"question": name, "row": one.row.name, "changed": one.change, "seed": str(seed)}, one.resolve(tune, seed)
        )
        for seed in seeds
        for name in questions
        for one in QUESTIONS[name]
    ]


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing of the trials and write their table."""
    parser = trial_parser(
        "python -m experiments.probes", "Try what may explain claims that came out otherwise.", "--profile tiny-v2"
    )
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"of {', '.join(QUESTIONS)} (default: all)")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), choices=range(1, len(SEEDS) + 1), help="how many")
    options = parse(parser, arguments)
    profile = choose_profile(options.profile)
    for name in options.questions:
        if name not in QUESTIONS:
            raise UserError(f"there is no question {name!r}; {nearest(name, QUESTIONS)}")
    wanted = options.questions or list(QUESTIONS)
    head = (
        f"# What was tried about claims that came out otherwise\n\nProfile `{profile.name}`, evaluated on the "
        "`tune` draw that no table reads; the tables and claims do not depend on anything here. The questions "
        "stand in `experiments/probes.py`, what follows from the trials in [LOG.md](../LOG.md). Made by "
        "`python -m experiments.probes`."
    )
    order = {name: place for place, name in enumerate(QUESTIONS)}
    every = sorted(trials(profile, list(QUESTIONS)), key=lambda trial: order[trial.cells["question"]])
    return carry_out(trials(profile, wanted, SEEDS[: options.seeds]), every, options, "probes", head)


if __name__ == "__main__":
    sys.exit(main())
