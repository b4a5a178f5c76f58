"""Count the accuracies of finished runs again from their stored scores."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.reporting.collect import METRICS, collect
from experiments.result import Problem, Result
from experiments.store import Store
from experiments.study import Profile, Table

COUNTED = ("top1", "top5", "order", "pair_accuracy", "motion", "static")
TOLERANCE = 1e-6
"""In percent; the same numbers are counted from the same file, so that only rounding may differ."""


def recount_all(store: Store, tables: Sequence[Table], profiles: Sequence[Profile]) -> Iterator[Problem]:
    """Yield what is wrong with the results of the tables' runs."""
    seen: dict[str, Result] = {}
    for profile in profiles:
        for table in tables:
            seen |= {result.run_id: result for _, result in collect(table, profile, store).results}
    for result in seen.values():
        problem = recount(store.folder(result.run_id) / "scores.npz", result)
        if problem is not None:
            yield problem


def recount(path: Path, result: Result) -> Problem | None:
    """Return why ``result`` does not follow from the scores of its clips, or None when it does."""
    import numpy as np

    from gta.data.templates import TEMPLATES, kinds_and_partners
    from gta.evaluation import accuracies

    if not path.exists():
        return Problem(path, "the scores of a finished run are missing; commit them with its result.json")
    try:
        with np.load(path, allow_pickle=False) as stored:
            scores, labels, ids = stored["scores"], stored["labels"], stored["clip_ids"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return Problem(path, f"unreadable: {error}")
    if len(set(ids.tolist())) != result.n_val:
        return Problem(path, f"holds {len(set(ids.tolist()))} clips, result.json says {result.n_val}")
    names = sorted(template.name for template in TEMPLATES)
    found = accuracies(scores, labels, *(kinds_and_partners(names) if result.kinds else ((), None)))
    counted = {"top1": found.top1, "top5": found.top5, "pair_accuracy": found.pair_accuracy, **found.kinds}
    for name in COUNTED:
        said, own = METRICS[name](result), counted.get(name)
        if (said is None) != (own is None) or not math.isclose(said or 0, own or 0, abs_tol=TOLERANCE):
            return Problem(path, f"gives {name} {own}, result.json says {said}")
    return None
