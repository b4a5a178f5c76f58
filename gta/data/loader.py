"""The loader of every split: damage is counted where the batches arrive, and a worker's mistake stays one line."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, cast

from torch.utils.data import DataLoader

from gta.data.dataset import Batch
from gta.data.sets.damage import Damage
from gta.errors import UserError


class ClipLoader(DataLoader[Batch]):
    """A loader of :class:`~gta.data.dataset.ClipDataset`."""

    damage: Damage | None = None
    """Told what each batch had to replace; that tensor goes no further."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        """Yield batches."""
        try:
            for batch in super().__iter__():
                unreadable = cast(dict[str, Any], batch).pop("replaced", None)
                if unreadable is not None and self.damage is not None:
                    self.damage.note(unreadable.tolist())
                yield batch
        except UserError as error:
            raise UserError(_own_line(str(error))) from error


def _own_line(message: str) -> str:
    """Return the message of an error; torch wraps that of a worker in the worker's traceback."""
    lines = message.strip().splitlines()
    if len(lines) < 2:
        return message
    return lines[-1].partition("Error: ")[2] or lines[-1]


def freeze(_worker: int) -> None:
    """The loader's ``worker_init_fn``: the collector leaves alone what the worker shares with its parent."""
    gc.freeze()


def keep(batch: Any) -> Batch:  # noqa: ANN401 - torch types a collate_fn's argument as a list
    """The loader's ``collate_fn``: :meth:`ClipDataset.__getitems__` has made the batch already."""
    return cast(Batch, batch)
