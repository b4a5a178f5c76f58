"""Parameters and multiply-accumulates of every row at the paper's scale, beside what the paper printed.

    python -m experiments.flops [TABLE...] [--json]

Without a table named, or named ``peers``, also of further settings of the peers (:mod:`experiments.study.pins`).

Counted on one view with the recipes of :mod:`experiments.study.recipes` (R2D: 8 frames of 224 pixels; SlowFast and
Kinetics: 256), on the meta device: no memory, no weights. A cell that is printed is pinned to its last digit, except
those of GTA, which the paper's columns do not determine (see :class:`gta.blocks.gta.GlobalTemporalAttention`): 1.5 %.
Exit code 1 when a cell drifts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from experiments.study.pins import PINS, Pin
from experiments.study.printed import AUTHORS, CLOSE, PEERS, PUBLISHED, UNEXPLAINED
from experiments.study.recipes import K400, SSV1
from experiments.study.rows import Row, Table
from experiments.tables import TABLES, choose_tables
from gta.cli import Parser, command, parse
from gta.config import ModelConfig
from gta.parallel import Progress, showing

UNDETERMINED = {"gta": 0.015, "slowfast+gta": 0.015}
"""Largest relative deviation of families that the paper's columns do not pin down."""
FURTHER = "peers"
"""Name of the section of :data:`experiments.study.pins.PINS`."""
COUNTED = 0.01
"""Largest relative deviation from what was counted by arithmetic: of MSNet some pairs of positions were left out."""
QUANTITIES = ("mparams", "gmacs")


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
    counted: float | None = None
    """By arithmetic before the network was written here."""

    @property
    def expected(self) -> float | None:
        """The figure to meet: the paper's, else its authors', else the arithmetic's, else none."""
        return next((figure for figure in (self.paper, self.published, self.counted) if figure is not None), None)

    @property
    def deviation(self) -> float | None:
        """Ours minus the expected one, in percent of it; None when there is none."""
        return None if self.expected is None else 100 * (self.ours - self.expected) / self.expected

    @property
    def drifted(self) -> bool:
        """Whether the cell is further from the expected figure than its tolerance, or from the arithmetic."""
        if self.counted is not None and abs(self.ours - self.counted) > COUNTED * self.counted:
            return True
        if self.expected is None or self.tolerance is None:
            return False
        return abs(self.ours - self.expected) > self.tolerance


