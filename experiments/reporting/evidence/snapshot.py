"""A store whose files are read once: a report asks for the same run in many tables."""

from __future__ import annotations

from typing import Any

from experiments.store.result import Problem, Result
from experiments.store.store import Store


class Snapshot(Store):
    """What the runs below a results folder were when they were first asked for."""

    def __init__(self, store: Store) -> None:
        """Look at the folder of ``store``."""
        super().__init__(store.results)
        self._results: dict[str, Result | Problem | None] = {}
        self._configs: dict[str, dict[str, Any]] = {}
        self._seeds: dict[str, list[int]] = {}

    @classmethod
    def of(cls, store: Store) -> Snapshot:
        """Return ``store`` itself when it is a snapshot, or a new one."""
        return store if isinstance(store, Snapshot) else cls(store)

    def read(self, run_id: str) -> Result | Problem | None:
        """:meth:`Store.read`, once."""
        if run_id not in self._results:
            self._results[run_id] = super().read(run_id)
        return self._results[run_id]

    def config(self, run_id: str) -> dict[str, Any]:
        """:meth:`Store.config`, once; an error is not remembered."""
        if run_id not in self._configs:
            self._configs[run_id] = super().config(run_id)
        return self._configs[run_id]

    def seeds(self, profile: str) -> list[int]:
        """:meth:`Store.seeds`, once."""
        if profile not in self._seeds:
            self._seeds[profile] = super().seeds(profile)
        return self._seeds[profile]
