"""Shrink the scores of finished runs to what the tables count from them, a fiftieth of their size.

    python -m experiments.compact --profile NAME [--results DIR]
    python -m experiments.compact RUN... [--results DIR]

Rewrites ``scores.npz`` and ``scores-<split>.npz`` of a profile's finished runs, or of those named, in the form of
:mod:`gta.scoring.compact`. Every answer, accuracy and order pair is counted from the new file before it takes the place
of the old one, and must be the same to the last digit. Of the members of ensembles the probabilities that their tables
average are kept as well, of the splits that they read. There is no way back but to train a run again.

``result.json`` is given the digests of the compact files first, beside those of the whole ones, so that a run is whole
wherever a kill falls; the same command then goes on. What is compact already is left alone, unless it keeps
probabilities that no table averages, or in more bits.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.store.result import Result, check_recorded
from experiments.store.run_files import OTHER_SCORES, RESULT, SCORES
from experiments.store.store import Store
from experiments.study.profiles import PROFILES, choose_profile
from experiments.tables import TABLES
from gta import files
from gta.cli import Parser, command, parse
from gta.config import ViewsConfig
from gta.errors import UserError

if TYPE_CHECKING:
    from gta.scoring.compact import CompactScores
    from gta.scoring.scores import Scores, StoredScores


@dataclass(frozen=True)
class Rewritten:
    """A scores file as it was, whole or with more probabilities, and its compact form."""

    path: Path
    whole: bytes
    compact: bytes

    def __str__(self) -> str:
        """Return the file and its sizes."""
        return f"{self.path}: {len(self.whole):,} -> {len(self.compact):,} bytes"


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = Parser(
        prog="python -m experiments.compact", description=(__doc__ or "").split("\n")[0], example="--profile tiny-v2"
    )
    parser.add_argument("runs", nargs="*", metavar="RUN", help="ids of finished runs, or their first characters")
    parser.add_argument("--profile", help="all finished runs of this profile")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    return parser


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 1 when the scores of a run were left as they are."""
    from gta.predict import find_run

    options = parse(build_parser(), argv)
    if bool(options.runs) == bool(options.profile):
        raise UserError("name the runs, or all of a profile by --profile NAME")
    store, failed = Store(options.results), 0
    if options.profile:
        run_ids = _finished(store, choose_profile(options.profile).name)
    else:
        run_ids = [find_run(options.results, name).name for name in options.runs]
    for run_id in dict.fromkeys(run_ids):
        try:
            for rewritten in compact_run(store, run_id):
                print(rewritten)
        except UserError as error:
            failed += 1
            print(f"left as it is: {error}", file=sys.stderr)
    return 1 if failed else 0


def _finished(store: Store, profile: str) -> list[str]:
    results = [store.read(path.parent.name) for path in sorted(store.runs.glob("*/result.json"))]
    found = [result.run_id for result in results if isinstance(result, Result) and result.profile == profile]
    if not found:
        raise UserError(f"{store.runs} holds no finished run of the profile {profile!r}")
    return found


def compact_run(store: Store, run_id: str) -> list[Rewritten]:
    """Rewrite the scores of a finished run, and return those that were not compact yet.

    Raises:
        UserError: it is not finished, its scores are not those of its result or not all public, or what would be
            counted from the compact ones differs; all its files are left as they are.
    """
    result = store.read(run_id)
    if not isinstance(result, Result):
        raise UserError(str(result) if result else f"run {run_id} in {store.runs} has no result yet")
    kept = averaged_views(result.profile, result.seed).get(run_id, {})
    embedded = PROFILES[result.profile].data.drawn
    found = list(_rewritten(store.folder(run_id), result, embedded, kept))
    if found:
        path = store.folder(run_id) / RESULT
        content = files.read_json(path)
        there = {each.path.name: _digest(each.whole) for each in found}
        compact = dict(result.compact) | {each.path.name: _digest(each.compact) for each in found}
        while_written, after = dict(result.files) | there, there | dict(result.files)
        files.write_json(path, content | {"files": while_written, "compact": compact})
        for each in found:
            files.write_bytes(each.path, each.compact)
        if after != while_written:
            files.write_json(path, content | {"files": after, "compact": compact})
    return found


