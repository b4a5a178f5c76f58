"""Verify a data set in Something-Something v2's layout: ``python -m gta.data.check DIR``.

Every clip of every split is there and its frames can be counted; the videos and lists of an embedded set are the very
bytes that were drawn. ``DIR`` is the data set's own folder.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from gta.cli import Parser, parse, positive
from gta.data.pool import Progress, run_batches, showing
from gta.data.splits import Clip, SplitName
from gta.data.ssv2 import read_split
from gta.errors import UserError

_SHOWN = 10


def check(folder: Path, jobs: int | None = None, progress: Progress | None = None) -> tuple[list[str], list[str]]:
    """Look at every clip.

    Returns:
        One line for each split, and one line for each fault.

    Raises:
        UserError: no split can be read at all, or a json file is malformed.
    """
    from gta.data.prepare import embedded_info

    names = [n for n in get_args(SplitName) if any(_lists(folder, n))]
    if not names:
        raise UserError(
            f"{folder} holds no train.json, validation.json or test.json; point at the data set's own folder"
        )
    embedded = embedded_info(folder)["splits"] if (folder / "embedded.json").is_file() else {}
    lines, faults = [], []
    for name in names:
        split = read_split(folder, name)
        found = run_batches(_look, name in embedded, split.clips, jobs, progress)
        bad = [fault for _, fault in found if fault]
        lines.append(f"{name}: {len(split.clips)} clips, {len(bad)} bad, {len(split.labels)} templates")
        faults += bad
        if name in embedded and not bad:
            sha = hashlib.sha256((folder / f"{name}.json").read_bytes())
            for clip, (digest, _) in sorted(zip(split.clips, found, strict=True), key=lambda pair: pair[0].id):
                sha.update(f"{clip.id} {digest}\n".encode())
            if sha.hexdigest() != embedded[name]["sha256"]:
                faults.append(f"{folder}: {name} is not what was drawn; delete {folder} and prepare it again")
    return lines, faults


def _lists(folder: Path, split: str) -> list[Path]:
    names = (f"{split}.json", f"something-something-v2-{split}.json")
    return [p / n for p in (folder, folder / "labels") for n in names if (p / n).is_file()]


def _look(hashed: bool, clip: Clip) -> tuple[str, str]:
    """Return a clip's sha256 (if asked for) and what is wrong with it (nothing: an empty string)."""
    from gta.data.decode import ClipError, count_frames

    try:
        if count_frames(clip.path) == 0:
            return "", f"{clip.path} has no frames; re-download the file"
    except ClipError as error:
        return "", str(error)
    return (hashlib.sha256(clip.path.read_bytes()).hexdigest() if hashed else ""), ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns 0 when all is well, 1 when clips are bad, 2 when there is no data set."""
    parser = Parser("python -m gta.data.check", (__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="the data set's own folder")
    parser.add_argument("--jobs", type=positive, default=None, metavar="N", help="processes (default: all cores)")
    try:
        options = parse(parser, arguments)
        with showing("checking clips") as progress:
            lines, faults = check(options.folder, options.jobs, progress)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print("\n".join(lines))
    for fault in faults[:_SHOWN]:
        print(fault, file=sys.stderr)
    if len(faults) > _SHOWN:
        print(f"and {len(faults) - _SHOWN} more", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
