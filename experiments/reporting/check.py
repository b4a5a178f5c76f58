"""Whether the files of the report are what the store gives, and the results what their scores give."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.reporting.changed import NAME, changed_rows, render
from experiments.reporting.evidence import history, protocol
from experiments.reporting.evidence.collect import TableData
from experiments.reporting.files import all_pictures, read_study, table_files, whole_files
from experiments.reporting.pictures.looks import load_looks
from experiments.reporting.pictures.matrices import load_matrices
from experiments.store.frozen import FrozenStore
from experiments.store.result import Result
from experiments.store.run_files import ENV, LOOKS, MATRICES, SCORES
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.study.rows import Profile, Table
from experiments.tables import TABLES
from gta import files
from gta.errors import UserError

SUFFIXES = (".md", ".csv", ".tex")
WHOLE = (
    "claims.md",
    "claims.csv",
    "claims.svg",
    "agreement.md",
    "agreement.csv",
    "runs.md",
    "report.html",
    "tradeoff.svg",
)
"""Files over all tables: where one is, the tables were written together."""
NEEDED = {
    SCORES: "the scores of a finished run are missing; commit them with its result.json",
    ENV: "the environment of a finished run is missing; commit it with its result.json",
}


def differences(store: Store, tables: Sequence[Table], profiles: Sequence[Profile], whole: bool) -> list[str]:
    """Return one paragraph for each thing that does not fit.

    Args:
        store: the runs; the files stand beside them.
        tables: what to check.
        profiles: at which scales.
        whole: whether ``tables`` are all tables, so that the files over all of them are checked too.

    Raises:
        UserError: there is no finished run to check anything against.
    """
    frozen, wrong, found = FrozenStore.of(store), [], False
    for profile in profiles:
        if not frozen.seeds(profile.name):
            continue
        study = read_study(tables, profile, frozen)
        any_result = any(data.results for data in study)
        found |= any_result or any(data.problems for data in study)
        wrong += _left_out(study, frozen)
        wrong += incomplete(study, frozen)
        wrong += _compare_written(study, frozen, whole)
        if whole:
            wrong += _compare_changed(tables, profile, frozen)
            wrong += _late(study, frozen)
    if not found:
        raise UserError(f"{store.runs} holds no finished run of these tables; there is nothing to check")
    if whole:
        unfrozen = protocol.loose(TABLES.values(), protocol.read())
        wrong += [f"{name} does not stand in {protocol.PATH.name} as it is; see --freeze" for name in unfrozen]
        wrong += [f"{path}: no such table in experiments/tables" for path in strangers(store)]
    return wrong


def _late(study: Sequence[TableData], store: Store) -> list[str]:
    """Return what of the protocol was committed after a run of record that it should be older than."""
    claims, text = history.changes(protocol.PATH), history.changes(history.TEXT)
    if claims is None or text is None or store.results.resolve() != protocol.PATH.parent:
        return []
    if not history.reaches_back(protocol.PATH.parent, study):
        return []
    return history.too_late(study, protocol.read(), claims) + history.changed_later(study, text)


def _compare_written(study: Sequence[TableData], store: FrozenStore, whole: bool) -> list[str]:
    """Compare the files on disk: of all tables after a report over all, else of those that are there.

    Tables that are asked for by name, when ``whole`` is false, must be there.
    """
    folder = store.results / study[0].profile.name
    everything = whole and any(os.path.lexists(folder / name) for name in WHOLE)
    chosen, wrong = [], []
    for data in study:
        texts = table_files(data)
        if any(os.path.lexists(folder / name) for name in texts) or (data.results and (everything or not whole)):
            chosen.append(data)
            wrong += _compare(folder, texts)
    measured = any(data.results for data in study)
    if not chosen and not measured:
        return []
    if not chosen:
        return [f"{folder}: no table has been written from these runs; python -m experiments.report writes them"]
    if everything and measured:
        wrong += _compare(folder, whole_files(study, store))
    return wrong + stale_pictures(study if everything else chosen, store, everything and measured)


def _compare_changed(tables: Sequence[Table], profile: Profile, store: FrozenStore) -> list[str]:
    """Compare the page of the runs of a changed recipe, if there are some or it is there."""
    rows, left_out = changed_rows(tables, profile, store)
    folder = store.results / profile.name
    wrong = [f"left out: {problem}" for problem in left_out]
    if rows or os.path.lexists(folder / NAME):
        wrong += _compare(folder, {NAME: render(rows, profile)})
    return wrong


def incomplete(study: Sequence[TableData], store: Store) -> list[str]:
    """Return the files that finished runs lack, without which their figures cannot be counted again."""
    runs = dict.fromkeys(result.run_id for data in study for _, result in data.trained)
    paths = [store.folder(run_id) / name for run_id in runs for name in NEEDED]
    return [f"{path}: {NEEDED[path.name]}" for path in paths if not os.path.lexists(path)]


def stale_pictures(study: Sequence[TableData], store: Store, whole: bool) -> list[str]:
    """Return the pictures that were drawn from other figures; they are recognised without drawing them."""
    folder = store.results / study[0].profile.name
    stale = [picture.name for picture in all_pictures(study, store, whole) if not picture.is_current(folder)]
    return [f"{folder / name}.svg: missing, or drawn from other figures" for name in stale]


def strangers(store: Store) -> Iterator[Path]:
    """Yield table files of the known profiles that no known table makes."""
    for profile in PROFILES:
        for path in sorted((store.results / profile).glob("table_*")):
            if path.suffix in SUFFIXES and path.stem not in TABLES:
                yield path


def orphans(store: Store, profiles: Sequence[Profile]) -> list[str]:
    """Return the ids of finished runs that no row of any table has, such as those of a former default."""
    known = set()
    for profile in profiles:
        for seed in store.seeds(profile.name):
            for table in TABLES.values():
                for row in filter(profile.runs, table.rows):
                    known |= {profile.resolve(trained, seed).id for trained in row.trained}
    names = {profile.name for profile in profiles}
    found = []
    for path in sorted(store.runs.glob("*/result.json")):
        result = store.read(path.parent.name)
        if not isinstance(result, Result) or store.config(result.run_id).get("changes"):
            continue
        if result.profile in names and result.run_id not in known:
            found.append(result.run_id)
    return found


def _left_out(study: Sequence[TableData], store: Store) -> list[str]:
    return [f"left out: {problem}" for problem in (*problems(study), *unreadable_extras(study, store))]


def problems(study: Sequence[TableData]) -> list[str]:
    """Return what the tables leave out, each once."""
    return list(dict.fromkeys(problem for data in study for problem in data.problems))


def unreadable_extras(study: Sequence[TableData], store: Store) -> list[str]:
    """Return the files for pictures over all tables that runs have kept and that cannot be used."""
    runs = {result.run_id: result for data in study for _, result in data.trained}
    found = []
    for run_id, result in runs.items():
        for name, read_file in ((MATRICES, load_matrices), (LOOKS, load_looks)):
            path = store.folder(run_id) / name
            if os.path.lexists(path):  # they are large, and not all are kept
                try:
                    read_file(path, result)
                except UserError as error:
                    found.append(str(error))
    return found


def _compare(folder: Path, texts: dict[str, str]) -> list[str]:
    wrong = []
    for name, expected in texts.items():
        path = folder / name
        try:
            found = files.read_bytes(path).decode(errors="replace") if os.path.lexists(path) else ""
        except UserError as error:
            wrong.append(str(error))
            continue
        if found != expected:
            wrong.append(f"{path} differs from the store:\n{_difference(found, expected)}")
    return wrong


def _difference(found: str, expected: str, limit: int = 6, width: int = 240) -> str:
    lines = difflib.unified_diff(
        found.splitlines(), expected.splitlines(), "on disk", "from the store", lineterm="", n=0
    )
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    more = [f"  ... {len(changed) - limit} more lines"] if len(changed) > limit else []
    short = (line if len(line) <= width else line[: width - 1] + "…" for line in changed[:limit])
    return "\n".join([f"  {line}" for line in short] + more)
