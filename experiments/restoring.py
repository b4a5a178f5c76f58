"""A checkpoint that cannot be taken up is one line that names it, whatever Lightning makes of its inner parts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from experiments.callbacks import RunLog
from experiments.memory import is_shortage
from gta.errors import UserError
from gta.tensor_files import shown


@contextlib.contextmanager
def restoring(path: Path | None, log: RunLog) -> Iterator[None]:
    """Name the checkpoint in an error that comes after a resume and before the end of the first step.

    Raises:
        UserError: such an error came.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # each part of a checkpoint fails in its own way
        if path is None or log.began or is_shortage(error):
            raise
        reason = f"{type(error).__name__}: {shown(error)}"
        raise UserError(f"{path} cannot be resumed from ({reason}); delete it to start anew") from error
