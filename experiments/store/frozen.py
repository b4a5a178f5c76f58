"""A store that does not change while it is read: every file is read once, however many tables ask for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

from experiments.store.result import Problem, Result
from experiments.store.store import Store

Value = TypeVar("Value")


class FrozenStore(Store):
    """What the runs below a results folder were when they were first asked for."""

    def __init__(self, results: Path) -> None:
        """Look at ``results``; nothing is read yet."""
        super().__init__(results)
        self._known: dict[tuple[Callable[..., Any], tuple[Hashable, ...]], Any] = {}

    @classmethod
    def of(cls, store: Store) -> FrozenStore:
        """Return ``store`` itself when it is frozen, or a frozen one of the same folder."""
        return store if isinstance(store, FrozenStore) else cls(store.results)

    def once(self, read: Callable[..., Value], *arguments: Hashable) -> Value:
        """Return ``read(*arguments)``, remembered under both; an error is not remembered."""
        key = read, arguments
        if key not in self._known:
            self._known[key] = read(*arguments)
        value: Value = self._known[key]
        return value

    def read(self, run_id: str) -> Result | Problem | None:
        """:meth:`Store.read`, once."""
        return self.once(super().read, run_id)

    def config(self, run_id: str) -> dict[str, Any]:
        """:meth:`Store.config`, once."""
        return self.once(super().config, run_id)

    def seeds(self, profile: str) -> list[int]:
        """:meth:`Store.seeds`, once."""
        return self.once(super().seeds, profile)
