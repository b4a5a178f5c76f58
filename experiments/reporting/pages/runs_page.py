"""The runs behind all tables as text: ``runs.md``, how many there are, what they took and what they started from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from experiments.reporting.evidence.collect import TableData
from experiments.reporting.pages.frames import markdown
from experiments.store.result import Result
from gta.data.drawn.stills import STILL_TASKS

TITLE = "The runs of record"
STARTS = (
    "Every seed pre-trains each kind of backbone on drawn stills, and the rows of that kind start from it. Percent of "
    "unseen stills that it gets right, by what is asked, with the number of answers to choose from; the networks by "
    "their first row."
)


def render(study: Sequence[TableData]) -> str:
    """Return ``runs.md``; a run that several tables read counts once."""
    runs: dict[str, tuple[str, Result]] = {}
    for data in study:
        for name, result in data.trained:
            runs.setdefault(result.run_id, (name, result))
    results = [result for _, result in runs.values()]
    hours = sum(result.train_seconds for result in results) / 3600
    text = f"{len(results)} runs, {hours:.1f} hours of training on one core each, evaluation and pre-training apart."
    parts = [f"# {TITLE}", text, markdown(seeds_frame(results), 1)]
    starts = starts_frame(list(runs.values()))
    if len(starts):
        parts += ["## What they started from", STARTS, markdown(starts, 3)]
    return "\n\n".join(parts) + "\n"


def seeds_frame(results: Sequence[Result]) -> pd.DataFrame:
    """Return one line a seed; every cell is text."""
    lines = []
    for seed in sorted({result.seed for result in results}):
        own = [result for result in results if result.seed == seed]
        lines.append(
            {
                "seed": str(seed),
                "runs": str(len(own)),
                "hours of training": f"{sum(result.train_seconds for result in own) / 3600:.1f}",
                "first finished (UTC)": min(result.finished for result in own)[:16],
                "last finished (UTC)": max(result.finished for result in own)[:16],
                "processor": ", ".join(sorted({str(result.env.get("machine", {}).get("cpu")) for result in own})),
            }
        )
    return pd.DataFrame(lines, dtype="str")


def starts_frame(runs: Sequence[tuple[str, Result]]) -> pd.DataFrame:
    """Return one line for each file of pre-trained weights whose accuracy is known; every cell is text."""
    groups: dict[str, list[tuple[str, Result]]] = {}
    for name, result in runs:
        if result.env.get("pretraining_accuracy"):
            groups.setdefault(str(result.env["pretrained_sha256"]), []).append((name, result))
    lines = []
    for digest, own in groups.items():
        name, first = own[0]
        known = first.env["pretraining_accuracy"]
        line = {"network": name, "seed": str(first.seed), "weights": digest[:12], "runs": str(len(own))}
        line |= {f"{task} (of {count})": f"{known[task]:.0f}" for task, count in STILL_TASKS.items() if task in known}
        lines.append(line)
    frame = pd.DataFrame(lines, dtype="str")
    return frame.sort_values(["network", "seed"], kind="stable") if lines else frame
