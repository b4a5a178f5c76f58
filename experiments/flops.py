"""Parameters and multiply-accumulates of every row at the paper's scale, beside what the paper printed.

    python -m experiments.flops [TABLE...] [--json]

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

from experiments.study.recipes import K400, SSV1
from experiments.study.rows import Row, Table
from experiments.tables import TABLES, choose_tables
from gta.cli import Parser, command, parse
from gta.config import ModelConfig

UNDETERMINED = {"gta": 0.015, "slowfast+gta": 0.015}
"""Largest relative deviation of families that the paper's columns do not pin down."""
PUBLISHED = {"CGNL": 29.61, "GCNet": 24.33, "GloRe": 29.61}
"""Parameters, in millions, of R2D-50 with five blocks built as their authors describe them; the paper's are lost."""


@dataclass(frozen=True)
class Cell:
    """One figure of one row."""

    table: str
    row: str
    quantity: str
    """``mparams`` (millions) or ``gmacs`` (10^9 a view)."""
    paper: float | None
    published: float | None
    """What the block's own authors give, where the paper's cell is lost."""
    ours: float
    tolerance: float
    """Absolute, in the quantity's unit."""

    @property
    def expected(self) -> float | None:
        """The figure to meet: the paper's, else the published one, else none."""
        return self.published if self.paper is None else self.paper

    @property
    def deviation(self) -> float | None:
        """Ours minus the expected one, in percent of it; None when there is none."""
        return None if self.expected is None else 100 * (self.ours - self.expected) / self.expected

    @property
    def drifted(self) -> bool:
        """Whether the cell is further from the expected figure than its tolerance."""
        return self.expected is not None and abs(self.ours - self.expected) > self.tolerance


def cells(tables: Sequence[Table]) -> list[Cell]:
    """Count every row of the tables that is trained; a model that stands in two of them is counted once."""
    from gta.flops import Cost, cost

    known: dict[tuple[ModelConfig, int], Cost] = {}
    found = []
    for table in tables:
        for row in _distinct(table):
            model, crop = at_paper_scale(row)
            if (model, crop) not in known:
                known[model, crop] = cost(model, crop)
            size = known[model, crop]
            for quantity, ours in (("mparams", size.params / 1e6), ("gmacs", size.macs / 1e9)):
                paper = row.paper.get(quantity)
                published = PUBLISHED.get(row.name) if quantity == "mparams" else None
                tolerance = _tolerance(row, paper if published is None else published)
                found.append(Cell(table.name, row.name, quantity, paper, published, ours, tolerance))
    return found


def _distinct(table: Table) -> Iterator[Row]:
    yield from {row.name: row for listed in table.rows for row in listed.trained}.values()


def at_paper_scale(row: Row) -> tuple[ModelConfig, int]:
    """Return the row's model as the paper built it, and the side of its test crop in pixels."""
    profile = SSV1 if row.backbone in SSV1.settings else K400
    run = profile.resolve(row, 0)
    return run.model, run.data.test_crop or run.data.crop


def _tolerance(row: Row, printed: float | None) -> float:
    """Return half a unit of the last printed digit, or more for a family that is not determined."""
    if printed is None:
        return 0.0
    digits = len(str(printed).partition(".")[2])
    half_a_unit = float(f"0.5e-{digits}")
    return max(half_a_unit, UNDETERMINED.get(row.family, 0.0) * printed) + 1e-9


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = Parser("python -m experiments.flops", (__doc__ or "").split("\n")[0], "table_main")
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="default: all")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    options = parse(parser, arguments)
    tables = choose_tables(options.tables or list(TABLES))
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
    titles = {"mparams": "params (M)", "gmacs": "MACs (G)"}
    width = max(len(cell.row) for cell in found) + 2
    for table in dict.fromkeys(cell.table for cell in found):
        print(f"\n{table}\n{'row':{width}}{'':12}{'paper':>8}{'ours':>9}{'deviation':>11}")
        for cell in found:
            if cell.table == table:
                expected = "–" if cell.expected is None else f"{cell.expected:g}" + "*" * (cell.paper is None)
                deviation = "" if cell.deviation is None else f"{cell.deviation:+.2f} %"
                print(f"{cell.row:{width}}{titles[cell.quantity]:12}{expected:>8}{cell.ours:>9.2f}{deviation:>11}")
    if any(cell.paper is None and cell.published is not None for cell in found):
        print("\n* the paper's cell is lost; this is the published block's own figure")


if __name__ == "__main__":
    sys.exit(main())
