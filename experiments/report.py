"""Tables and pictures from the store; nothing is trained.

    python -m experiments.report [TABLE...] [--profile NAME] [--results DIR] [--check]

Writes ``<results>/<profile>/<table>.md``, ``.csv`` and pictures. ``--check`` writes nothing: it fails when a table
on disk differs from what the store gives, or a result from the scores it was counted from.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments import usage
from experiments.profiles import PROFILES
from experiments.reporting.collect import TableData, collect
from experiments.reporting.recount import recount_all
from experiments.store import Store
from experiments.study import Profile, Table
from experiments.tables import TABLES
from gta import files
from gta.cli import Parser, parse
from gta.errors import UserError


def write_table(table: Table, profile: Profile, store: Store, pictures: bool = True) -> tuple[TableData, Path]:
    """Write a table's Markdown, CSV and pictures and return its data and the Markdown file.

    Raises:
        UserError: the files cannot be written.
    """
    data = collect(table, profile, store)
    folder = store.results / profile.name
    for suffix, content in rendered(data).items():
        files.write_text(folder / f"{table.name}{suffix}", content)
    if pictures and data.results:
        from experiments.reporting.pictures import draw

        draw(data, store, folder)
    return data, folder / f"{table.name}.md"


def rendered(data: TableData) -> dict[str, str]:
    """Return the text of a table's files by suffix."""
    from experiments.reporting.frames import numeric_frame
    from experiments.reporting.page import render

    return {".md": render(data), ".csv": numeric_frame(data).to_csv(index=False, lineterminator="\n")}


def check(store: Store, tables: Sequence[Table], profiles: Sequence[Profile]) -> list[str]:
    """Return one paragraph for each table file on disk that the store does not give, with the first changed lines."""
    wrong = []
    for profile in profiles:
        for table in tables:
            paths = [store.results / profile.name / f"{table.name}{suffix}" for suffix in (".md", ".csv")]
            data = collect(table, profile, store)
            if not data.results and not any(path.exists() for path in paths):
                continue
            expected = rendered(data)
            for path in paths:
                found = path.read_text() if path.exists() else ""
                if found != expected[path.suffix]:
                    wrong.append(f"{path} differs from the store:\n" + _difference(found, expected[path.suffix]))
    return wrong


def strangers(store: Store) -> Iterator[Path]:
    """Yield table files of the known profiles that no known table makes."""
    for profile in PROFILES:
        for path in sorted((store.results / profile).glob("table_*")):
            if path.suffix in (".md", ".csv") and path.stem not in TABLES:
                yield path


def _difference(found: str, expected: str, limit: int = 6) -> str:
    lines = difflib.unified_diff(
        found.splitlines(), expected.splitlines(), "on disk", "from the store", lineterm="", n=0
    )
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    more = [f"  ... {len(changed) - limit} more lines"] if len(changed) > limit else []
    return "\n".join([f"  {line}" for line in changed[:limit]] + more)


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = Parser(prog="python -m experiments.report", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="tables to write (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a table differs from the store")
    parser.add_argument("--profile", help="one profile (default: all with runs in the store)")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        options = parse(build_parser(), argv)
        tables = usage.choose_tables(options.tables or list(TABLES))
        profiles = [usage.choose_profile(options.profile)] if options.profile else list(PROFILES.values())
        store = Store(options.results)
        if options.check:
            return _check(store, tables, profiles, whole=not options.tables and not options.profile)
        return _write(store, tables, profiles)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _check(store: Store, tables: Sequence[Table], profiles: Sequence[Profile], whole: bool) -> int:
    if not any(collect(table, profile, store).results for table in tables for profile in profiles):
        raise UserError(f"{store.runs} holds no finished run of these tables; there is nothing to check")
    wrong = [str(problem) for problem in recount_all(store, tables, profiles)]
    wrong += check(store, tables, profiles)
    if whole:
        wrong += [f"{path}: no such table in experiments/tables" for path in strangers(store)]
    for paragraph in wrong:
        print(paragraph)
    print(
        f"{len(wrong)} differences" if wrong else "all tables agree with the store, and all results with their scores"
    )
    return 1 if wrong else 0


def _write(store: Store, tables: Sequence[Table], profiles: Sequence[Profile]) -> int:
    written = 0
    for profile in profiles:
        for table in tables:
            if not collect(table, profile, store).results:
                continue
            data, path = write_table(table, profile, store)
            for problem in data.problems:
                print(f"left out: {problem}", file=sys.stderr)
            print(path)
            written += 1
    if not written:
        raise UserError(f"{store.runs} holds no finished run of these tables; python -m experiments.run trains them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
