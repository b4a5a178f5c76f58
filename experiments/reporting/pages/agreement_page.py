"""Agreement in size as text: ``agreement.md`` and ``agreement.csv``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from experiments.reporting.evidence.agreement import SMALL, Pair
from experiments.reporting.evidence.ranking import spearman
from experiments.reporting.pages.claim_cells import contrast_text, signed
from experiments.reporting.pages.frames import markdown

TITLE = "Agreement in size"
HOW = (
    "Every difference in top-1 that a claim speaks of, or that a row has to the reference of its table, where the "
    "paper prints both figures; a pair of runs that stands in several tables counts once. Points; measured on drawn "
    "clips, the paper's on its first data set. Equal sizes are not expected: data, networks and training are others."
)


def summary_frame(found: Sequence[Pair]) -> pd.DataFrame:
    """Return how near measured and printed differences are, over all and over parts of them; every cell is text."""
    tests = [pair for pair in found if not pair.sanity]
    parts = {
        "all": found,
        "without sanity checks": tests,
        f"of these, printed below {SMALL:g} points": [pair for pair in tests if abs(pair.paper) < SMALL],
    }
    lines = [
        {
            "differences": name,
            "n": str(len(part)),
            "mean distance": _mean_distance([(pair.measured.value, pair.paper) for pair in part]),
            "same sign": str(sum(pair.measured.value * pair.paper > 0 for pair in part)),
            "paper inside the interval": str(sum(pair.inside for pair in part)),
            "rank correlation": _spearman(part),
        }
        for name, part in parts.items()
    ]
    return pd.DataFrame(lines, dtype="str")


def frame(found: Sequence[Pair]) -> pd.DataFrame:
    """Return one line a difference; numbers in points."""
    return pd.DataFrame(
        [
            {
                "table": pair.table,
                "difference": contrast_text(pair.measured.contrast),
                "measured": round(pair.measured.value, 2),
                "low": round(pair.measured.low, 2),
                "high": round(pair.measured.high, 2),
                "paper": round(pair.paper, 2),
                "apart": round(pair.apart, 2),
                "inside": pair.inside,
                "sanity_check": pair.sanity,
                "seeds": len(pair.measured.seeds),
            }
            for pair in found
        ]
    )


def render(found: Sequence[Pair]) -> str:
    """Return ``agreement.md``."""
    ordered = sorted(found, key=lambda pair: (pair.table, pair.sanity))
    lines = [
        {
            "table": pair.table.removeprefix("table_"),
            "difference": contrast_text(pair.measured.contrast) + (" (sanity)" if pair.sanity else ""),
            "measured": f"{signed(pair.measured.value)} [{signed(pair.measured.low)}, {signed(pair.measured.high)}]",
            "paper": signed(pair.paper),
            "apart": signed(pair.apart),
            "inside": "yes" if pair.inside else "no",
        }
        for pair in ordered
    ]
    parts = [
        f"# {TITLE}",
        HOW,
        markdown(summary_frame(found)),
        _own_distance(found),
        "![Every measured difference of rows against the one that the paper prints](agreement.png)" if found else "",
        markdown(pd.DataFrame(lines, dtype="str")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _own_distance(found: Sequence[Pair]) -> str:
    """Return how far the paper's own two data sets lie apart, as a yardstick."""
    twice = [(pair.paper_2, pair.paper) for pair in found if pair.paper_2 is not None and not pair.sanity]
    if not twice:
        return ""
    here = [(pair.measured.value, pair.paper) for pair in found if pair.paper_2 is not None and not pair.sanity]
    return (
        f"A yardstick: {len(twice)} of the differences without sanity checks are printed for two data sets. These two "
        f"lie {_mean_distance(twice)} points apart in the mean, ours and the first {_mean_distance(here)}."
    )


def _mean_distance(values: Sequence[tuple[float, float]]) -> str:
    return f"{sum(abs(one - other) for one, other in values) / len(values):.1f}" if values else "n/a"


def _spearman(found: Sequence[Pair]) -> str:
    found_rank = spearman([(pair.measured.value, pair.paper) for pair in found])
    return "n/a" if math.isnan(found_rank) else f"{found_rank:.2f}"
