"""The claims as text: a section of every table's page, and ``claims.md`` and ``claims.csv`` over all tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.claims import Claim
from experiments.reporting.bootstrap import REPLICATES
from experiments.reporting.cells import UNKNOWN, no_minus_zero
from experiments.reporting.collect import TableData
from experiments.reporting.frames import markdown, short
from experiments.reporting.verdicts import MIN_SEEDS, Outcome, Tested, Verdict, holm

if TYPE_CHECKING:
    import pandas as pd

METHOD = (
    f"Differences of top-1 in points, paired over clips and training seeds, with 95 % intervals from {REPLICATES:,} "
    "replicates (fixed seed): clips are drawn again (bootstrap, the same ones for every row); the seeds, too few to be "
    "drawn again, add Student's t. In simulations with two, three and five seeds these intervals held the truth in 95 "
    "to 99 % of the cases, whether seeds differed by nothing or by eight points. Two or three seeds are little, so an "
    "interval may be wide. Supported: the interval lies in the claimed range, for every difference that the claim is "
    "made of. Contradicted: one of them lies outside of it (corrected for their number). Undecided: neither, or fewer "
    f"than {MIN_SEEDS} seeds. Of several differences the least sure one is shown; of a contradicted claim the one that "
    "is most surely outside."
)
HOW = (
    "Differences of top-1 in points with 95 % intervals, of several the one that is least sure or fails; how they are "
    "tested, and the paper's own words: [claims.md](claims.md)."
)


def claims_frame(data: TableData, found: Sequence[Verdict]) -> pd.DataFrame:
    """Return a table's claims as people read them; every cell is text."""
    import pandas as pd

    lines = [
        {
            "claim": f"{verdict.claim.name} ({verdict.claim.range})" if verdict.claim.low else verdict.claim.name,
            "verdict": verdict.outcome.value,
            "measured": measured_text(verdict),
            "paper": paper_text(verdict.claim, data),
            "seeds": str(len(verdict.seeds)) if verdict.tested else "",
        }
        for verdict in found
    ]
    return pd.DataFrame(lines, dtype="str")


def section(data: TableData, found: Sequence[Verdict]) -> str:
    """Return the section of a table's page; empty without claims."""
    if not found:
        return ""
    return "\n\n".join(["## What the paper says of it", markdown(claims_frame(data, found)), HOW])


def summary(found: Sequence[Verdict]) -> str:
    """Return how many claims there are, how they came out and how many survive the correction for their number."""
    counts = Counter(verdict.outcome for verdict in found)
    tested = [verdict for verdict in found if verdict.tested and len(verdict.seeds) >= MIN_SEEDS]
    differences = {(verdict.table, verdict.closest.contrast) for verdict in tested}
    decided = {(v.table, v.claim.name) for v in tested if v.outcome in (Outcome.SUPPORTED, Outcome.CONTRADICTED)}
    text = f"{len(found)} claims: " + ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome)
    if not tested:
        return f"{text}."
    return (
        f"{text}. {len(tested)} are tested, each at 5 %; of the {len(decided)} that are decided, "
        f"{len(decided & holm(found))} survive Holm's correction for {len(tested)} tests. "
        f"Claims overlap: they share rows and runs, and rest on {len(differences)} different differences."
    )


def contradicted(found: Sequence[Verdict]) -> str:
    """Return the contradicted claims with their differences, in one sentence."""
    parts = [
        f"{verdict.claim.name} ({verdict.table.removeprefix('table_')}: {measured_text(verdict)})"
        for verdict in found
        if verdict.outcome is Outcome.CONTRADICTED
    ]
    return f"Contradicted: {'; '.join(parts)}." if parts else "No claim is contradicted."


def render_claims(tables: Sequence[tuple[TableData, Sequence[Verdict]]]) -> str:
    """Return ``claims.md``."""
    found = [verdict for _, verdicts in tables for verdict in verdicts]
    profile = tables[0][0].profile
    where = f"`{profile.name}` ({profile.title})"
    if profile.data.drawing is not None:
        where = f"drawn clips, {where}, not on the paper's data sets"
    parts = [
        "# The paper's claims, tested",
        f"**{summary(found)}**",
        contradicted(found),
        f"Measured on {where}.",
        METHOD,
    ]
    if profile.name == "smoke":
        parts.insert(1, "**smoke: not a result.**")
    kept = holm(found)
    for data, verdicts in tables:
        if not verdicts:
            continue
        names = " and ".join(filter(None, (data.table.paper_data, data.table.paper_data_2)))
        parts.append(f"## {data.table.title}\n\n`{data.table.name}`; the paper's figures are on {names}.")
        parts.append("\n".join(_item(data, verdict, kept) for verdict in verdicts))
    return "\n\n".join(parts) + "\n"


