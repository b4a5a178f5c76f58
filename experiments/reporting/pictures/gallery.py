"""Which pictures the report has, and what each is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from experiments.reporting.claims_page import claims_csv
from experiments.reporting.collect import TableData
from experiments.reporting.frames import numeric_frame
from experiments.reporting.pictures.curves import draw_curves, read_curves
from experiments.reporting.pictures.distinct import Distinct, distinct_rows
from experiments.reporting.pictures.forest import draw_forest
from experiments.reporting.pictures.matrices import draw_matrices, read_matrices
from experiments.reporting.pictures.style import Picture
from experiments.reporting.pictures.sweep import SWEEPS, draw_sweep
from experiments.reporting.pictures.table_picture import draw_table
from experiments.reporting.pictures.templates import draw_templates, read_templates
from experiments.reporting.pictures.tradeoff import draw_tradeoff
from experiments.reporting.verdicts import Verdict
from experiments.store import Store


def table_pictures(data: TableData, store: Store) -> list[Picture]:
    """Return the pictures of one table; none when nothing is measured."""
    if not data.results:
        return []
    name, title = data.table.name, data.table.title
    csv = str(numeric_frame(data).to_csv(index=False))
    found = [
        Picture(name, title, f"{title}: measured top-1 of every row beside the paper's", csv, partial(draw_table, data))
    ]
    if name in SWEEPS:
        alt = f"{title}: measured top-1 along the axis, and the paper's"
        found.append(Picture(f"{name}_sweep", title, alt, csv, partial(draw_sweep, data)))
    curves = read_curves(data, store)
    if curves:
        alt = f"{title}: validation top-1 of every row by epoch"
        source = f"{csv}\n{curves}"
        found.append(
            Picture(f"{name}_curves", f"{title}: training curves", alt, source, partial(draw_curves, data, curves))
        )
    return found


def whole_pictures(tables: Sequence[tuple[TableData, Sequence[Verdict]]], store: Store) -> list[Picture]:
    """Return the pictures over all tables of a profile."""
    found: list[Picture] = []
    if any(verdict.tested for _, verdicts in tables for verdict in verdicts):
        alt = "Difference and 95 % interval of every tested claim, coloured by verdict"
        found.append(Picture("claims", "The paper's claims", alt, claims_csv(tables), partial(draw_forest, tables)))
    rows = list(distinct_rows([data for data, _ in tables]))
    if rows:
        source = "\n".join(str(numeric_frame(data).to_csv(index=False)) for data, _ in tables)
        alt = "Top-1 of every measured row against its multiply-accumulates"
        found.append(Picture("tradeoff", "Accuracy against cost", alt, source, partial(draw_tradeoff, rows)))
        if tables[0][0].profile.data.drawing is not None:
            by_template = read_templates(rows, store)
            if by_template:
                alt = "Heat map of top-1 within each template, for every measured row"
                text = "\n".join(f"{entry.name} {values.round(6).tolist()}" for entry, values in by_template)
                found.append(
                    Picture("templates", "Accuracy by template", alt, text, partial(draw_templates, by_template))
                )
        found += _matrices(rows, store)
    return found


def _matrices(rows: Sequence[Distinct], store: Store) -> list[Picture]:
    """Return the global temporal weights of the first row whose runs have kept them, averaged over seeds."""
    for entry in rows:
        matrices = read_matrices(entry.row, store)
        if matrices:
            name = f"Global temporal weights |M| of {entry.name}"
            data = "drawn clips" if entry.table.profile.data.drawing is not None else entry.table.profile.title
            title = f"{name}, {data} ({entry.table.profile.name})"
            text = f"{title} { ({place: matrix.round(5).tolist() for place, matrix in matrices.items()}) }"
            alt = f"{name}: one square a block and path, output frames by input frames, darker is larger"
            return [Picture("matrices", name, alt, text, partial(draw_matrices, matrices, title))]
    return []
