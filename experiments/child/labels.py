"""Flat labels of a run for Weights & Biases, which knows nothing of the paper's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.study.plan import blocks_name, describe
from experiments.study.profiles import PROFILES
from experiments.study.rows import Row, Table
from experiments.tables import TABLES
from gta.config import RunConfig


@dataclass(frozen=True)
class Labels:
    """What a run is called and filed under."""

    name: str
    group: str
    tags: tuple[str, ...]
    config: dict[str, Any]
    """``row``, ``tables``, ``block``, ``backbone``, ``seed``, and ``paper_top1`` in percent or None."""
    job_type: str
    """``train`` for a run of a table, ``trial`` for one that no table reads."""
    notes: str
    """What the row is and what the paper has there, in a line."""


def labels(
    config: RunConfig, tables: Sequence[str] = (), rows: Sequence[str] = (), among: Iterable[Table] = TABLES.values()
) -> Labels:
    """Return the labels of a run: those of the tables and rows it is trained for, then of all others that use it.

    Args:
        config: the run.
        tables: names of the tables that it is trained for; the first is the group.
        rows: names of their rows; the first names the run.
        among: tables that may use it.
    """
    uses = sorted(_uses(config, among), key=lambda use: use[0] not in tables)  # the paper's number is that of the first
    tables = tuple(dict.fromkeys((*tables, *(table for table, _, _ in uses))))
    rows = tuple(dict.fromkeys((*rows, *(row.name for _, row, _ in uses))))
    block = blocks_name(config.model)
    row = rows[0] if rows else block
    paper_top1 = next((top1 for _, _, top1 in uses if top1 is not None), None)
    return Labels(
        name=f"{rows[0] if rows else config.id} · seed {config.seed}",
        group=tables[0] if tables else config.profile,
        tags=tuple(dict.fromkeys(tag[:64] for tag in (config.profile, *tables, *rows))),  # W&B takes no longer ones
        config={
            "row": row,
            "tables": list(tables),
            "block": block,
            "backbone": str(config.model.backbone),
            "seed": config.seed,
            "paper_top1": paper_top1,
        },
        job_type="train" if tables else "trial",
        notes=_notes(config, uses, paper_top1),
    )


def _notes(config: RunConfig, uses: Sequence[tuple[str, Row, float | None]], paper_top1: float | None) -> str:
    parts = [f"{row.name} of {table}" for table, row, _ in uses[:1]] + [describe(config)]
    if paper_top1 is not None:
        parts.append(f"the paper: {paper_top1:g} top-1")
    return "; ".join(parts)


def _uses(config: RunConfig, among: Iterable[Table]) -> Iterator[tuple[str, Row, float | None]]:
    """Return each table and row that reads the run, with what the paper printed there on the run's data set."""
    profile = PROFILES.get(config.profile)
    if profile is None:
        return
    for table in among:
        metric = "v2_top1" if table.paper_data_2 is not None and config.data.dataset == "ssv2" else "top1"
        for row in table.rows:
            for trained in row.trained if profile.runs(row) else ():
                if profile.resolve(trained, config.seed) == config:
                    yield table.name, trained, trained.paper.get(metric)
