"""How a number looks in a table: ``50.1 ± 0.3 (n=3)``; unknown ``n/a``, missing ``–``, failed ``†``."""

from __future__ import annotations

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.measure import Measure, RowData
from experiments.study.rows import Row

UNKNOWN = "n/a"
MISSING = "–"
FAILED = "†"
QUOTED = "quoted"


def measured(data: RowData, metric: str, digits: int = 1, scale: float = 1.0, seeds: bool = False) -> str:
    """Return the cell of a metric; ``seeds`` adds the number of seeds and the mark of failed ones."""
    nothing = _nothing(data, QUOTED if seeds else "")
    if nothing is not None:
        return nothing
    mark = f" {FAILED}" if data.failed and seeds else ""
    measure = data.measure(metric)
    return UNKNOWN if measure is None else spread(measure, digits, scale, seeds) + mark


def constant(data: RowData, metric: str, digits: int, scale: float = 1.0) -> str:
    """Return the cell of a mean alone, such as that of a figure that does not depend on the seed."""
    measure = data.measure(metric)
    if measure is not None:
        return f"{measure.mean * scale:.{digits}f}"
    return MISSING if data.runs else _nothing(data) or ""


def _nothing(data: RowData, quoted: str = "") -> str | None:
    """Return the cell of a row without figures, or None when it has some."""
    if data.row.quoted:
        return quoted
    if not data.runs:
        return UNKNOWN
    if not data.results:
        return FAILED if data.failed else MISSING
    return None


def spread(measure: Measure, digits: int = 1, scale: float = 1.0, seeds: bool = False, sign: bool = False) -> str:
    """Return ``mean ± std (n=seeds)``; one seed shows no ±."""
    form = f"{'+' if sign else ''}.{digits}f"
    text = f"{no_minus_zero(measure.mean * scale, digits):{form}}"
    if measure.std is not None:
        text += f" ± {measure.std * scale:.{digits}f}"
    return f"{text} (n={measure.n})" if seeds else text


def delta(data: TableData, row: RowData) -> str:
    """Return the cell of the difference in top-1 to the reference row; empty for that row itself."""
    if row is data.reference or row.row.quoted:
        return ""
    measure = row.delta(data.reference)
    if measure is None:
        return MISSING if row.runs and data.reference.runs else UNKNOWN
    own = len(row.results)
    return spread(measure, sign=True, seeds=measure.n != own)


def paper(row: Row, metric: str = "top1", digits: int = 1) -> str:
    """Return the figure that the paper printed; a dash where it prints one, ``n/a`` where its figure is lost."""
    if metric in row.paper:
        return f"{row.paper[metric]:.{digits}f}"
    return MISSING if row.quoted else UNKNOWN


def paper_delta(data: TableData, row: Row) -> str:
    """Return the paper's difference to the reference row."""
    if row is data.reference.row or row.quoted:
        return ""
    value = data.paper_delta(row)
    return UNKNOWN if value is None else f"{no_minus_zero(value, 1):+.1f}"


def no_minus_zero(value: float, digits: int) -> float:
    """Round so that no zero has a sign, and that halves come out alike however their sum was ordered."""
    return round(round(value, 8), digits) + 0.0
