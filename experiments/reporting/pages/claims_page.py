"""The claims as text: a section of every table's page, and ``claims.md`` and ``claims.csv`` over all tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from experiments.reporting.evidence.bootstrap import REPLICATES
from experiments.reporting.evidence.collect import TableData
from experiments.reporting.evidence.protocol import kind
from experiments.reporting.evidence.verdicts import DECIDED, MIN_SEEDS, SAME, Outcome, Verdict, holm, tests
from experiments.reporting.pages.claim_cells import (
    contrast_text,
    detectable_text,
    inside_text,
    joined,
    measured_text,
    paper_text,
    paper_values,
    seeds_text,
)
from experiments.reporting.pages.frames import markdown

METHOD = (
    f"Differences of top-1 in points, paired over clips and training seeds, with 95 % intervals from {REPLICATES:,} "
    "replicates (fixed seed): clips are drawn again (bootstrap, the same ones for every row); the seeds, too few to be "
    "drawn again, add Student's t. In simulations with two, three and five seeds these intervals held the truth in 95 "
    "to 99 % of the cases, whether seeds differed by nothing or by eight points. Two or three seeds are little, so an "
    "interval may be wide."
)
OUTCOMES = (
    "- Supported: the interval lies in the claimed range, for every difference that the claim is made of. That rows "
    "are about the same is tested by two one-sided tests at 5 %.\n"
    "- Contradicted: one of them lies outside of it (corrected for their number).\n"
    f"- Equivalent: a difference is claimed, but the rows are surely within {SAME:g} point of each other (two "
    "one-sided tests at 5 %: the 90 % interval lies within it, the printed 95 % one may not).\n"
    f"- Undecided: none of these, or fewer than {MIN_SEEDS} seeds.\n"
    "- Detectable: the smallest difference that would have been found with 80 % power, as seeds and clips of the shown "
    "one spread.\n"
    "- Sanity checks can hardly fail by construction; they are no tests of the paper.\n"
    "- Of several differences the least sure one is shown; of a contradicted claim the one that is most surely outside."
)
PICTURE = "![Difference and 95 % interval of every tested claim, coloured by verdict](claims.png)"
HOW = (
    "Differences of top-1 in points with 95 % intervals, of several the one that is least sure or fails; how they are "
    "tested, and the paper's own words: [claims.md](claims.md)."
)


def claims_frame(data: TableData) -> pd.DataFrame:
    """Return a table's claims as people read them; every cell is text."""
    lines = [
        {
            "claim": f"{verdict.claim.name} ({verdict.claim.range})" if verdict.claim.low else verdict.claim.name,
            "verdict": verdict.outcome.value,
            "measured": measured_text(verdict),
            "paper": paper_text(verdict.claim, data),
            "detectable": detectable_text(verdict),
            "test draw": verdict.test.outcome.value if verdict.test is not None else "",
            "seeds": seeds_text(verdict),
        }
        for verdict in data.verdicts
    ]
    frame = pd.DataFrame(lines, dtype="str")
    return frame if any(verdict.test is not None for verdict in data.verdicts) else frame.drop(columns="test draw")


def section(data: TableData) -> str:
    """Return the section of a table's page; empty without claims."""
    if not data.verdicts:
        return ""
    return "\n\n".join(["## What the paper says of it", markdown(claims_frame(data)), HOW])


def summary(found: Sequence[Verdict]) -> str:
    """Return how the claims came out, how many survive the correction for their number, and the sanity checks."""
    claims = [verdict for verdict in found if not verdict.claim.sanity]
    checks = [verdict for verdict in found if verdict.claim.sanity and len(verdict.seeds) >= MIN_SEEDS]
    counts = Counter(verdict.outcome for verdict in claims)
    parts = [f"{len(claims)} claims: " + ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome) + "."]
    tested = tests(found)
    if tested:
        differences = {(verdict.table, verdict.closest.contrast) for verdict in tested}
        decided = {(verdict.table, verdict.claim.name) for verdict in tested if verdict.outcome in DECIDED}
        parts.append(
            f"Each is tested at 5 %; of the {len(decided)} that are decided, {len(decided & holm(found))} survive "
            f"Holm's correction within their table. They rest on {len(differences)} different differences."
        )
    if checks:
        held = sum(verdict.outcome is Outcome.SUPPORTED for verdict in checks)
        parts.append(f"Apart from these, {held} of {len(checks)} sanity checks hold.")
    again = [verdict for verdict in tested if verdict.test is not None and verdict.outcome in DECIDED]
    if again:
        same = sum(verdict.test is not None and verdict.test.outcome is verdict.outcome for verdict in again)
        parts.append(f"On the test draw {same} of {len(again)} decided claims come out the same.")
    younger = sum(not verdict.frozen for verdict in found if verdict.tested)
    if younger:
        one = younger == 1
        parts.append(
            f"{younger} {'is' if one else 'are'} younger than a run that {'it reads' if one else 'they read'}, so "
            f"{'it' if one else 'they'} could have been made to fit."
        )
    return " ".join(parts)


