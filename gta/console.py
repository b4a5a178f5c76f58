"""The command ``gta`` of the installed package: ``gta prepare | check | predict | export``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import gta
from gta.cli import command
from gta.errors import UserError, nearest

DOORS = {
    "prepare": ("gta.data.prepare", "write the embedded data set, or convert another one"),
    "check": ("gta.data.check", "verify a data set"),
    "predict": ("gta.predict", "the five most probable classes of one video"),
    "export": ("gta.export", "a trained network as files that others load"),
}
"""Module with a ``main``, and what it does."""
EXTRAS = {"av": "video", "pytorch_lightning": "train", "filelock": "video", "matplotlib": "video", "rich": "video"}
"""Which extra of the package brings a module that a door may lack."""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the doors and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(usage())
        return 0
    if given[0] == "--version":
        print(f"gta {gta.__version__}")
        return 0
    if given[0] not in DOORS:
        raise UserError(f"there is no command {given[0]!r}; {nearest(given[0], DOORS)}")
    try:
        code: int = importlib.import_module(DOORS[given[0]][0]).main(given[1:])
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(package)
        if extra is None:
            raise
        raise UserError(f"gta {given[0]} needs {package}: pip install 'gta-video[{extra}]'") from error
    return code


def usage() -> str:
    """Return what ``gta --help`` says."""
    lines = [f"  gta {name:8} {what}" for name, (_, what) in DOORS.items()]
    return "\n".join(["usage: gta COMMAND ...", "", *lines, "", "gta COMMAND --help says more."])


if __name__ == "__main__":
    sys.exit(main())
