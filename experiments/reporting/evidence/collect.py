"""Gather what the store holds for the rows of a table.

A figure is used only when it can be trusted: a torn, edited or foreign ``result.json``, one that its own scores
contradict, and a run on other data than most are named in :attr:`TableData.problems` and left out.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from experiments.reporting.evidence.judge import Judged, Member, disagreement, judge
from experiments.reporting.evidence.measure import Ranking, RowData
from experiments.reporting.evidence.sizes import size_of
from experiments.reporting.evidence.verdicts import Verdict
from experiments.store.frozen import FrozenStore
from experiments.store.result import Problem, Result
from experiments.store.run_files import RESULT, SCORES
from experiments.store.store import Store
from experiments.study.rows import Profile, Row, Table
from gta.config import ViewsConfig
from gta.errors import UserError
from gta.scoring.scores import scores_of


@dataclass
class TableData:
    """A table at a profile's scale, with everything that the store knows of it."""

    table: Table
    profile: Profile
    rows: list[RowData]
    problems: list[str] = field(default_factory=list)
    """Files that were left out, and why."""
    verdicts: tuple[Verdict, ...] = ()
    """On the claims of the table, see :func:`experiments.reporting.evidence.claim_tests.judge_claims`."""

    ranking: Ranking | None = None
    """Of the rows of a ranked table, see :func:`experiments.reporting.evidence.ranking.rank`."""

    @property
    def reference(self) -> RowData:
        """The row from which deltas are counted."""
        return self.row(self.table.reference)

    def row(self, name: str) -> RowData:
        """Return the row of this name."""
        return next(data for data in self.rows if data.row.name == name)

    @property
    def seeds(self) -> list[int]:
        """All seeds with a result, in any row."""
        return sorted({seed for data in self.rows for seed in data.results})

    @property
    def results(self) -> list[tuple[str, Result]]:
        """Row name and figures, by row and seed."""
        return [(data.row.name, data.results[seed]) for data in self.rows for seed in sorted(data.results)]

    @property
    def trained(self) -> list[tuple[str, Result]]:
        """Name and result of every distinct trained run behind the figures, by row and seed."""
        found: dict[str, tuple[str, Result]] = {}
        for data in self.rows:
            for seed in sorted(data.members):
                for row, result in zip(data.row.trained, data.members[seed], strict=True):
                    found.setdefault(result.run_id, (row.name, result))
        return list(found.values())

    def paper_delta(self, row: Row) -> float | None:
        """Return the paper's own difference in top-1 to its reference row; a ranked table has many papers' figures."""
        reference = self.reference.row
        if (
            self.table.ranked
            or row is reference
            or row.quoted
            or "top1" not in row.paper
            or "top1" not in reference.paper
        ):
            return None
        return row.paper["top1"] - reference.paper["top1"]


def collect(table: Table, profile: Profile, store: Store) -> TableData:
    """Read the runs of a table's rows, for every seed that the store holds."""
    frozen = FrozenStore.of(store)
    seeds = frozen.seeds(profile.name)
    data = TableData(table, profile, [])
    for row in table.rows:
        found = RowData(row, runs=not row.quoted and profile.runs(row))
        for seed in seeds if found.runs else ():
            _read(found, seed, profile, frozen, data.problems)
        data.rows.append(found)
    _refuse_mixed_data(data)
    for found in data.rows:
        if is_derived(found.row):
            _derive(found, profile, frozen, data.problems)
    data.problems[:] = dict.fromkeys(data.problems)
    return data


def is_derived(row: Row) -> bool:
    """Return whether a row's figures are not those of one run's own ``result.json``."""
    return bool(row.members) or row.views is not None or row.split != "validation"


def judge_row(row: Row, seed: int, profile: Profile, store: Store) -> Judged:
    """Return what a row gets right clip by clip, from the scores of its trained runs.

    Raises:
        UserError: a member's scores are missing, unreadable or without the row's views.
    """
    frozen, members, classes = FrozenStore.of(store), [], 0
    for trained in row.trained:
        config = profile.resolve(trained, seed)
        path = frozen.folder(config.id) / scores_of(row.split, config.data.evaluation_split)
        views: ViewsConfig = row.views or config.views[0]
        classes = config.model.classes
        result = frozen.read(config.id)
        recorded = result.digests_of(path.name) if isinstance(result, Result) else ()
        members.append(Member(path, views, recorded))
    return frozen.once(judge, tuple(members), classes, profile.data.drawn)


def same_start(rows: Sequence[RowData], seed: int, profile: Profile) -> bool:
    """Return whether runs of this seed on equal backbones started from equal weights.

    Pre-training is made once on each machine, and machines round differently: without this, a difference of rows would
    also be one of starting points.
    """
    starts: dict[object, set[object]] = {}
    for row in rows:
        for trained, result in zip(row.row.trained, row.members[seed], strict=True):
            backbone = profile.resolve(trained, seed).model.backbone.still
            starts.setdefault(backbone, set()).add(result.env.get("pretrained_sha256"))
    return all(len(found) == 1 for found in starts.values())


