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
from experiments.tables.models import DNL, FAMILY_ROWS, GTA, NL, TAPE
from experiments.trials import SEEDS, Trial, carry_out, on_tune, trial_parser
from gta.cli import command, parse
from gta.config import GTAConfig, Place, RunConfig, SAConfig
from gta.errors import UserError, nearest

OWN = FamilySettings()
"""What the profile has tuned for the row's family."""
LONG = 4
"""Epochs of a longer training; the tables' rows have two."""


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
        own = profile.families.get(self.row.family, OWN)
        families = {**profile.families, self.row.family: dataclasses.replace(own, **self.settings.chosen)}
        config = dataclasses.replace(profile, families=families).resolve(self.row, seed)
        model, train = config.model, config.train
        if self.places is not None:
            model = dataclasses.replace(model, places=self.places)
        if self.epochs is not None:
            train = dataclasses.replace(train, epochs=self.epochs)
        return dataclasses.replace(config, model=model, train=train)


def _tape(groups: int) -> Row:
    return Row(f"+ SA + TAPE, G = {groups}", (SAConfig(), dataclasses.replace(TAPE, groups=groups)))


def _gta(name: str, pixel: bool, region: bool, ccmh: bool) -> Row:
    return Row(name, (SAConfig(), GTAConfig(pixel=pixel, region=region, mixing="ccmh" if ccmh else "single")))


TSM_8, TSM_16 = Row("TSM 8", backbone="tsm"), Row("TSM 16", backbone="tsm", frames=2)
BOTH, PIXEL = _gta("Pixel + Region + CCMH", True, True, True), _gta("Pixel + CCMH", True, False, True)
REGION_CCMH, REGION = _gta("Region + CCMH", False, True, True), _gta("Region", False, True, False)
RES3, RES5 = Row("res3+1", GTA, counts=(("res3", 1),)), Row("res5+1", GTA, counts=(("res5", 1),))
SLOWFAST, ON_SLOWFAST = (
    Row("SlowFast", backbone="slowfast"),
    tuple(Row(f"SlowFast + {name}", blocks, "slowfast") for name, blocks in (("NL", NL), ("DNL", DNL), ("GTA", GTA))),
)

QUESTIONS: dict[str, tuple[Try, ...]] = {
    "frames": (  # 16 frames > 8 frames: is TSM 16 short of training, or of another rate?
        Try(TSM_8),
        Try(TSM_16),
        Try(TSM_16, FamilySettings(lr=2e-3)),
        Try(TSM_16, FamilySettings(lr=8e-3)),
        Try(TSM_8, epochs=LONG),
        Try(TSM_16, epochs=LONG),
    ),
    "positions": (  # res5 is weaker than res3 and res4: does the place within res3 decide, or the training?
        Try(RES3),
        Try(RES3, places=(("res3", 0),)),
        Try(RES3, places=(("res3", 1),)),
        Try(RES5),
        Try(RES3, epochs=LONG),
        Try(RES5, epochs=LONG),
    ),
    "tape": (  # CCMH helps TAPE: fewer groups, other settings, or longer?
        Try(_tape(1)),
        Try(_tape(8)),
        Try(_tape(2)),
        Try(_tape(4)),
        Try(_tape(8), FamilySettings(lr=4e-3)),
        Try(_tape(8), FamilySettings(position_std=1.0)),
        Try(_tape(1), epochs=LONG),
        Try(_tape(8), epochs=LONG),
    ),
    "regions": (  # both > each alone, CCMH helps Region GTA: settings of their own, or longer?
        Try(REGION),
        Try(REGION_CCMH),
        Try(REGION, FamilySettings(region_norm="softmax")),
        Try(REGION_CCMH, FamilySettings(region_norm="softmax")),
        Try(REGION_CCMH, FamilySettings(lr=4e-3)),
        Try(REGION, epochs=LONG),
        Try(REGION_CCMH, epochs=LONG),
        Try(PIXEL, epochs=LONG),
        Try(BOTH, epochs=LONG),
    ),
    "slowfast": (  # 2D + GTA is close to 3D: is SlowFast short of training, are its blocks short of their own rate?
        *(Try(row) for row in (SLOWFAST, *ON_SLOWFAST)),
        *(Try(row, FamilySettings(lr=2e-3)) for row in ON_SLOWFAST),
        *(Try(row, epochs=LONG) for row in (SLOWFAST, ON_SLOWFAST[-1])),
    ),
    "length": tuple(  # what a row of each family still gains from training
        Try(row, epochs=epochs) for row in FAMILY_ROWS.values() for epochs in (2, 4, 8)
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
