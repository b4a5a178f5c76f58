"""Which pictures the report has, and what each is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from experiments.reporting.evidence.agreement import pairs
from experiments.reporting.evidence.collect import TableData
from experiments.reporting.pages import agreement_page
from experiments.reporting.pages.claims_page import claims_csv
from experiments.reporting.pages.frames import numeric_frame
from experiments.reporting.pictures.agreement_picture import draw_agreement
from experiments.reporting.pictures.by_template import draw_kinds, draw_templates, read_templates
from experiments.reporting.pictures.curves import SOME, draw_curves, draw_lines, read_curves, run_curve
from experiments.reporting.pictures.distinct import Distinct, distinct_rows
from experiments.reporting.pictures.forest import draw_forest
from experiments.reporting.pictures.lengths import TITLE as LENGTHS
from experiments.reporting.pictures.lengths import draw_lengths, read_lengths
from experiments.reporting.pictures.looks import (
    ATTENTION,
    describe,
    draw_attention,
    draw_regions,
    first_looks,
    same_clips,
)
from experiments.reporting.pictures.matrices import draw_matrices, read_matrices, stored_matrices
from experiments.reporting.pictures.style import Picture
from experiments.reporting.pictures.sweep import SWEEPS, draw_sweep
from experiments.reporting.pictures.table_picture import draw_table, where
from experiments.reporting.pictures.tradeoff import draw_tradeoff
from experiments.store.result import Result
from experiments.store.run_files import MATRICES
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta.explain.looks import Looks


def table_pictures(data: TableData) -> list[Picture]:
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
        found.append(Picture(f"{name}_sweep", f"{title}: along the axis", alt, csv, partial(draw_sweep, data)))
    if data.table.ranked:
        alt = f"{title}: top-1 of every measured row against its multiply-accumulates"
        rows = list(distinct_rows([data]))
        found.append(Picture(f"{name}_cost", f"{title}: cost", alt, csv, partial(draw_tradeoff, rows, name)))
    curves = read_curves(data)
    if curves:
        alt = f"{title}: validation top-1 of every row by epoch"
        source = f"{csv}\n{curves}"
        found.append(
            Picture(f"{name}_curves", f"{title}: training curves", alt, source, partial(draw_curves, data, curves))
        )
    return found


def whole_pictures(tables: Sequence[TableData], store: Store) -> list[Picture]:
    """Return the pictures over all tables of a profile."""
    found: list[Picture] = []
    if any(verdict.tested for data in tables for verdict in data.verdicts):
        alt = "Difference and 95 % interval of every tested claim, coloured by verdict"
        found.append(Picture("claims", "The paper's claims", alt, claims_csv(tables), partial(draw_forest, tables)))
    sizes = pairs(tables, store)
    if sizes:
        alt = "Every measured difference of rows against the one that the paper prints, with its interval"
        source = str(agreement_page.frame(sizes).to_csv(index=False))
        found.append(
            Picture("agreement", agreement_page.TITLE, alt, source, partial(draw_agreement, sizes, where(tables[0])))
        )
    rows = list(distinct_rows(tables))
    if rows:
        source = "\n".join(str(numeric_frame(data).to_csv(index=False)) for data in tables)
        alt = "Top-1 of every measured row against its multiply-accumulates"
        found.append(Picture("tradeoff", "Accuracy against cost", alt, source, partial(draw_tradeoff, rows)))
        if tables[0].profile.data.drawn:
            by_template = read_templates(rows, store)
            if by_template:
                alt = "Heat map of top-1 within each template, for every measured row"
                text = "\n".join(f"{entry.name} {values.round(6).tolist()}" for entry, values in by_template)
                found.append(
                    Picture(
                        "templates",
                        "Accuracy by template",
                        alt,
                        text,
                        partial(draw_templates, by_template),
                        follows=False,
                    )
                )
        lengths, seeds = read_lengths(store.results / tables[0].profile.name / "probes.csv")
        if lengths:
            alt = "Top-1 of a row of each family of the paper after trainings of 2, 4 and 8 epochs"
            drawn = partial(draw_lengths, lengths, seeds, f"{where(tables[0])}, tune draw")
            found.append(Picture("lengths", LENGTHS, alt, str(lengths), drawn))
        found += _matrices(rows, store) + _regions(rows, store) + _attention(rows, store)
    return found


def run_pictures(result: Result, store: Store) -> list[Picture]:
    """Return the pictures of one run, as far as it has kept what they show."""
    folder, name = store.folder(result.run_id), row_name(result)
    where = f"{name}, seed {result.seed} ({result.profile}, run {result.run_id})"
    drawn: list[tuple[str, str, Callable[[str], Figure]]] = []
    matrices = stored_matrices(folder / MATRICES, result)
    if matrices:
        drawn.append(("matrices", "Global temporal weights |M|", partial(draw_matrices, matrices)))
    looks = first_looks([(folder, result)])
    if looks is not None and "regions" in looks.maps:
        drawn.append(("regions", f"Regions of {looks.place}", partial(draw_regions, looks)))
    if looks is not None and set(looks.maps) & set(ATTENTION):
        drawn.append(("attention", f"Attention of {looks.place}", partial(draw_attention, [(name, looks)])))
    curve = run_curve(result)
    if curve:
        label = f"validation top-1 (%){SOME if result.accuracies.kinds else ''}"
        drawn.append(("curve", "Training curve", partial(draw_lines, [(name, curve)], label)))
    if result.accuracies.kinds:
        drawn.append(("kinds", "Top-1 by kind of template", partial(draw_kinds, result)))
    return [
        Picture(f"{result.run_id}-{name}", f"{what}, {where}", what, "", partial(draw, f"{what}, {where}"))
        for name, what, draw in drawn
    ]


def row_name(result: Result) -> str:
    """Return the name of the first row of any table that a run belongs to, or its id when no row has it."""
    profile = PROFILES.get(result.profile)
    for table in TABLES.values() if profile else ():
        for row in table.rows:
            for trained in row.trained if profile and profile.runs(row) else ():
                if profile and profile.resolve(trained, result.seed).id == result.run_id:
                    return trained.name
    return result.run_id


def _matrices(rows: Sequence[Distinct], store: Store) -> list[Picture]:
    """Return the global temporal weights of the first row whose runs have kept them, averaged over seeds."""
    for entry in rows:
        matrices, kept = read_matrices(entry.row, store)
        if matrices:
            name = f"Global temporal weights |M| of {entry.name}"
            seeds = f"mean over the seeds {', '.join(map(str, kept))} that kept them" if len(kept) > 1 else "one seed"
            title = f"{name}, {seeds}, {_clips(entry)}"
            text = f"{title} { ({place: matrix.round(5).tolist() for place, matrix in matrices.items()}) }"
            alt = f"{name}: one square a block and path, output frames by input frames, darker is larger"
            drawn = partial(draw_matrices, matrices, title)
            return [Picture("matrices", name, alt, text, drawn, follows=False)]
    return []


def _regions(rows: Sequence[Distinct], store: Store) -> list[Picture]:
    """Return the regions of the first row with Region GTA whose runs have kept looks."""
    for entry in rows:
        looks = first_looks(_folders(entry, store))
        if looks is not None and "regions" in looks.maps:
            name = f"Regions of Region GTA over the frames: {entry.name}, {looks.place}"
            title = f"{name}, {_clips(entry)}"
            alt = f"{name}: frames of three clips and where two regions lie in each"
            drawn = partial(draw_regions, looks, title)
            return [Picture("regions", name, alt, f"{title} {describe(looks)}", drawn, palette=False)]
    return []


def _attention(rows: Sequence[Distinct], store: Store) -> list[Picture]:
    """Return the attention of the first row with joint attention and of the first whose projections can be swapped."""
    found: dict[str, tuple[Distinct, Looks]] = {}
    for entry in rows:
        looks = first_looks(_folders(entry, store))
        for kind in ("nl", "temporal_swapped"):
            if looks is not None and kind in looks.maps:
                found.setdefault(kind, (entry, looks))
    shown = [found[kind] for kind in ("nl", "temporal_swapped") if kind in found]
    if not shown or not same_clips([looks for _, looks in shown]):
        return []
    names = " and ".join(entry.name for entry, _ in shown)
    title = f"Attention of one query in {names}, {shown[0][1].place}, {_clips(shown[0][0])}"
    alt = f"{title}: maps over the frames, temporal weights, and both with swapped projections"
    source = "\n".join([title, *(describe(looks) for _, looks in shown)])
    drawn = partial(draw_attention, [(entry.name, looks) for entry, looks in shown], title)
    return [Picture("attention", f"Attention of one query in {names}", alt, source, drawn, palette=False)]


def _folders(entry: Distinct, store: Store) -> list[tuple[Path, Result]]:
    """Return the folders and the results of a row's runs, by seed."""
    members = entry.row.members
    return [(store.folder(result.run_id), result) for seed in sorted(members) for result in members[seed]]


def _clips(entry: Distinct) -> str:
    profile = entry.table.profile
    return f"drawn clips ({profile.name})" if profile.data.drawn else f"{profile.title} ({profile.name})"
