"""Tables, claims and pictures from the store; nothing is trained.

    python -m experiments.report [TABLE...] [--profile NAME] [--results DIR] [--check]
    python -m experiments.report --run ID [--out DIR]
    python -m experiments.report --freeze

Writes ``<results>/<profile>/<table>.md``, ``.csv``, ``.tex`` and pictures, and over all tables ``claims``,
``agreement``, ``runs.md`` and ``report.html``. ``--check`` writes nothing: it fails when a file on disk differs from
what the store gives, a result from the scores it was counted from, or the protocol was committed after the runs.
``--run`` draws the pictures of one run: its temporal weights, regions, attention maps, training curve and accuracy by
kind, as far as it has kept what they show. ``--freeze`` writes claims that are new or changed into
``results/protocol.csv`` with the time, before the runs that test them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.store.run_files import LOOKS
from experiments.store.store import Store
from experiments.study.own import profile_of
from experiments.study.profiles import PROFILES
from experiments.study.rows import Profile, Table
from experiments.tables import TABLES, choose_tables
from gta.cli import Parser, command, parse
from gta.errors import UserError

EXAMPLE = "--run 'table_main/R2D + GTA'"


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = Parser(prog="python -m experiments.report", description=(__doc__ or "").split("\n")[0], example=EXAMPLE)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="tables to write (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs from the store")
    parser.add_argument("--freeze", action="store_true", help="write new and changed claims into the protocol")
    parser.add_argument("--profile", help="one profile (default: all with runs in the store)")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="of --profile folder")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    parser.add_argument("--run", metavar="ID", help="pictures of one run: its id, its first characters, or TABLE/ROW")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for the pictures of --run (default: build/pictures)")
    return parser


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parse(build_parser(), argv)
    if options.run:
        return _draw_run(options)
    if options.freeze:
        return _freeze(options)
    if options.out:
        raise UserError("--out is for the pictures of --run; tables and their pictures go to --results")
    tables = choose_tables(options.tables or list(TABLES))
    profiles = [profile_of(options.profile, options.data)] if options.profile else list(PROFILES.values())
    if options.check:
        return _check(Store(options.results), tables, profiles, not options.tables)
    return _write(Store(options.results), tables, profiles, not options.tables)


def _freeze(options: argparse.Namespace) -> int:
    from experiments.reporting.evidence import protocol

    if options.tables or options.check or options.profile or options.out:
        raise UserError("--freeze writes the claims of all tables; it takes no table and no other option")
    print(protocol.freeze(TABLES.values()))
    return 0


def _draw_run(options: argparse.Namespace) -> int:
    from experiments.reporting.named import find_named_run
    from experiments.reporting.pictures.gallery import run_pictures
    from experiments.store.result import Result

    if options.tables or options.check or options.profile:
        raise UserError("--run draws the pictures of one run; it takes no table, --profile or --check")
    store = Store(options.results)
    folder = find_named_run(store, options.run, PROFILES.values())
    result = store.read(folder.name)
    if not isinstance(result, Result):
        raise UserError(str(result) if result else f"run {folder.name} in {store.runs} has no result yet")
    for picture in run_pictures(result, store):
        for path in picture.write(options.out or Path("build/pictures")):
            print(path)
    if not (folder / LOOKS).exists():
        print(f"note: {folder / LOOKS} is not there, so no regions and no attention are drawn", file=sys.stderr)
    return 0


def _check(store: Store, tables: Sequence[Table], profiles: Sequence[Profile], whole: bool) -> int:
    from experiments.reporting.check import differences, orphans
    from experiments.reporting.evidence import history

    wrong = differences(store, tables, profiles, whole)
    for paragraph in wrong:
        print(paragraph)
    unused = orphans(store, profiles) if whole else []
    if unused:
        print(f"note: no row has the configuration of {len(unused)} runs: {', '.join(unused)}")
    if whole:
        print(history.described(history.changes(history.TEXT)))
    print(f"{len(wrong)} differences" if wrong else "all files agree with the store, and all results with their scores")
    return 1 if wrong else 0


def _write(store: Store, tables: Sequence[Table], profiles: Sequence[Profile], whole: bool) -> int:
    from experiments.reporting.changed import write_changed
    from experiments.reporting.check import problems, unreadable_extras
    from experiments.reporting.files import read_study, write_one, write_whole
    from experiments.store.frozen import FrozenStore

    frozen, written, left_out = FrozenStore(store.results), 0, dict[str, None]()
    for profile in profiles:
        study = read_study(tables, profile, frozen)
        left_out |= dict.fromkeys(problems(study) + (unreadable_extras(study, frozen) if whole else []))
        for data in study:
            if data.results:
                for path in write_one(data, frozen):
                    print(path)
                written += 1
        if whole and any(data.results for data in study):
            for path in write_whole(study, frozen):
                print(path)
        changed, page = write_changed(tables, profile, frozen) if whole else ([], None)
        if page is not None:
            print(page)
        written += len(changed)
    for problem in left_out:
        print(f"left out: {problem}", file=sys.stderr)
    if not written:
        raise UserError(f"{store.runs} holds no finished run of these tables; python -m experiments.run trains them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