def cells(
    tables: Sequence[Table], pins: Sequence[Pin] = (), progress: Progress = lambda done, total: None
) -> list[Cell]:
    """Count every row of the tables that is trained, and the pins; a model that stands in two rows is counted once."""
    known: dict[tuple[ModelConfig, int], tuple[float, float]] = {}
    found: list[Cell] = []
    rows = [(table, row) for table in tables for row in _distinct(table)]
    for table, row in rows:
        progress(len(found) // 2, len(rows) + len(pins))
        model, crop = at_paper_scale(row)
        if (model, crop) not in known:
            known[model, crop] = size((model,), crop)
        for quantity, ours in zip(QUANTITIES, known[model, crop], strict=True):
            paper = row.paper.get(quantity)
            published = _published(row, quantity)
            tolerance = _tolerance(row, quantity, published if paper is None else paper)
            found.append(Cell(table.name, row.name, quantity, paper, published, ours, tolerance))
    for pin in pins:
        progress(len(found) // 2, len(rows) + len(pins))
        found += [_pinned(pin, *one) for one in zip(QUANTITIES, size(pin.models, pin.crop), strict=True)]
    progress(len(rows) + len(pins), len(rows) + len(pins))
    return found


def size(models: Sequence[ModelConfig], crop: int) -> tuple[float, float]:
    """Return the millions of parameters and the 10^9 multiply-accumulates a view of the models together."""
    from gta.flops import cost

    found = [cost(model, crop) for model in models]
    return sum(one.params for one in found) / 1e6, sum(one.macs for one in found) / 1e9


def _pinned(pin: Pin, quantity: str, ours: float) -> Cell:
    paper, published = pin.paper.get(quantity), pin.authors.get(quantity)
    printed = published if paper is None else paper
    counted = pin.mparams if quantity == "mparams" else pin.gmacs
    near = COUNTED * counted if printed is None else _near(f"{printed:g}", CLOSE)
    tolerance = None if quantity in pin.unexplained else near
    return Cell(FURTHER, pin.name, quantity, paper, published, ours, tolerance, counted)


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
    return _near(f"{printed:g}" if peer else str(printed), near)


def _near(printed: str, share: float) -> float:
    """Return half a unit of the last digit, or this share where it is more."""
    digits = len(printed.partition(".")[2])
    return max(float(f"0.5e-{digits}"), share * float(printed)) + 1e-9


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    more = "not pinned:\n" + "\n".join(f"  {why}" for why in dict.fromkeys(_reasons()))
    parser = Parser("python -m experiments.flops", (__doc__ or "").split("\n")[0], "table_main", more)
    parser.add_argument(
        "tables",
        nargs="*",
        metavar="TABLE",
        help=f"a table, or {FURTHER}: further settings of the peers; default: all of them",
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    options = parse(parser, arguments)
    tables = choose_tables(options.tables or [*TABLES, FURTHER], (FURTHER,))
    pins = PINS if FURTHER in options.tables or not options.tables else ()
    if sys.stderr.isatty():
        with showing("counting rows") as progress:
            found = cells(tables, pins, progress)
    else:
        found = cells(tables, pins)
    if options.json:
        print(json.dumps([asdict(cell) | {"deviation": cell.deviation} for cell in found], indent=1))
    else:
        _print(found)
    drifted = [cell for cell in found if cell.drifted]
    for cell in drifted:
        print(
            f"drifted: {cell.table}, {cell.row}: {cell.quantity} {cell.ours:.3f}, expected {cell.expected}"
            + (f", by arithmetic {cell.counted}" if cell.counted is not None else ""),
            file=sys.stderr,
        )
    return 1 if drifted else 0


def _reasons() -> Iterator[str]:
    """Yield why figures are not pinned."""
    yield from UNEXPLAINED.values()
    for pin in PINS:
        yield from pin.unexplained.values()


def _print(found: Sequence[Cell]) -> None:
    """Print lines of at most 80 columns; a name that is too long for its column stands in a line of its own."""
    width = min(21, max(len(cell.row) for cell in found)) + 1
    heads = f"{'paper':>6}{'authors':>8}{'ours':>7}{'apart %':>8}" * 2
    for table in dict.fromkeys(cell.table for cell in found):
        title = "further settings of the peers" if table == FURTHER else table
        print(f"\n{title:{width}}{'parameters (M)':>{width + 29 - max(width, len(title))}}", end="")
        print(f"{'multiply-accumulates (G)':>29}\n{'row':{width}}{heads}")
        own = [cell for cell in found if cell.table == table]
        for params, macs in zip(own[::2], own[1::2], strict=True):
            name = f"{params.row}\n{'':{width}}" if len(params.row) >= width else f"{params.row:{width}}"
            print(f"{name}{_four(params)}{_four(macs)}".rstrip())
    print("\napart: ours less the paper's figure, else the authors', else the arithmetic's;")
    print("in brackets where it is not pinned (see --help)")


def _four(cell: Cell) -> str:
    paper, authors = ("" if value is None else f"{value:g}" for value in (cell.paper, cell.published))
    apart = "" if cell.deviation is None else f"{cell.deviation:+z.1f}"
    apart = f"({apart})" if apart and cell.tolerance is None else apart
    return f"{paper:>6}{authors:>8}{cell.ours:>7.2f}{apart:>8}"


if __name__ == "__main__":
    sys.exit(main())
