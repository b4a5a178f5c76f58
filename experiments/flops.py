"""Parameters and multiply-accumulates of every row at the paper's scale, beside what the paper printed.

    python -m experiments.flops [TABLE...] [--json]

Counted on one view with the recipes of :mod:`experiments.study.recipes` (R2D: 8 frames of 224 pixels; SlowFast and
Kinetics: 256), on the meta device: no memory, no weights. A cell that is printed is pinned to its last digit, except
those of GTA, which the paper's columns do not determine (see :class:`gta.blocks.gta.GlobalTemporalAttention`): 1.5 %.
Exit code 1 when a cell drifts.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from experiments.study.recipes import K400, SSV1
from experiments.study.rows import Row, Table
from experiments.tables import TABLES, choose_tables
from gta.cli import Parser, command, parse
from gta.config import ModelConfig
from gta.parallel import Progress, showing

UNDETERMINED = {"gta": 0.015, "slowfast+gta": 0.015}
"""Largest relative deviation of families that the paper's columns do not pin down."""
PUBLISHED = {"CGNL": 29.61, "GCNet": 24.33, "GloRe": 29.61}
"""Parameters, in millions, of R2D-50 with five blocks built as their authors describe them; the paper's are lost."""
AUTHORS: dict[tuple[str, str], dict[str, float]] = {
    ("tsm", "tsm"): {"gmacs": 33.0},
    ("tsm", "tsm/16f"): {"gmacs": 65.0},
    ("stm", "stm"): {"mparams": 24.0, "gmacs": 33.3},
    ("tea", "tea"): {"gmacs": 35.0},
    ("trn", "trn"): {"gmacs": 16.0},
    ("msnet", "msnet+ms"): {"gmacs": 34.0},
    ("eco", "eco"): {"mparams": 47.5, "gmacs": 64.0},
    ("blvnet", "blvnet"): {"mparams": 25.0, "gmacs": 23.8},
    ("i3d", "i3d"): {"mparams": 28.0, "gmacs": 153.0},
    ("i3d", "i3d+nl"): {"mparams": 35.3, "gmacs": 168.0},
    ("s3dg", "s3dg"): {"mparams": 11.6, "gmacs": 71.4},
    ("corrnet", "corrnet+correlation"): {"gmacs": 115.0},
}
"""What the authors of a peer print, by backbone and family: of 8 frames, ECO 16, bLVNet-TAM 8 x 2, I3D and CorrNet 32,
S3D-G 64 frames of 224 pixels."""
PEERS = frozenset(re.split(r"[+/]", family)[0] for _, family in AUTHORS)
CLOSE = 0.02
"""Relative deviation from what is printed of a peer: authors round, some count batch norm, and their data sets have
other numbers of classes."""
UNEXPLAINED = {
    ("i3d", "i3d+nl", "gmacs"): "I3D + NL: the authors' 168 G fit no reading of their text",
    ("s3dg", "s3dg", "mparams"): "S3D-G: the authors' 11.6 M fit no place of the gates",
    ("s3dg_k400", "s3dg", "gmacs"): "S3D-G on Kinetics: the paper's 143 G are the two networks of RGB and flow",
    ("corrnet", "corrnet+correlation", "gmacs"): "CorrNet: the authors' figures fit no reading of their text",
    ("corrnet_r101", "corrnet+correlation", "gmacs"): "CorrNet: the authors' figures fit no reading of their text",
}
"""Cells of peers that are not pinned, and why: backbone, family, quantity."""


@dataclass(frozen=True)
class Cell:
    """One figure of one row."""

    table: str
    row: str
    quantity: str
    """``mparams`` (millions) or ``gmacs`` (10^9 a view)."""
    paper: float | None
    published: float | None
    """What the authors of a block or a peer give."""
    ours: float
    tolerance: float | None
    """Absolute, in the quantity's unit; None: nobody knows how the printed figure was counted."""

    @property
    def expected(self) -> float | None:
        """The figure to meet: the paper's, else its authors', else none."""
        return self.published if self.paper is None else self.paper

    @property
    def deviation(self) -> float | None:
        """Ours minus the expected one, in percent of it; None when there is none."""
        return None if self.expected is None else 100 * (self.ours - self.expected) / self.expected

    @property
    def drifted(self) -> bool:
        """Whether the cell is further from the expected figure than its tolerance."""
        if self.expected is None or self.tolerance is None:
            return False
        return abs(self.ours - self.expected) > self.tolerance


