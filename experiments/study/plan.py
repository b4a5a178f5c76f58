"""From tables, rows and seeds to distinct runs: a run that stands in several tables is trained once."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from experiments.store.store import State, Store
from experiments.study.rows import Profile, Row, Table
from gta.config import ModelConfig, RunConfig
from gta.config.heads import MEAN
from gta.errors import UserError

ORDER = (State.DONE, State.RUNNING, State.RESUME, State.FAILED, State.NEW)
WORDS = {
    State.DONE: "done",
    State.RUNNING: "running elsewhere",
    State.RESUME: "to resume",
    State.FAILED: "failed before, to try again",
    State.NEW: "new",
}


@dataclass
class PlannedRun:
    """One distinct run, the rows that use it and what the store says of it."""

    config: RunConfig
    state: State
    uses: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of table name and row name."""

    @property
    def id(self) -> str:
        """Identity of the run."""
        return self.config.id

    @property
    def label(self) -> str:
        """Row and seed, for people."""
        return f"{self.uses[0][1]} · seed {self.config.seed}"

    @property
    def tables(self) -> list[str]:
        """Names of the tables that use the run."""
        return list(dict.fromkeys(table for table, _ in self.uses))


def select_rows(tables: Iterable[Table], pattern: str | None) -> list[tuple[Table, Row]]:
    """Return the rows whose name matches ``pattern`` (a shell pattern), in the order of the tables.

    Raises:
        UserError: no row matches.
    """
    everything = [(table, row) for table in tables for row in table.rows]
    if pattern is None:
        return everything
    chosen = [(table, row) for table, row in everything if fnmatch.fnmatchcase(row.name, pattern)]
    if not chosen:
        names = ", ".join(dict.fromkeys(repr(row.name) for _, row in everything))
        raise UserError(f"--rows {pattern!r} matches no row; rows: {names}")
    return chosen


def make_plan(
    rows: Sequence[tuple[Table, Row]], profile: Profile, seeds: Sequence[int], store: Store
) -> dict[str, PlannedRun]:
    """Return the distinct runs by id: all rows of the first seed first, so that a stopped study is still whole."""
    runs: dict[str, PlannedRun] = {}
    for seed in seeds:
        for table, row in rows:
            for trained in row.trained if profile.runs(row) else ():
                config = profile.resolve(trained, seed)
                run_id = config.id
                if run_id not in runs:
                    runs[run_id] = PlannedRun(config, store.state(run_id))
                if (table.name, trained.name) not in runs[run_id].uses:
                    runs[run_id].uses.append((table.name, trained.name))
    return runs


def headline(rows: int, seeds: int, runs: Iterable[PlannedRun]) -> str:
    """Return one line such as ``6 rows x 1 seed, 6 distinct runs: 2 done, 4 new``."""
    states = Counter(run.state for run in runs)
    parts = [f"{states[state]} {WORDS[state]}" for state in ORDER if states[state]]
    return f"{count(rows, 'row')} x {count(seeds, 'seed')}, {count(states.total(), 'distinct run')}: {', '.join(parts)}"


def describe(config: RunConfig) -> str:
    """Return the parts of a config that tell rows apart."""
    return "; ".join(filter(None, parts(config)))


def parts(config: RunConfig) -> tuple[str, ...]:
    """Return network, places of its blocks, rate, optimiser, length and changes, each for people; some may be empty."""
    model, train = config.model, config.train
    head = [] if model.head == MEAN else [str(model.head)]
    blocks = " + ".join([f"{model.backbone} {model.frames}f", *map(str, model.blocks), *head])
    places: dict[str, list[str]] = {}
    for stage, index in model.places:
        places.setdefault(stage, []).append(str(index))
    where = " ".join(f"{stage}[{','.join(indices)}]" for stage, indices in places.items())
    rate, length = f"lr {train.lr:g}", f"{count(train.epochs, 'epoch')} of batch {train.batch_size}"
    changes = f"changed: {', '.join(config.changes)}" if config.changes else ""
    return blocks, where, rate, train.optimizer, length, changes


def blocks_name(model: ModelConfig) -> str:
    """Return what is inserted at every place, such as ``SA + TAPE``, or ``none``."""
    return " + ".join(map(str, model.blocks)) or "none"


def count(number: int, noun: str) -> str:
    """Return ``1 epoch`` or ``2 epochs``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of ``0,1,2`` or ``0-4``, each once.

    Raises:
        UserError: the text is anything else.
    """
    seeds: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.partition("-")
            numbers = range(int(first), int(last) + 1) if dash else range(int(first), int(first) + 1)
            seeds += numbers[:1001]
    except ValueError:
        seeds = []
    if not seeds or len(seeds) > 1000 or max(seeds) >= 2**32:
        raise UserError(f"--seeds {text!r} is not a list of whole numbers from 0 to 4294967295 such as 0,1,2 or 0-4")
    return list(dict.fromkeys(seeds))
