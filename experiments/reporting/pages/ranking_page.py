"""The section of a ranked table's page: places, how sure they are, and the authors' own order."""

from __future__ import annotations

import math

import pandas as pd

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.measure import Ranking
from experiments.reporting.pages import cells
from experiments.reporting.pages.frames import macs_unit, markdown

HOW = (
    "Place: in brackets the range that is left when every pair of rows is tested on the difference of top-1, paired "
    "over clips and seeds, two-sided at 5 % with Holm's correction for all pairs. Clips/s: how fast the network trains "
    "on one core, all side by side. Authors': top-1 and place in the figures that the authors of each print themselves."
)


def ranking_frame(data: TableData) -> pd.DataFrame:
    """Return one line a ranked row, the best first; every cell is text."""
    assert data.ranking is not None
    found, rows = data.ranking, {row.row.name: row for row in data.rows}
    papers = sorted((row.paper for row in found.rows if row.paper is not None), reverse=True)
    unit, scale, digits = macs_unit(data)
    return pd.DataFrame(
        [
            {
                "row": row.row,
                "place": f"{place} ({row.best}–{row.worst})" if row.best < row.worst else str(place),
                "top-1": cells.spread(row.top1, seeds=True),
                "within pair": cells.constant(rows[row.row], "pair_accuracy", 1),
                "motion": cells.constant(rows[row.row], "motion", 1),
                "params (M)": cells.constant(rows[row.row], "mparams", 2),
                f"MACs ({unit})": cells.constant(rows[row.row], "gmacs", digits, scale),
                "clips/s": f"{found.speed[row.row]:.0f}" if row.row in found.speed else cells.MISSING,
                "authors'": "" if row.paper is None else f"{row.paper:.1f} ({1 + papers.index(row.paper)})",
            }
            for place, row in enumerate(found.rows, start=1)
        ],
        dtype="str",
    )


def summary(found: Ranking) -> str:
    """Return how many differences are decided and how the order agrees with the authors'."""
    decided = f"{found.decided} of the {found.pairs} differences between rows are decided."
    if math.isnan(found.correlation):
        return decided
    both = [row for row in found.rows if row.paper is not None]
    sighted = sum(row.knows_order for row in both)
    within = f"; over the {sighted} of them that know the order of frames: {found.correlation_within:.2f}"
    return (
        f"{decided} Rank correlation with the authors' own figures, over the {len(both)} rows that have both: "
        f"{found.correlation:.2f}{within if 2 < sighted < len(both) else ''}."
    )


def ranking_section(data: TableData) -> str:
    """Return the section; empty without a ranking."""
    found = data.ranking
    if found is None:
        return ""
    few = f"Measured with one seed, and not ranked: {', '.join(found.left_out)}." if found.left_out else ""
    return "\n\n".join(filter(None, ["## Ranking", summary(found), markdown(ranking_frame(data), 1), HOW, few]))