def cells(tables: Sequence[Table], progress: Progress = lambda done, total: None) -> list[Cell]:
    """Count every row of the tables that is trained; a model that stands in two of them is counted once."""
    from gta.flops import Cost, cost

    known: dict[tuple[ModelConfig, int], Cost] = {}
    found: list[Cell] = []
    total = sum(len(list(_distinct(table))) for table in tables)
    for table in tables:
        for row in _distinct(table):
            progress(len(found) // 2, total)
            model, crop = at_paper_scale(row)
            if (model, crop) not in known:
                known[model, crop] = cost(model, crop)
            size = known[model, crop]
            for quantity, ours in (("mparams", size.params / 1e6), ("gmacs", size.macs / 1e9)):
                paper = row.paper.get(quantity)
                published = _published(row, quantity)
                tolerance = _tolerance(row, quantity, published if paper is None else paper)
                found.append(Cell(table.name, row.name, quantity, paper, published, ours, tolerance))
    progress(total, total)
    return found


def _distinct(table: Table) -> Iterator[Row]:
    yield from {row.name: row for listed in table.rows for row in listed.trained}.values()


def at_paper_scale(row: Row) -> tuple[ModelConfig, int]:
    """Return the row's model as the paper built it, and the side of its test crop in pixels."""
    profile = SSV1 if row.backbone in SSV1.settings else K400
    run = profile.resolve(row, 0)
    return run.model, run.data.tested


def _published(row: Row, quantity: str) -> float | None:
    if quantity == "mparams" and row.name in PUBLISHED:
        return PUBLISHED[row.name]
    return AUTHORS.get((row.backbone, row.families[0]), {}).get(quantity)


def _tolerance(row: Row, quantity: str, printed: float | None) -> float | None:
    """Return half a unit of the last printed digit, or more for a peer or a family that is not determined."""
    if printed is None or (row.backbone, row.family, quantity) in UNEXPLAINED:
        return None
    peer = row.family.partition("+")[0] in PEERS
    near = CLOSE if peer else UNDETERMINED.get(row.family, 0.0)
    digits = len((f"{printed:g}" if peer else str(printed)).partition(".")[2])
    half_a_unit = float(f"0.5e-{digits}")
    return max(half_a_unit, near * printed) + 1e-9


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    more = "not pinned:\n" + "\n".join(f"  {why}" for why in dict.fromkeys(UNEXPLAINED.values()))
    parser = Parser("python -m experiments.flops", (__doc__ or "").split("\n")[0], "table_main", more)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="default: all")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    options = parse(parser, arguments)
    tables = choose_tables(options.tables or list(TABLES))
    if sys.stderr.isatty():
        with showing("counting rows") as progress:
            found = cells(tables, progress)
    else:
        found = cells(tables)
    if options.json:
        print(json.dumps([asdict(cell) | {"deviation": cell.deviation} for cell in found], indent=1))
    else:
        _print(found)
    drifted = [cell for cell in found if cell.drifted]
    for cell in drifted:
        print(
            f"drifted: {cell.table}, {cell.row}: {cell.quantity} {cell.ours:.3f}, expected {cell.expected}",
            file=sys.stderr,
        )
    return 1 if drifted else 0


def _print(found: Sequence[Cell]) -> None:
    width = min(30, max(len(cell.row) for cell in found)) + 1
    heads = f"{'paper':>8}{'authors':>8}{'ours':>8}{'apart':>9}" * 2
    for table in dict.fromkeys(cell.table for cell in found):
        print(f"\n{table:{width}}{'parameters (M)':>33}{'multiply-accumulates (G)':>33}\n{'row':{width}}{heads}")
        own = [cell for cell in found if cell.table == table]
        for params, macs in zip(own[::2], own[1::2], strict=True):
            print(f"{params.row:{width}.{width - 1}}{_four(params)}{_four(macs)}".rstrip())
    print("\napart: ours less the paper's figure, else the authors'; in brackets where it is not pinned (see --help)")


def _four(cell: Cell) -> str:
    paper, authors = ("" if value is None else f"{value:g}" for value in (cell.paper, cell.published))
    apart = "" if cell.deviation is None else f"{cell.deviation:+.1f}%"
    apart = f"({apart})" if apart and cell.tolerance is None else apart
    return f"{paper:>8}{authors:>8}{cell.ours:>8.2f}{apart:>9}"


if __name__ == "__main__":
    sys.exit(main())
