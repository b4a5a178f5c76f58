"""Verify a data set: ``python -m gta.data.check DIR``.

Counts against the release, files that cannot be read, have no frames or few, sizes and rates, the order of the labels;
as warnings, clips that can be read and fall short of their own index or duration, or decode with errors concealed, and
frame folders with gaps; of an embedded set that its bytes are those that were drawn. Writes ``gta-check.md`` for
people and ``gta-passport.json`` for programs beside the data (or into ``--out DIR``).
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gta.cli import Parser, command, parse, positive
from gta.data.tools.survey import SHORT, SplitSurvey, Survey, survey
from gta.errors import UserError
from gta.files import read_json, write_json, write_text
from gta.parallel import showing

PASSPORT = "gta-passport.json"
REPORT = "gta-check.md"
_SHOWN = 10
_SCHEMA = 1


def read_passport(folder: Path) -> dict[str, Any] | None:
    """Return what the last check of a data set wrote down, or None when it was not checked.

    Raises:
        UserError: the file is there and is not a passport.
    """
    path = Path(folder) / PASSPORT
    if not path.is_file():
        return None
    content = read_json(path)
    if not isinstance(content, dict) or content.get("schema") != _SCHEMA:
        raise UserError(f"{path} is not a passport of this version; run `python -m gta.data.check {folder}` again")
    return content


def passport(found: Survey) -> dict[str, Any]:
    """Return the content of ``gta-passport.json``."""
    import av

    lengths = sorted(clip.frames for clip in found.readable())
    return {
        "schema": _SCHEMA,
        "format": found.format.name,
        "embedded": found.embedded,
        "quick": found.quick,
        "subset": found.subset,
        "checked": datetime.now(UTC).isoformat(timespec="seconds"),
        "decoder": f"PyAV {av.__version__}",
        "labels": len(found.labels),
        "label_fingerprint": found.fingerprint,
        "splits": {split.name: _counts(split) for split in found.splits},
        "frames": {
            "shortest": lengths[0] if lengths else None,
            "median": statistics.median(lengths) if lengths else None,
            "longest": lengths[-1] if lengths else None,
        },
        "rates": dict(found.rates()),
        "sizes": dict(found.sizes()),
        "faults": len(found.faults),
        "warnings": len(found.warnings),
    }


def _counts(split: SplitSurvey) -> dict[str, int | None]:
    return {
        "listed": split.listed,
        "official": split.official,
        "missing": len(split.missing) + len(split.absent),
        "decoded": len(split.clips),
        "unreadable": len(split.unreadable),
        "short": len(split.short),
        "doubtful": len(split.doubtful),
    }


def report(found: Survey) -> str:
    """Return the content of ``gta-check.md``."""
    kind = "an embedded set" if found.embedded else found.format.title
    verdict = "nothing is wrong" if not found.faults else f"{len(found.faults):,} faults"
    if found.warnings:
        verdict += f", {len(found.warnings):,} warnings"
    lines = [
        f"# {found.folder.name}: {kind}",
        "",
        f"{verdict.capitalize()}. {len(found.labels)} labels, fingerprint of their order {found.fingerprint}.",
        *(["", "A part of the release on purpose: its counts are not compared with it."] * found.subset),
        *(["", "A quick look: a fixed sample was decoded, of the rest only the presence was seen."] * found.quick),
        "",
        f"| split | listed | release | missing | decoded | unreadable | under {SHORT} frames | warnings |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for split in found.splits:
        cells = ["–" if value is None else f"{value:,}" for value in _counts(split).values()]
        lines.append(f"| {split.name} | {' | '.join(cells)} |")
    lines += _histogram("frames a second", found.rates()) + _histogram("height x width", found.sizes())
    lengths = Counter(f"{clip.frames // 20 * 20} to {clip.frames // 20 * 20 + 19}" for clip in found.readable())
    lines += _histogram(
        "frames", Counter(dict(sorted(lengths.items(), key=lambda item: int(item[0].split()[0])))), False
    )
    if found.faults:
        lines += ["", "## Faults", "", *(f"- {fault}" for fault in found.faults)]
    if found.warnings:
        lines += ["", "## Warnings: clips that can be read and seem to be damaged", ""]
        lines += [f"- {warning}" for warning in found.warnings]
    if found.remarks:
        lines += ["", "## Remarks", "", *(f"- {remark}" for remark in found.remarks)]
    for title, names in (
        ("Missing videos", [(s.name, s.missing) for s in found.splits]),
        (f"Clips of fewer than {SHORT} frames (some are repeated)", [(s.name, tuple(s.short)) for s in found.splits]),
    ):
        if any(ids for _, ids in names):
            lines += ["", f"## {title}", "", *(f"- {name}: {', '.join(ids)}" for name, ids in names if ids)]
    page = "\n".join(lines) + "\n"
    return page.encode("utf-8", "backslashreplace").decode()  # names of files may be no UTF-8


def _histogram(title: str, counts: Counter[str], ranked: bool = True) -> list[str]:
    rows = counts.most_common() if ranked else list(counts.items())
    kept, rest = rows[:20] if ranked else rows, rows[20:] if ranked else []
    lines = ["", f"| {title} | clips |", "|---|---|", *(f"| {name} | {number:,} |" for name, number in kept)]
    return lines + ([f"| {len(rest)} others | {sum(number for _, number in rest):,} |"] if rest else [])


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns 0 when all is well but for warnings, 1 when something is wrong, 2 without a data set."""
    parser = Parser("python -m gta.data.check", "Verify a data set.", "DIR --quick")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the data set's own folder")
    parser.add_argument("--quick", action="store_true", help="decode a fixed sample of each split only")
    parser.add_argument("--subset", action="store_true", help="DIR is a part of the release on purpose")
    parser.add_argument("--jobs", type=positive, default=None, metavar="N", help="processes (default: all cores)")
    parser.add_argument("--out", type=Path, default=None, metavar="DIR", help="where to write (default: DIR)")
    options = parse(parser, arguments)
    with showing("checking clips") as progress:
        found = survey(options.folder, options.quick, options.jobs, progress, options.subset)
    out = options.out or options.folder
    write_text(out / REPORT, report(found))
    write_json(out / PASSPORT, passport(found))
    for split in found.splits:
        parts = [f"{split.listed} clips", f"{len(split.unreadable) + len(split.absent)} bad"]
        parts += [f"{len(split.missing)} missing"] * bool(split.missing)
        print(f"{split.name}: {', '.join([*parts, f'{len(found.labels)} labels'])}")
    print(f"{found.format.title}, label order {found.fingerprint}; see {out / REPORT}")
    for remark in found.remarks:
        print(f"note: {remark}")
    for lines in (found.faults, [f"warning: {line}" for line in found.warnings]):
        for line in lines[:_SHOWN]:
            print(line, file=sys.stderr)
        if len(lines) > _SHOWN:
            print(f"and {len(lines) - _SHOWN} more", file=sys.stderr)
    if found.partial:
        print("a part of the release on purpose is checked with --subset", file=sys.stderr)
    return 1 if found.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
