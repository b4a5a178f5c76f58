"""The Markdown page of a table: what was measured on what, the table, its notes and where every number comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

import pandas as pd

from experiments.reporting.evidence.collect import TableData, environment, is_derived
from experiments.reporting.evidence.measure import RowData
from experiments.reporting.pages import cells
from experiments.reporting.pages.claims_page import section
from experiments.reporting.pages.frames import KIND_COLUMNS, first_figure, formatted_frame, markdown, measured_on
from experiments.reporting.pages.frames import parts as split
from experiments.reporting.pages.ranking_page import ranking_section
from gta.data.drawn.templates import KINDS, TEMPLATES


class Shown(NamedTuple):
    """What a page says of a picture that lies beside it."""

    name: str
    """File name without suffix."""
    title: str
    alt: str


def render(data: TableData, pictures: Sequence[Shown] = ()) -> str:
    """Return the page with the verdicts on the table's claims and its pictures; equal stores give equal pages."""
    frame = formatted_frame(data)
    accuracy, rest = split(frame)
    parts = [f"# {data.table.title}", subject(data), markdown(accuracy), legend(data)]
    if data.table.notes:
        parts.append("\n".join(f"- {note}" for note in data.table.notes))
    parts += [code(data), "By kind of clip, and cost:", markdown(rest, first_figure(frame)), second_legend(data)]
    parts += filter(None, (_pictures(pictures), ranking_section(data), section(data)))
    if data.problems:
        parts.append("## Left out\n\n" + "\n".join(f"- {problem}" for problem in data.problems))
    parts.append(_provenance(data))
    return "\n\n".join(parts) + "\n"


def _pictures(pictures: Sequence[Shown]) -> str:
    """Return the first picture and links to the others; empty without any."""
    if not pictures:
        return ""
    first, *others = pictures
    more = ", ".join(f"[{picture.title}]({picture.name}.png)" for picture in others)
    return f"![{first.alt}]({first.name}.png)" + (f"\n\nFurther pictures: {more}." if more else "")


def command(data: TableData) -> str:
    """Return the command that makes the table: with the seeds that all its measured rows have."""
    seeds = ",".join(map(str, _common_seeds(data) or data.seeds)) or "0"
    return f"python -m experiments.run {data.table.name} --profile {data.profile.name} --seeds {seeds}"


def _common_seeds(data: TableData) -> list[int]:
    measured = [set(row.results) for row in data.rows if row.results]
    return sorted(set.intersection(*measured)) if measured else []


def subject(data: TableData) -> str:
    """Return on what the table was measured, marked when it is no result."""
    text = measured_on(data)
    return f"**smoke: not a result.** {text}" if data.profile.name == "smoke" else text


def code(data: TableData) -> str:
    """Return where the rows are written down, as Markdown from a page in ``results/<profile>``."""
    path = f"experiments/tables/{data.table.name}.py"
    return f"Rows and claims: [{path}](../../{path}); blocks: [gta/blocks](../../gta/blocks)."


def legend(data: TableData) -> str:
    """Return how the table of accuracies is read, in paragraphs."""
    lines = [
        "Top-1 in percent, mean ± sample standard deviation over n seeds. "
        f"Δ: difference to `{data.table.reference}`, paired over seeds. "
        f"{cells.MISSING} not there, {cells.UNKNOWN} not known or not defined, {cells.FAILED} a run failed."
    ]
    lines += filter(None, (more_seeds(data), mixed_precision(data)))
    if any(row.row.quoted for row in data.rows):
        lines.append(f"{cells.QUOTED}: a figure that the paper quotes from other work; nothing is run for it.")
    lines.extend(_ensembles(data))
    if data.profile.data.drawn:
        split_names = sorted({row.row.split for row in data.rows if row.results}) or ["validation"]
        lines.append(
            "Within pair: only the two templates of an order pair compete; chance is 50. ± is the spread over seeds "
            f"alone: all runs share the {' and '.join(split_names)} clips, {_shared(data)}. Other clips would move a "
            f"figure with a standard error of {_standard_errors(data)}."
        )
    for row in data.rows:
        for seed, error in row.failed.items():
            lines.append(f"{cells.FAILED} {row.row.name}, seed {seed}: {_short(error)}")
    return "\n\n".join(lines)


def second_legend(data: TableData) -> str:
    """Return how the table of kinds and cost is read."""
    if not data.profile.data.drawn:
        return "Parameters and MACs are those of one view; the paper's beside them."
    kinds = ", ".join(title for title in KIND_COLUMNS.values() if title != "within pair")
    return (
        f"{kinds[0].upper()}{kinds[1:]}: top-1 within the clips of that kind. Parameters and MACs are those of the "
        "narrow network, for one clip of the row's frames; the paper's are those of its own."
    )


