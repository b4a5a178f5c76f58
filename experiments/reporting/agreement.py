"""Agreement in size: every difference of rows that the paper prints, measured here, beside the paper's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.claims import Contrast
from experiments.reporting.claim_cells import contrast_text, signed
from experiments.reporting.collect import TableData
from experiments.reporting.contrasts import Difference, Differences
from experiments.reporting.frames import markdown
from experiments.reporting.verdicts import Verdict
from experiments.store import Store
from gta.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

SMALL = 3.0
"""Points; differences that the paper prints as smaller are looked at by themselves."""
TITLE = "Agreement in size"
HOW = (
    "Every difference in top-1 that a claim speaks of, or that a row has to the reference of its table, where the "
    "paper prints both figures; a pair of runs that stands in several tables counts once. Points; measured on drawn "
    "clips, the paper's on its first data set. Equal sizes are not expected: data, networks and training are others."
)


@dataclass(frozen=True)
class Pair:
    """A difference that is printed in the paper and measured here, in points of top-1."""

    table: str
    measured: Difference
    paper: float
    paper_2: float | None
    """The paper's difference on its second data set."""
    sanity: bool
    """Whether only one side knows the order of frames, so that it is large by construction."""

    @property
    def apart(self) -> float:
        """Measured minus printed."""
        return self.measured.value - self.paper

    @property
    def inside(self) -> bool:
        """Whether the paper's difference lies in the interval."""
        return self.measured.low <= self.paper <= self.measured.high


def pairs(tables: Sequence[tuple[TableData, Sequence[Verdict]]], store: Store) -> list[Pair]:
    """Return the differences of all claims and of all rows to their reference, each pair of runs once."""
    found: dict[object, Pair] = {}
    for data, _ in tables:
        differences = Differences(data, store)
        for contrast in _contrasts(data):
            printed = [_printed(data, contrast, metric) for metric in ("top1", "v2_top1")]
            if printed[0] is None:
                continue
            try:
                measured = differences.of(contrast)
            except UserError:
                continue  # not run yet; the table says so
            pair = Pair(data.table.name, measured, printed[0], printed[1], not _same_knowledge(data, contrast))
            found.setdefault(_key(data, measured), pair)
    return list(found.values())


def summary_frame(found: Sequence[Pair]) -> pd.DataFrame:
    """Return how near measured and printed differences are, over all and over parts of them; every cell is text."""
    import pandas as pd

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
    import pandas as pd

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
    import pandas as pd

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


def _contrasts(data: TableData) -> Iterator[Contrast]:
    for claim in data.table.claims:
        yield from claim.contrasts
    for row in data.rows:
        if row is not data.reference and not row.row.quoted:
            yield (row.row.name, 1.0), (data.table.reference, -1.0)


def _printed(data: TableData, contrast: Contrast, metric: str) -> float | None:
    figures = [data.row(name).row.paper.get(metric) for name, _ in contrast]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return None
    return sum(weight * figure for (_, weight), figure in zip(contrast, known, strict=True))


def _same_knowledge(data: TableData, contrast: Contrast) -> bool:
    """Return whether both sides of a contrast know the order of frames, or neither does."""
    return abs(sum(weight for name, weight in contrast if data.row(name).row.knows_order)) < 1e-9


def _key(data: TableData, measured: Difference) -> object:
    """Return what two differences of the same runs have in common, whichever way round they are written."""
    seed = measured.seeds[0]
    terms = [(data.row(name).results[seed].run_id, round(weight, 6)) for name, weight in measured.contrast]
    return frozenset({frozenset(terms), frozenset((run, -weight) for run, weight in terms)})


def _mean_distance(values: Sequence[tuple[float, float]]) -> str:
    return f"{sum(abs(one - other) for one, other in values) / len(values):.1f}" if values else "n/a"


def _spearman(found: Sequence[Pair]) -> str:
    import pandas as pd

    if len(found) < 3:
        return "n/a"
    values = pd.DataFrame({"measured": [p.measured.value for p in found], "paper": [p.paper for p in found]})
    return f"{float(values.rank().corr().to_numpy()[0, 1]):.2f}"
