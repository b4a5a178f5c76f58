"""Parameters and MACs of the tables' models, as counted once: counting takes torch and a tenth of a second a model.

    python -m experiments.reporting.evidence.sizes

writes ``sizes.json`` anew, which holds them by model and size of the picture. A model that is not there is counted.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta import files
from gta.cli import Parser, command, parse
from gta.config import ModelConfig, RunConfig, content_id, to_dict

COUNTED = Path(__file__).with_name("sizes.json")


def size_of(config: RunConfig) -> tuple[int, int]:
    """Return the parameters and the MACs of a run's model, for one clip of its evaluation."""
    return _size(config.model, config.data.tested)


@functools.cache
def _size(model: ModelConfig, crop: int) -> tuple[int, int]:
    params, macs = _stored().get(key(model, crop)) or count(model, crop)
    return params, macs


def count(model: ModelConfig, crop: int) -> tuple[int, int]:
    """Count the parameters and the MACs of a model."""
    from gta.flops import cost

    found = cost(model, crop)
    return found.params, found.macs


def key(model: ModelConfig, crop: int) -> str:
    """Return the name of a model in ``sizes.json``."""
    return content_id({"model": to_dict(model), "crop": crop})


def models() -> dict[str, tuple[ModelConfig, int]]:
    """Return the models of all rows of all tables at all profiles."""
    configs = (
        profile.resolve(trained, 0)
        for profile in PROFILES.values()
        for table in TABLES.values()
        for row in table.rows
        if profile.runs(row)
        for trained in row.trained
    )
    found = dict.fromkeys((config.model, config.data.tested) for config in configs)
    return {key(*each): each for each in found}


@functools.cache
def _stored() -> dict[str, tuple[int, int]]:
    return {name: (params, macs) for name, (params, macs) in files.read_json(COUNTED).items()}


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Count all models and write ``sizes.json``."""
    parse(Parser("python -m experiments.reporting.evidence.sizes", "Count all models of the tables anew."), argv)
    counted = {name: count(*each) for name, each in models().items()}
    lines = (f'"{name}": [{params}, {macs}]' for name, (params, macs) in sorted(counted.items()))
    files.write_text(COUNTED, "{\n" + ",\n".join(lines) + "\n}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
