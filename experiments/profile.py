"""Parameters and multiply-accumulates of every row at the paper's scale, beside what the paper printed.

    python -m experiments.profile [TABLE...] [--json]

R2D-50 on 8 frames of 224 x 224 pixels, 174 classes, counted on the meta device: no memory, no weights. Exit code 1
when a cell that the paper prints is missed by more than its tolerance.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from experiments import usage
from experiments.profiles import PAPER_PLACES
from experiments.study import Row, Table
from experiments.tables import TABLES
from gta.cli import Parser, parse
from gta.config import ModelConfig
from gta.errors import UserError

CROP = 224
CLASSES = 174
TOLERANCE = {"tape": 0.005, "gta": 0.015}
"""Largest relative deviation of families that the paper's columns do not pin down; the others agree to the digit."""


@dataclass(frozen=True)
class Cell:
    """One printed figure of one row."""

    table: str
    row: str
    quantity: str
    """``mparams`` (millions) or ``gmacs`` (10^9 a clip)."""
    paper: float | None
    ours: float
    tolerance: float
    """Absolute, in the quantity's unit."""

    @property
    def deviation(self) -> float | None:
        """Ours minus the paper's, in percent of the paper's; None when the paper prints nothing."""
        return None if self.paper is None else 100 * (self.ours - self.paper) / self.paper

    @property
    def drifted(self) -> bool:
        """Whether the cell is further from the paper than its tolerance."""
        return self.paper is not None and abs(self.ours - self.paper) > self.tolerance


def cells(tables: Sequence[Table]) -> list[Cell]:
    """Count every row of the tables; a model that stands in two of them is counted once."""
    from gta.flops import Cost, cost

    known: dict[ModelConfig, Cost] = {}
    found = []
    for table in tables:
        for row in table.rows:
            model = _at_paper_scale(row)
            if model not in known:
                known[model] = cost(model, CROP)
            size = known[model]
            for quantity, ours in (("mparams", size.params / 1e6), ("gmacs", size.macs / 1e9)):
                paper = row.paper.get(quantity)
                tolerance = max(0.05, TOLERANCE.get(row.family, 0.0) * (paper or 0.0)) + 1e-9
                found.append(Cell(table.name, row.name, quantity, paper, ours, tolerance))
    return found


def _at_paper_scale(row: Row) -> ModelConfig:
    places = PAPER_PLACES if row.places is None else row.places
    return ModelConfig(CLASSES, blocks=row.blocks, places=places if row.blocks else ())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = Parser("python -m experiments.profile", (__doc__ or "").split("\n")[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="default: all")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    try:
        options = parse(parser, arguments)
        tables = usage.choose_tables(options.tables or list(TABLES))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    found = cells(tables)
    if options.json:
        print(json.dumps([asdict(cell) | {"deviation": cell.deviation} for cell in found], indent=1))
    else:
        _print(found)
    drifted = [cell for cell in found if cell.drifted]
    for cell in drifted:
        print(
            f"drifted: {cell.table}, {cell.row}: {cell.quantity} {cell.ours:.3f}, paper {cell.paper}", file=sys.stderr
        )
    return 1 if drifted else 0


def _print(found: Sequence[Cell]) -> None:
    titles = {"mparams": "params (M)", "gmacs": "MACs (G)"}
    for table in dict.fromkeys(cell.table for cell in found):
        print(f"\n{table}\n{'row':26}{'':12}{'paper':>8}{'ours':>9}{'deviation':>11}")
        for cell in found:
            if cell.table == table:
                paper = "–" if cell.paper is None else f"{cell.paper:.1f}"
                deviation = "" if cell.deviation is None else f"{cell.deviation:+.2f} %"
                print(f"{cell.row:26}{titles[cell.quantity]:12}{paper:>8}{cell.ours:>9.2f}{deviation:>11}")


if __name__ == "__main__":
    sys.exit(main())
