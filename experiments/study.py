"""What a table, a row and a profile are, and how they become runs.

table (rows)  x  profile (data set, backbone, recipe)  x  seeds  ->  RunConfig
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gta.config import (
    BackboneConfig,
    BlockConfig,
    DataConfig,
    GTAConfig,
    ModelConfig,
    NLConfig,
    Place,
    PretrainConfig,
    RunConfig,
    SAConfig,
    TAConfig,
    TrainConfig,
)


@dataclass(frozen=True)
class Row:
    """One row of a paper table: what is inserted into the backbone, and what the paper printed."""

    name: str
    blocks: tuple[BlockConfig, ...] = ()
    """Inserted at every place, in sequence; none for the plain backbone."""
    places: tuple[Place, ...] | None = None
    """None: the profile's own places."""
    cells: Mapping[str, str] = field(default_factory=dict)
    """Columns that describe the row, such as check marks."""
    paper: Mapping[str, float] = field(default_factory=dict)
    """The paper's numbers by metric: ``top1`` in percent, ``gmacs``, ``mparams``."""

    @property
    def family(self) -> str:
        """Name of the group of rows that shares its tuned settings: r2d, nl, sa, ta, tape or gta."""
        return family_of(self.blocks)


def family_of(blocks: tuple[BlockConfig, ...]) -> str:
    """Return the family of a sequence of blocks, decided by its temporal block."""
    for block in reversed(blocks):
        match block:
            case GTAConfig():
                return "gta"
            case TAConfig(position=True):
                return "tape"
            case TAConfig():
                return "ta"
            case NLConfig():
                return "nl"
            case SAConfig():
                continue
    return "sa" if blocks else "r2d"


@dataclass(frozen=True)
class Table:
    """A paper table: rows in the paper's order and the row that deltas refer to."""

    name: str
    title: str
    paper_data: str
    """The data set on which the paper measured it."""
    rows: tuple[Row, ...]
    reference: str
    """Name of the row from which the ``Δ`` columns are counted."""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        if len(set(names)) != len(names) or self.reference not in names:
            raise ValueError(f"{self.name}: row names must differ and hold the reference {self.reference!r}")


@dataclass(frozen=True)
class FamilySettings:
    """What was tuned for a family, with equal effort for each (see results/LOG.md)."""

    lr: float | None = None
    position_std: float | None = None
    matrix_gain: float | None = None
    region_norm: Literal["positions", "softmax"] | None = None


@dataclass(frozen=True)
class Profile:
    """A data set, a backbone and a recipe: the scale at which a table is run."""

    name: str
    title: str
    classes: int
    data: DataConfig
    backbone: BackboneConfig
    places: tuple[Place, ...]
    train: TrainConfig
    dropout: float
    pool: Literal["after", "before"] = "after"
    """Where SA and NL pool their keys and values: after the projections (TSM style) or before (PySlowFast style)."""
    pretrain: PretrainConfig | None = None
    families: Mapping[str, FamilySettings] = field(default_factory=dict)

    def resolve(self, row: Row, seed: int) -> RunConfig:
        """Return the complete config of ``row`` with ``seed`` at this profile's scale."""
        tuned = self.families.get(row.family, FamilySettings())
        train = self.train if tuned.lr is None else dataclasses.replace(self.train, lr=tuned.lr)
        model = ModelConfig(
            classes=self.classes,
            frames=self.data.frames,
            backbone=self.backbone,
            blocks=tuple(_tune(block, self.pool, tuned) for block in row.blocks),
            places=() if not row.blocks else (self.places if row.places is None else row.places),
            dropout=self.dropout,
        )
        return RunConfig(self.name, seed, model, self.data, train, self.pretrain)


def _tune(block: BlockConfig, pool: Literal["after", "before"], tuned: FamilySettings) -> BlockConfig:
    """Return the block with the profile's settings where the row itself has left the default."""
    wanted = {"pool": pool} | {k: v for k, v in dataclasses.asdict(tuned).items() if v is not None}
    left = {f.name for f in dataclasses.fields(block) if getattr(block, f.name) == f.default}
    return dataclasses.replace(block, **{name: value for name, value in wanted.items() if name in left})