def contradicted(found: Sequence[Verdict]) -> str:
    """Return the contradicted claims with their differences, in one sentence."""
    parts = [
        f"{verdict.claim.name} ({verdict.table.removeprefix('table_')}: {measured_text(verdict)})"
        for verdict in found
        if verdict.outcome is Outcome.CONTRADICTED and not verdict.claim.sanity
    ]
    return f"Contradicted: {'; '.join(parts)}." if parts else "No claim is contradicted."


def render_claims(tables: Sequence[TableData]) -> str:
    """Return ``claims.md``."""
    found = [verdict for data in tables for verdict in data.verdicts]
    profile = tables[0].profile
    where = f"`{profile.name}` ({profile.title})"
    if profile.data.drawn:
        where = f"drawn clips, {where}, not on the paper's data sets"
    parts = [
        "# The paper's claims, tested",
        f"**{summary(found)}**",
        contradicted(found),
        f"Measured on {where}.",
        *([PICTURE] if any(verdict.tested for verdict in found) else []),
        METHOD,
        OUTCOMES,
    ]
    if profile.name == "smoke":
        parts.insert(1, "**smoke: not a result.**")
    kept = holm(found)
    for data in tables:
        if not data.verdicts:
            continue
        names = " and ".join(filter(None, (data.table.paper_data, data.table.paper_data_2)))
        parts.append(f"## {data.table.title}\n\n`{data.table.name}`; the paper's figures are on {names}.")
        parts.append("\n".join(_item(data, verdict, kept) for verdict in data.verdicts))
    return "\n\n".join(parts) + "\n"


def claims_csv(tables: Sequence[TableData]) -> str:
    """Return ``claims.csv``, one line a claim; differences in points."""
    kept = holm([verdict for data in tables for verdict in data.verdicts])
    lines = []
    for data in tables:
        for verdict in data.verdicts:
            closest = verdict.closest if verdict.tested else None
            paper, second = paper_values(verdict.claim, data, "top1"), paper_values(verdict.claim, data, "v2_top1")
            line: dict[str, object] = {"table": data.table.name, "profile": data.profile.name}
            line |= {"claim": verdict.claim.name, "kind": kind(verdict.claim), "range": verdict.claim.range}
            line |= {"verdict": verdict.outcome.value}
            line |= {"difference": None, "low": None, "high": None, "detectable": None, "contrast": None, "p": None}
            if closest is not None:
                shown = ("difference", "low", "high", "detectable")
                line |= {name: round(getattr(closest, name), 2) for name in shown}
                line |= {"contrast": contrast_text(verdict.closest.contrast), "p": round(verdict.p, 4)}
            line |= {
                "survives_holm": (verdict.table, verdict.claim.name) in kept,
                "contrasts": len(verdict.claim.contrasts),
            }
            line |= {"seeds": " ".join(map(str, closest.seeds)) if closest else "", "clips": verdict.clips or None}
            line |= {
                "test_verdict": verdict.test.outcome.value if verdict.test is not None else None,
                "older_than_runs": verdict.frozen if verdict.tested else None,
                "paper": joined(paper),
                "paper_2": joined(second),
                "quote": verdict.claim.quote,
                "why": verdict.why,
            }
            lines.append(line)
    return str(pd.DataFrame(lines).to_csv(index=False, lineterminator="\n"))


def _item(data: TableData, verdict: Verdict, kept: set[tuple[str, str]]) -> str:
    claim = verdict.claim
    lines = [f"- **{claim.name}**: {verdict.outcome.value}"]
    if claim.sanity:
        lines[0] += f"; a sanity check: {claim.sanity}"
    if (verdict.table, claim.name) in kept and verdict.outcome in DECIDED:
        lines[0] += " (also after Holm)"
    if verdict.tested:
        seeds = f"{seeds_text(verdict)} seed{'' if seeds_text(verdict) == '1' else 's'}"
        lines.append(
            f"measured {measured_text(verdict)} (claimed {claim.range}; {seeds}, {verdict.clips:,} clips; "
            f"detectable {detectable_text(verdict)})"
        )
    if verdict.test is not None:
        lines.append(f"on the test draw {verdict.test.outcome.value}, {measured_text(verdict.test)}")
    if verdict.why:
        lines.append(verdict.why)
    if verdict.tested and not verdict.frozen:
        lines.append("younger than a run that it reads")
    lines.append(f"paper {paper_text(claim, data)}{inside_text(verdict, data)}: “{claim.quote}”")
    if claim.note:
        lines.append(f"{claim.note}")
    return "<br>\n  ".join(lines)