def claims_csv(tables: Sequence[tuple[TableData, Sequence[Verdict]]]) -> str:
    """Return ``claims.csv``, one line a claim; differences in points."""
    import pandas as pd

    kept = holm([verdict for _, verdicts in tables for verdict in verdicts])
    lines = []
    for data, verdicts in tables:
        for verdict in verdicts:
            closest = verdict.closest if verdict.tested else None
            paper, second = _paper_values(verdict.claim, data, "top1"), _paper_values(verdict.claim, data, "v2_top1")
            line: dict[str, object] = {"table": data.table.name, "profile": data.profile.name}
            line |= {"claim": verdict.claim.name, "range": verdict.claim.range, "verdict": verdict.outcome.value}
            line |= {"difference": None, "low": None, "high": None, "contrast": None, "p": None}
            if closest is not None:
                line |= {name: round(getattr(closest, name), 2) for name in ("difference", "low", "high")}
                line |= {"contrast": contrast_text(verdict), "p": round(verdict.p, 4)}
            line |= {
                "survives_holm": (verdict.table, verdict.claim.name) in kept,
                "contrasts": len(verdict.claim.contrasts),
            }
            line |= {"seeds": " ".join(map(str, verdict.seeds)), "clips": verdict.clips or None}
            line |= {
                "paper": _joined(paper),
                "paper_2": _joined(second),
                "quote": verdict.claim.quote,
                "why": verdict.why,
            }
            lines.append(line)
    return str(pd.DataFrame(lines).to_csv(index=False, lineterminator="\n"))


def paper_text(claim: Claim, data: TableData) -> str:
    """Return the paper's own difference or the range of several, on its one or two data sets."""
    first, second = _paper_values(claim, data, "top1"), _paper_values(claim, data, "v2_top1")
    text = _span(first)
    if second is not None and data.table.paper_data_2 is not None:
        text += f"; {_span(second)} ({short(data.table.paper_data_2)})"
    return text


def measured_text(verdict: Verdict) -> str:
    """Return the difference with its interval, of several the one of :attr:`Verdict.closest`."""
    if not verdict.tested:
        return "–"
    text = interval_text(verdict.closest)
    return text if len(verdict.tested) == 1 else f"{text}, {contrast_text(verdict)}"


def interval_text(tested: Tested) -> str:
    """Return a difference with its interval."""
    return f"{_signed(tested.difference)} [{_signed(tested.low)}, {_signed(tested.high)}]"


def contrast_text(verdict: Verdict) -> str:
    """Return the closest contrast as ``A - B``."""
    terms = verdict.closest.contrast
    plus = _side([(row, weight) for row, weight in terms if weight > 0])
    minus = _side([(row, -weight) for row, weight in terms if weight < 0])
    return " − ".join([" + ".join(plus), *minus])


def _side(terms: Sequence[tuple[str, float]]) -> list[str]:
    """Return the rows of one sign; those that share a weight below one are a mean."""
    rows = [f"({row})" if "+" in row else row for row, _ in terms]
    return [f"mean of {', '.join(rows[:-1])} and {rows[-1]}"] if len(rows) > 1 and terms[0][1] < 1 else rows


def _item(data: TableData, verdict: Verdict, kept: set[tuple[str, str]]) -> str:
    claim = verdict.claim
    lines = [f"- **{claim.name}**: {verdict.outcome.value}"]
    if (verdict.table, claim.name) in kept and verdict.outcome is not Outcome.UNDECIDED:
        lines[0] += " (also after Holm)"
    if verdict.tested:
        seeds = f"{len(verdict.seeds)} seed{'' if len(verdict.seeds) == 1 else 's'}"
        lines.append(f"measured {measured_text(verdict)} (claimed {claim.range}; {seeds}, {verdict.clips:,} clips)")
    if verdict.why:
        lines.append(verdict.why)
    lines.append(f"paper {paper_text(claim, data)}: “{claim.quote}”")
    if claim.note:
        lines.append(f"{claim.note}")
    return "<br>\n  ".join(lines)


def _paper_values(claim: Claim, data: TableData, metric: str) -> tuple[float, ...] | None:
    return claim.in_paper({row.name: row.paper[metric] for row in data.table.rows if metric in row.paper})


def _span(values: tuple[float, ...] | None) -> str:
    if values is None:
        return UNKNOWN
    low, high = _signed(min(values)), _signed(max(values))
    return low if len(values) == 1 else f"{low} to {high}"


def _joined(values: tuple[float, ...] | None) -> str | None:
    return None if values is None else " ".join(_signed(value) for value in values)


def _signed(value: float) -> str:
    return f"{no_minus_zero(value, 1):+.1f}"
