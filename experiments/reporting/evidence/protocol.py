"""Which claims were frozen when: ``python -m experiments.report --freeze`` adds those of today to the protocol.

``results/protocol.csv`` holds a digest of every claim and the time at which it was written down. A claim that is
younger than a run it reads could have been made to fit, so the report marks it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from experiments.study.claims import Claim
from experiments.study.rows import Table
from gta import files
from gta.errors import UserError

PATH = Path(__file__).parents[3] / "results" / "protocol.csv"
FIELDS = ("table", "claim", "kind", "tested", "digest", "frozen")


@dataclass(frozen=True)
class Frozen:
    """A line of the protocol."""

    digest: str
    frozen: datetime


def kind(claim: Claim) -> str:
    """Return how a claim is analysed."""
    if claim.sanity:
        return "sanity check"
    return "equivalence" if claim.equivalence else "difference"


def digest(table: str, claim: Claim) -> str:
    """Return 12 hex digits over everything that decides how a claim comes out, and the paper's words."""
    content = [table, claim.name, claim.quote, claim.contrasts, claim.low, claim.high, kind(claim)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def read(path: Path = PATH) -> dict[tuple[str, str], Frozen]:
    """Return the protocol by table and name of the claim; empty when there is none yet.

    Raises:
        UserError: a line is not one of a protocol.
    """
    if not path.exists():
        return {}
    found: dict[tuple[str, str], Frozen] = {}
    for line in csv.DictReader(io.StringIO(path.read_text("utf-8"))):
        try:
            time = datetime.fromisoformat(line["frozen"])
            found[line["table"], line["claim"]] = Frozen(line["digest"], time.astimezone(UTC))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path}: {line} is no line of a protocol; expected {', '.join(FIELDS)}") from error
    return found


def frozen_before(
    protocol: Mapping[tuple[str, str], Frozen], table: str, claim: Claim, finished: Iterable[str]
) -> bool:
    """Return whether a claim stands in the protocol as it is, and has since before each of its runs was finished."""
    entry = protocol.get((table, claim.name))
    if entry is None or entry.digest != digest(table, claim):
        return False
    return all(entry.frozen <= datetime.fromisoformat(time).astimezone(UTC) for time in finished)


def render(tables: Iterable[Table], protocol: Mapping[tuple[str, str], Frozen], now: datetime) -> str:
    """Return the protocol with the claims of ``tables``: those that stand in it unchanged keep their time."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    for table in tables:
        for claim in table.claims:
            own, entry = digest(table.name, claim), protocol.get((table.name, claim.name))
            time = entry.frozen if entry is not None and entry.digest == own else now
            contrasts = "; ".join(_contrast(contrast) for contrast in claim.contrasts)
            line = {"table": table.name, "claim": claim.name, "kind": kind(claim)}
            line |= {"tested": f"{contrasts}: {claim.range}", "digest": own}
            writer.writerow(line | {"frozen": time.isoformat(timespec="seconds")})
    return out.getvalue()


def _contrast(contrast: Sequence[tuple[str, float]]) -> str:
    return " ".join(f"{weight:+.3g}*[{row}]" for row, weight in contrast)


def loose(tables: Iterable[Table], protocol: Mapping[tuple[str, str], Frozen]) -> list[str]:
    """Return the claims that do not stand in the protocol as they are."""
    return [
        f"{table.name}: {claim.name}"
        for table in tables
        for claim in table.claims
        if (entry := protocol.get((table.name, claim.name))) is None or entry.digest != digest(table.name, claim)
    ]


def freeze(tables: Iterable[Table]) -> Path:
    """Write the claims that are new or changed into the protocol, with the time."""
    files.write_text(PATH, render(tables, read(), datetime.now(UTC)))
    return PATH