def _ensembles(data: TableData) -> Iterator[str]:
    for row in data.rows:
        views, members = row.row.views, row.row.trained
        several = len(members) > 1 or (views is not None and views.clips * views.crops > 1)
        if not (is_derived(row.row) and row.results and several):
            continue
        each = (
            "" if views is None else f"{', each' * (len(members) > 1)} over {views.clips} clips x {views.crops} crops"
        )
        names = [f"{member.name}{_alone(row, place)}" for place, member in enumerate(members)]
        added = "; parameters and MACs (of one view) added up" if len(members) > 1 else ""
        where = f"on the {row.row.split} clips{added}"
        averaged = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        yield f"{row.row.name}: class probabilities of {averaged} averaged{each}, {where}."


def _alone(row: RowData, place: int) -> str:
    """Return the top-1 of a member of an average by itself, of one view of the validation clips."""
    if len(row.row.trained) == 1:
        return ""
    values = [members[place].accuracies.top1 for members in row.members.values()]
    return f" (alone {fmean(values):.1f} on the validation clips)"


def _shared(data: TableData) -> str:
    if data.profile.own_draws:
        return "while every seed has training clips and pre-trained weights of its own"
    return "and those that were made on one machine the pre-trained weights of their backbone"


def _standard_errors(data: TableData) -> str:
    """Return the binomial standard errors, in points, of the clips of each kind at 50 % and at 85 %."""
    drawing = data.profile.data.drawing
    assert drawing is not None
    evaluated = max((result.accuracies.n_val for _, result in data.results), default=0)
    clips = evaluated // len(TEMPLATES) or drawing.validation_per_template
    parts = []
    for name, kinds in (("top-1", KINDS), ("order pairs", ("order",)), ("motion and static", ("motion",))):
        count = clips * sum(template.kind in kinds for template in TEMPLATES)
        low, high = (100 * (p * (1 - p) / count) ** 0.5 for p in (0.85, 0.5))
        parts.append(f"{low:.1f} to {high:.1f} points ({name}, {count:,} clips)")
    return ", ".join(parts)


def run_frame(data: TableData) -> pd.DataFrame:
    """Return the trained runs behind a table, one line each."""
    lines = [
        {
            "row": name,
            "seed": str(result.seed),
            "run": result.run_id,
            "commit": result.git[:12] + (" + changes" if result.env.get("dirty") else ""),
            "finished (UTC)": result.finished[:19],
            "seconds": f"{result.train_seconds:.0f}",
        }
        for name, result in data.trained
    ]
    return pd.DataFrame(lines, dtype="str")


def facts(data: TableData) -> list[str]:
    """Return what the runs have in common, and how many have what they do not."""
    found = []
    for name, counts in environment(data).items():
        if len(counts) == 1:
            found.append(f"{name}: {next(iter(counts))}")
        else:
            found.extend(f"{name} ({counts[value]} runs): {value}" for value in sorted(counts))
    return found


def more_seeds(data: TableData) -> str:
    """Return what to know of rows with different seeds; empty when all have the same."""
    if len({tuple(sorted(row.results)) for row in data.rows if row.results}) < 2:
        return ""
    return "Not all rows have the same seeds; a difference is one of the seeds that both rows have."


def mixed_precision(data: TableData) -> str:
    """Return which runs were computed in another precision than most; empty when all are alike."""
    own = {result.run_id: str(result.env.get("precision", "n/a")) for _, result in data.trained}
    (most, _), *rest = Counter(own.values()).most_common() or [("", 0)]
    if not rest:
        return ""
    others = [f"{run} ({precision})" for run, precision in own.items() if precision != most]
    return f"Most runs were computed in {most}, these were not: {', '.join(others)}. One study uses one precision."


def _provenance(data: TableData) -> str:
    lines = ["## Where the numbers come from", f"    {command(data)}"]
    if 0 < len(_common_seeds(data)) < len(data.seeds):
        lines.append(
            "These are the seeds that all measured rows have; the runs below are those of all seeds that a row has."
        )
    if data.trained:
        lines.append(str(run_frame(data).to_markdown(index=False, disable_numparse=True)))
        lines.append("\n".join(f"- {fact}" for fact in facts(data)))
    else:
        lines.append("No finished run yet.")
    return "\n\n".join(lines)


def _short(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
