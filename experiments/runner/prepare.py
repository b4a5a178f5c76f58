"""What must stand before the first run starts: the data set and the weights that the backbone starts from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from experiments.runner.signals import Interrupted
from gta.config import CheckpointConfig, PretrainConfig, RunConfig, WeightsConfig
from gta.data.module import VideoDataModule
from gta.errors import UserError
from gta.files import read_bytes, write_bytes
from gta.parallel import showing
from gta.training.pretrain import ensure_pretrained, weights_name
from gta.weights.public import find

STARTS = Path(__file__).parents[2] / "results" / "starts"
"""Pre-trained weights of runs of record, committed so that nobody has to make them again."""


def prepare(runs: Sequence[RunConfig], data: Path, results: Path, say: Callable[[str], None]) -> dict[str, Path]:
    """Make the data sets and weights that ``runs`` need and that are not there yet.

    Args:
        runs: the runs that will be trained.
        data: parent folder of the embedded data sets, or the folder of the real data set.
        results: its ``pretrained`` folder holds the weights.
        say: told one line about each step.

    Returns:
        The weights file to start from, by run id; runs without pre-training are left out.

    Raises:
        UserError: data or weights cannot be written, real data cannot be read, or public weights are not there; the
            message says which file to put where.
        Interrupted: a signal came.
    """
    try:
        _prepare_data(runs, data)
        return _prepare_weights(runs, results / "pretrained", say)
    except RuntimeError as error:
        if isinstance(error.__context__, Interrupted):  # the loader's processes got the signal as well, and are gone
            raise error.__context__ from error
        raise


def _prepare_data(runs: Sequence[RunConfig], data: Path) -> None:

    seen = [
        dataclasses.replace(run.data, evaluation_split=split)
        for run in runs
        for split in (run.data.evaluation_split, *run.splits)
    ]
    for config in dict.fromkeys(seen):
        with showing(f"{config.dataset} in {data}") as progress:
            module = VideoDataModule(config, data, batch_size=1, seed=0, progress=progress)
            module.prepare_data()
            module.setup()


def _take_committed(name: str, folder: Path, say: Callable[[str], None]) -> None:
    """Put committed weights of record where they are looked for, unless some lie there already."""
    if (STARTS / name).is_file() and not (folder / name).exists():
        write_bytes(folder / name, read_bytes(STARTS / name))
        say(f"the backbone starts from the weights of record, {name}")


def _prepare_weights(runs: Sequence[RunConfig], folder: Path, say: Callable[[str], None]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for run in runs:
        match run.pretrain:
            case PretrainConfig():
                _take_committed(weights_name(run), folder, say)
                found[run.id] = ensure_pretrained(run, folder, say)
            case WeightsConfig():
                found[run.id] = find(run.pretrain, folder)
            case CheckpointConfig(file=name):
                if not (folder / name).is_file():
                    raise UserError(f"{folder / name} is missing; give the checkpoint again: --from CHECKPOINT")
                found[run.id] = folder / name
    return found
