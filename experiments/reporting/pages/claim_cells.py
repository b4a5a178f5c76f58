"""How a claim looks on a page: its difference, its interval, the paper's figure beside it."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.verdicts import Tested, Verdict
from experiments.reporting.pages.cells import UNKNOWN, no_minus_zero
from experiments.reporting.pages.frames import short
from experiments.study.claims import Claim, Contrast


def paper_text(claim: Claim, data: TableData) -> str:
    """Return the paper's own difference or the range of several, on its one or two data sets."""
    first, second = paper_values(claim, data, "top1"), paper_values(claim, data, "v2_top1")
    text = _span(first)
    if second is not None and data.table.paper_data_2 is not None:
        text += f"; {_span(second)} ({short(data.table.paper_data_2)})"
    return text


def measured_text(verdict: Verdict) -> str:
    """Return the difference with its interval, of several the one of :attr:`Verdict.closest`."""
    if not verdict.tested:
        return "–"
    text = interval_text(verdict.closest)
    return text if len(verdict.tested) == 1 else f"{text}, {contrast_text(verdict.closest.contrast)}"


def interval_text(tested: Tested) -> str:
    """Return a difference with its interval."""
    return f"{signed(tested.difference)} [{signed(tested.low)}, {signed(tested.high)}]"


def contrast_text(terms: Contrast) -> str:
    """Return a contrast as ``A - B``."""
    plus = _side([(row, weight) for row, weight in terms if weight > 0])
    minus = _side([(row, -weight) for row, weight in terms if weight < 0])
    return " − ".join([" + ".join(plus), *minus])


def _side(terms: Sequence[tuple[str, float]]) -> list[str]:
    """Return the rows of one sign; those that share a weight below one are a mean."""
    rows = [f"({row})" if "+" in row else row for row, _ in terms]
    return [f"mean of {', '.join(rows[:-1])} and {rows[-1]}"] if len(rows) > 1 and terms[0][1] < 1 else rows


def paper_difference(verdict: Verdict, data: TableData) -> float | None:
    """Return the paper's own figure of the contrast that is shown."""
    values = paper_values(verdict.claim, data, "top1")
    if values is None or not verdict.tested:
        return None
    return values[verdict.claim.contrasts.index(verdict.closest.contrast)]


def inside_text(verdict: Verdict, data: TableData) -> str:
    """Return whether the paper's own figure lies in the interval; empty when it prints none."""
    paper = paper_difference(verdict, data)
    if paper is None:
        return ""
    inside = verdict.closest.low <= paper <= verdict.closest.high
    which = "" if len(verdict.tested) == 1 else f" ({signed(paper)} of this difference)"
    return f"{which}, {'inside' if inside else 'outside'} the interval"


def detectable_text(verdict: Verdict) -> str:
    """Return the detectable difference of the contrast that is shown."""
    return f"{verdict.closest.detectable:.1f}" if verdict.tested else UNKNOWN


def seeds_text(verdict: Verdict) -> str:
    """Return how many seeds the contrast that is shown rests on."""
    return str(len(verdict.closest.seeds)) if verdict.tested else ""


def paper_values(claim: Claim, data: TableData, metric: str) -> tuple[float, ...] | None:
    """Return the paper's own figures of the contrasts of a claim; a ranked table has those of many papers."""
    if data.table.ranked:
        return None
    return claim.in_paper({row.name: row.paper[metric] for row in data.table.rows if metric in row.paper})


def _span(values: tuple[float, ...] | None) -> str:
    if values is None:
        return UNKNOWN
    low, high = signed(min(values)), signed(max(values))
    return low if len(values) == 1 else f"{low} to {high}"


def joined(values: tuple[float, ...] | None) -> str | None:
    """Return the figures of several contrasts for a cell."""
    return None if values is None else " ".join(signed(value) for value in values)


def signed(value: float) -> str:
    """Return points with their sign."""
    return f"{no_minus_zero(value, 1):+.1f}"
