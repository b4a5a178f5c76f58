"""The accuracies of a split, as counted from scores or read back from a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Accuracies:
    """Percentages over the clips of a split."""

    n_val: int
    """Clips."""
    top1: float
    top5: float | None
    """None where a result was written without it."""
    kinds: Mapping[str, float]
    """Top-1 among the clips whose template is of the kind; all classes compete."""
    pair_accuracy: float | None
    """Among clips of order pairs, with only the two templates of the pair competing; chance is 50."""

    def by_metric(self) -> dict[str, float | None]:
        """Return the percentages by the name of their metric; a kind is one."""
        return {"top1": self.top1, "top5": self.top5, "pair_accuracy": self.pair_accuracy, **self.kinds}