def _read(found: RowData, seed: int, profile: Profile, store: FrozenStore, problems: list[str]) -> None:
    """Read the runs that are trained for a row."""
    members = []
    for trained in found.row.trained:
        run_id = profile.resolve(trained, seed).id
        result = store.read(run_id)
        if isinstance(result, Result):
            result = _checked(result, trained, seed, profile, store)
        for problem in (result,) if isinstance(result, Problem) else result.unused if result else ():
            path = problem.path.relative_to(store.results).as_posix()
            problems.append(f"`{path}` ({trained.name}, seed {seed}): {problem.reason}")
        if isinstance(result, Result):
            members.append(result)
            continue
        error = store.error(run_id)
        if error is not None:
            found.failed[seed] = error
    if len(members) == len(found.row.trained):
        found.members[seed] = tuple(members)
        if not is_derived(found.row):
            (found.results[seed],) = members


def _checked(result: Result, row: Row, seed: int, profile: Profile, store: FrozenStore) -> Result | Problem:
    """Return the result, or why its model or the scores of its own clips contradict it; scores may be missing."""
    folder = store.folder(result.run_id)
    size = size_of(profile.resolve(row, seed))
    for name, own in zip(("params", "macs"), size, strict=True):
        if getattr(result, name) != own:
            reason = f"{name} is {getattr(result, name)}, its model has {own}; not used"
            return Problem(folder / RESULT, reason)
    path = folder / SCORES
    if not os.path.lexists(path):
        return result
    own_row = dataclasses.replace(row, members=(), views=None, split="validation")
    try:
        contradiction = disagreement(result, judge_row(own_row, seed, profile, store))
    except UserError as error:
        return Problem(path, f"{str(error).removeprefix(f'{path}').lstrip(': ')}; not used")
    return result if contradiction is None else Problem(folder / RESULT, f"{contradiction}; not used")


def _derive(found: RowData, profile: Profile, store: FrozenStore, problems: list[str]) -> None:
    """Count the figures of a row from the scores of its members, seed by seed."""
    for seed, members in sorted(found.members.items()):
        try:
            figures = judge_row(found.row, seed, profile, store)
        except UserError as error:
            text = str(error).replace(f"{store.results}/", "")
            problems.append(f"{found.row.name}, seed {seed}: {text}")
            continue
        found.results[seed] = dataclasses.replace(
            members[0],
            run_id="+".join(member.run_id for member in members),
            accuracies=figures.accuracies,
            params=sum(member.params for member in members),
            macs=sum(member.macs for member in members),
        )


def _refuse_mixed_data(data: TableData) -> None:
    """Keep the runs on the data that most of them were measured on; name and leave out the others.

    Where every seed draws training clips of its own, seeds share the evaluated clips alone, and the runs of one seed
    everything.
    """
    if not data.profile.own_draws:
        _keep_most(data, lambda result: result.data_fingerprint)
        return
    _keep_most(data, lambda result: ", ".join(f"{name} {sha}" for name, sha in sorted(result.evaluated.items())))
    for seed in data.seeds:
        _keep_most(data, lambda result: result.data_fingerprint, seed)


def _keep_most(data: TableData, fingerprint: Callable[[Result], str], seed: int | None = None) -> None:
    """Leave out the runs, of one seed or of all, whose fingerprint is not the most frequent one."""
    prints = Counter(fingerprint(result) for _, result in data.trained if seed in (None, result.seed))
    if len(prints) < 2:
        return
    kept, _ = prints.most_common(1)[0]  # of equals, that of the earliest row
    for row in data.rows:
        for own, members in list(row.members.items()):
            for result in members if seed in (None, own) else ():
                if fingerprint(result) != kept:
                    row.members.pop(own, None)
                    row.results.pop(own, None)
                    data.problems.append(
                        f"run {result.run_id} ({row.row.name}, seed {own}) was measured on other data "
                        f"({fingerprint(result)}, the others on {kept}); not used"
                    )


def environment(data: TableData) -> Mapping[str, Mapping[str, int]]:
    """Count the values of everything in the runs' environments that should be the same for all of them."""
    counts: dict[str, Counter[str]] = {}
    for _, result in data.trained:
        versions = result.env.get("versions")
        machine = result.env.get("machine")
        seed = f", seed {result.seed}" if data.profile.own_draws else ""
        entries = {
            f"data fingerprint{seed}": result.data_fingerprint,
            "clips evaluated": str(result.accuracies.n_val),
            "versions": _pairs(versions),
            "machine": _pairs(machine),
            "precision": str(result.env.get("precision", "n/a")),
            f"pre-trained weights{seed}": str(result.env.get("pretrained_sha256") or "none")[:12],
        }
        for name, value in entries.items():
            counts.setdefault(name, Counter())[value] += 1
    return counts


def _pairs(content: object) -> str:
    if not isinstance(content, Mapping) or not content:
        return "n/a"
    return ", ".join(f"{name} {content[name]}" for name in sorted(content))