@functools.cache
def averaged_views(profile_name: str, seed: int) -> Mapping[str, Mapping[str, set[ViewsConfig]]]:
    """Return the views whose probabilities the tables average over models, by the id of the run and its scores' file.

    A row is averaged on its split, and one of a claim also on the split on which claims are tested again.
    """
    from gta.scoring.scores import scores_of

    profile, found = choose_profile(profile_name), dict[str, dict[str, set[ViewsConfig]]]()
    for table in TABLES.values():
        claimed = {name for claim in table.claims for name in claim.rows}
        for row in filter(profile.runs, table.rows):
            splits = {row.split, "test"} if profile.confirms and row.name in claimed else {row.split}
            for member in row.members:
                config = profile.resolve(member, seed)
                for name in (scores_of(split, config.data.evaluation_split) for split in splits):
                    found.setdefault(config.id, {}).setdefault(name, set()).add(row.views or config.views[0])
    return found


def _rewritten(
    folder: Path, result: Result, embedded: bool, averaged: Mapping[str, Collection[ViewsConfig]]
) -> Iterator[Rewritten]:
    from experiments.reporting.evidence.judge import kinds_and_partners_of
    from gta.scoring.compact import CompactScores, pack, write_compact
    from gta.scoring.scores import read_scores

    kinds, partner = kinds_and_partners_of(embedded)
    for path in (folder / SCORES, *sorted(folder.glob(OTHER_SCORES))):
        check_recorded(path, result.digests_of(path.name))
        stored, kept = read_scores(path), averaged.get(path.name, ())
        if isinstance(stored, CompactScores):
            if stored.rounded or not set(stored.kept) <= set(kept):
                yield Rewritten(path, path.read_bytes(), _slimmed(stored, kept))
            continue
        if not stored.labelled:
            raise UserError(f"{path}: the labels of these clips are not public, so nothing can be counted in advance")
        with tempfile.TemporaryDirectory() as temporary:
            draft = Path(temporary) / path.name
            write_compact(draft, pack(path, stored, partner, kept))
            if not _counts_alike(stored, read_scores(draft), kinds, partner, kept):
                raise UserError(f"{path}: the compact form would be counted otherwise")
            yield Rewritten(path, path.read_bytes(), draft.read_bytes())


def _slimmed(stored: CompactScores, kept: Collection[ViewsConfig]) -> bytes:
    """Return the file of compact scores without probabilities that are not to be kept."""
    from gta.scoring.compact import write_compact

    units = {views: units for views, units in stored.kept.items() if views in kept}
    with tempfile.TemporaryDirectory() as temporary:
        draft = Path(temporary) / stored.path.name
        write_compact(draft, dataclasses.replace(stored, kept=units))
        return draft.read_bytes()


def _counts_alike(
    stored: StoredScores,
    compact: Scores,
    kinds: Sequence[str],
    partner: Mapping[int, int],
    kept: Collection[ViewsConfig],
) -> bool:
    """Return whether everything that is counted from two forms of the same scores is the same."""
    import numpy as np

    from gta.scoring.accuracy import accuracies

    order = np.argsort(stored.clip_ids, kind="stable")
    for clips, crops in dict.fromkeys(map(tuple, stored.views[:, :2].tolist())):
        views = ViewsConfig(clips, crops)
        ours, theirs = stored.answers(views, partner), compact.answers(views, partner)
        if not all(np.array_equal(value, getattr(theirs, name)) for name, value in vars(ours).items()):
            return False
        if theirs.accuracies(kinds) != accuracies(stored.of(views), stored.labels, kinds, partner):
            return False
        if views in kept and not np.array_equal(stored.units(views)[order], compact.units(views)):
            return False
    return True


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
