"""Write an embedded data set, or convert another one: ``python -m gta.data.prepare tiny``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from gta.cli import Parser, command, parse, positive
from gta.data.drawn.embedded import EMBEDDED, choose_embedded
from gta.data.drawn.make import embedded_info, ensure_embedded
from gta.parallel import showing

MORE = """
another data set:
  python -m gta.data.prepare extract SRC DST     write its videos as folders of jpg frames
  python -m gta.data.prepare reencode SRC DST    write them as small H.264 videos
extract --help and reencode --help say more."""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in ("extract", "reencode"):
        from gta.data.tools.convert import main as convert_main

        return convert_main(given)
    parser = Parser("python -m gta.data.prepare", "Write an embedded data set, or convert another one.", "tiny", MORE)
    parser.add_argument("name", help=f"the embedded data set: {', '.join(EMBEDDED)}")
    parser.add_argument(
        "--data", type=Path, default=Path("data"), metavar="DIR", help="the data folder (default: data)"
    )
    parser.add_argument("--jobs", type=positive, default=None, metavar="N", help="processes (default: all cores)")
    try:
        options = parse(parser, given)
        name, drawing = choose_embedded(options.name)
        with showing("drawing clips") as progress:
            folder = ensure_embedded(options.data, drawing, name, options.jobs, progress)
        info = embedded_info(folder)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    counts = ", ".join(f"{split} {part['clips']}" for split, part in info["splits"].items())
    print(f"{folder}: {counts} clips, fingerprint {info['fingerprint'][:12]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
