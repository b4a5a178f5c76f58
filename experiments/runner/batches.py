"""How a batch is shared out, so that neither the number of devices nor their memory changes the recipe."""

from __future__ import annotations

from experiments.runner.child_options import ChildOptions
from gta.config import RunConfig
from gta.errors import UserError
from gta.variables import read_variables


def share(config: RunConfig, processes: int) -> int:
    """Return the clips of a batch that each of ``processes`` computes.

    Raises:
        UserError: they do not divide the batch.
    """
    batch = config.train.batch_size
    if batch % processes:
        raise UserError(f"--devices x --nodes is {processes}; it must divide the batch of {batch} clips")
    return batch // processes


def parts(config: RunConfig, processes: int, asked: int | None = None) -> int:
    """Return in how many parts a process computes its share: ``asked`` on the command line, or else as set outside.

    Raises:
        UserError: ``--accumulate`` or ``GTA_ACCUMULATE`` is not a number that divides the share.
    """
    said, clips = read_variables().accumulate if asked is None else str(asked), share(config, processes)
    text = "1" if said is None else said
    if not text.isdecimal() or int(text) < 1 or clips % int(text):
        fits = ", ".join(map(str, divisors(clips)))
        name = "GTA_ACCUMULATE" if asked is None else "--accumulate"
        raise UserError(f"{name} is {text!r}; it must divide a process's {clips} clips of a batch: one of {fits}")
    return int(text)


def at_once(config: RunConfig, child: ChildOptions) -> int:
    """Return the clips that a process computes at once.

    Raises:
        UserError: as :func:`share` and :func:`parts`.
    """
    return share(config, child.processes) // parts(config, child.processes, child.accumulate)


def workers(default: int) -> int:
    """Return the number of loader processes: what ``GTA_WORKERS`` says, else ``default``.

    Raises:
        UserError: the variable is not a whole number.
    """
    said = read_variables().workers
    text = str(default) if said is None else said
    if not text.isdecimal() or len(text) > 4:
        raise UserError(f"GTA_WORKERS is {text!r}; it must be a whole number of loader processes, 0 for none")
    return int(text)


def divisors(number: int) -> list[int]:
    """Return what divides ``number``, from 1 to itself."""
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]
