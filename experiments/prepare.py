"""What must stand before the first run starts: the embedded data set and the pre-trained backbone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from gta.config import RunConfig


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
        UserError: data or weights cannot be written, or real data cannot be read.
    """
    _prepare_data(runs, data)
    return _prepare_weights(runs, results / "pretrained", say)


def _prepare_data(runs: Sequence[RunConfig], data: Path) -> None:
    from gta.data.module import VideoDataModule
    from gta.data.pool import showing

    for config in dict.fromkeys(run.data for run in runs):
        with showing(f"{config.dataset} in {data}") as progress:
            module = VideoDataModule(config, data, batch_size=1, seed=0, progress=progress)
            module.prepare_data()
            module.setup()


def _prepare_weights(runs: Sequence[RunConfig], folder: Path, say: Callable[[str], None]) -> dict[str, Path]:
    wanted = [run for run in runs if run.pretrain is not None]
    if not wanted:
        return {}
    from gta.pretrain import ensure_pretrained

    return {run.id: ensure_pretrained(run, folder, say) for run in wanted}
