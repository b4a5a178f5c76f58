"""From the store to tables and pictures; a pure function of the stored files.

For notebooks: :class:`~experiments.reporting.study.Study`, loaded when it is first used, so that a table in a terminal
does not wait for matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.reporting.study import Study

__all__ = ["Study"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name in __all__:
        return getattr(importlib.import_module("experiments.reporting.study"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
