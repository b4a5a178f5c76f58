"""What a table, a row and a profile are, and how they become runs.

table (rows)  x  profile (data set, recipe, one setting for each backbone)  x  seeds  ->  RunConfig
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from experiments.study.claims import Claim
from experiments.study.overrides import overridden
from gta.config import (
    AnyBackbone,
    BlockConfig,
    DataConfig,
    EvaluationSplit,
    HeadConfig,
    ModelConfig,
    Place,
    Pool,
    PretrainConfig,
    RunConfig,
    TrainConfig,
    ViewsConfig,
    WeightsConfig,
)
from gta.config.heads import MEAN

Backbone = Literal[
    "r2d",
    "tsm",
    "tsm_flow",
    "stm",
    "tea",
    "tam",
    "slowfast",
    "i3d",
    "i3d_graph",
    "s3dg",
    "corrnet",
    "msnet",
    "trn",
    "trn_flow",
    "eco",
    "eco_lite",
    "blvnet",
    "tsm_16",
    "stm_16",
    "tea_16",
    "blvnet_r101",
    "r2d_k400",
    "slowfast_r101",
    "i3d_r101",
    "s3dg_k400",
    "corrnet_r101",
    "tsm_k400",
    "msnet_k400",
    "blvnet_k400",
]
"""Names of the settings that a profile may have; those from ``tsm_16`` on are longer or deeper at full scale alone, for
rows whose quoted figure is that of such a network, and those from ``r2d_k400`` on are for the Kinetics table."""

OTHER_INPUT: tuple[Backbone, ...] = ("tsm_flow", "trn_flow")
"""Networks of another input than their namesake's, which are tuned by themselves."""
ONE_VIEW = ViewsConfig()
"""The middle frames, cropped in the centre."""


@dataclass(frozen=True)
class Row:
    """One row of a paper table: what is inserted into which backbone, and what the paper printed."""

    name: str
    blocks: tuple[BlockConfig, ...] = ()
    """Inserted at every place, in sequence; none for the plain backbone."""
    backbone: Backbone = "r2d"
    counts: tuple[tuple[str, int], ...] | None = None
    """Number of places by stage; None: the setting's own places."""
    frames: int = 1
    """The clip has ``frames`` times the setting's number of frames."""
    length: int | None = None
    """Frames of the clip at every scale; None: by the setting and ``frames``."""
    views: ViewsConfig | None = None
    """What the row's accuracy is averaged over; None: the setting's own."""
    split: EvaluationSplit = "validation"
    extra_views: tuple[ViewsConfig, ...] = ()
    """Views that are scored beside the setting's own, for rows that read them."""
    extra_splits: tuple[EvaluationSplit, ...] = ()
    members: tuple[Row, ...] = ()
    """Rows whose class probabilities are averaged into this one, which is then not trained."""
    fixed: tuple[str, ...] = ()
    """Fields of its blocks that a profile leaves as the row has them, even where that is the default."""
    quoted: bool = False
    """A figure that the paper quotes from other work; nothing is run for it."""
    cells: Mapping[str, str] = field(default_factory=dict)
    """Columns that describe the row, such as check marks."""
    paper: Mapping[str, float] = field(default_factory=dict)
    """The paper's numbers: ``top1``, ``top5`` in percent on the table's first data set, ``v2_top1``, ``v2_top5`` on
    its second, ``gmacs``, ``mparams``."""

    def __post_init__(self) -> None:
        known = {field.name for block in self.blocks for field in dataclasses.fields(block)}
        if not known.issuperset(self.fixed):
            raise ValueError(f"row {self.name!r}: fixed names {self.fixed}; its blocks have {', '.join(sorted(known))}")

    @property
    def family(self) -> str:
        """Name of the group of rows that shares its tuned settings, such as ``gta`` or ``slowfast+nl``."""
        own = family_of(self.blocks)
        if self.backbone in ("r2d", "r2d_k400"):
            return own
        name = self.backbone if self.backbone in OTHER_INPUT else self.backbone.partition("_")[0]
        return name if own == "r2d" else f"{name}+{own}"

    @property
    def knows_order(self) -> bool:
        """Whether its network can tell a clip from its reversal by construction."""
        moves = self.backbone not in ("r2d", "r2d_k400")
        return moves or any(part.knows_order for part in (*self.blocks, *self.members))

    @property
    def families(self) -> tuple[str, ...]:
        """Names under which the row's tuned settings are looked up: first those of its length and number of blocks."""
        suffixes = ["/16f"] if self.frames == 2 else []
        suffixes += ["/one"] if self.counts is not None and sum(count for _, count in self.counts) == 1 else []
        return (*(f"{self.family}{suffix}" for suffix in suffixes), self.family)

    @property
    def trained(self) -> tuple[Row, ...]:
        """The rows that are trained for this one: itself, its members, or none when it is quoted."""
        return () if self.quoted else self.members or (self,)


def family_of(blocks: tuple[BlockConfig, ...]) -> str:
    """Return the family of a sequence of blocks, decided by its temporal block."""
    for block in reversed(blocks):
        if block.family != "sa":
            return block.family
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
    paper_data_2: str | None = None
    """The second data set of the paper's table, whose figures are the ``v2_`` ones."""
    claims: tuple[Claim, ...] = ()
    """What the paper says of it."""
    ranked: bool = False
    """Whether its page ranks the rows and says which differences are decided."""

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        if len(set(names)) != len(names) or self.reference not in names:
            raise ValueError(f"{self.name}: row names must differ and hold the reference {self.reference!r}")
        unknown = {row for claim in self.claims for row in claim.rows} - {row.name for row in self.rows if row.trained}
        if unknown or len({claim.name for claim in self.claims}) != len(self.claims):
            raise ValueError(f"{self.name}: claims must have names of their own and speak of its rows, not {unknown}")


@dataclass(frozen=True)
class FamilySettings:
    """What was tuned for a family; with which trials stands in ``results/<profile>/tuning.md``."""

    lr: float | None = None
    position_std: float | None = None
    matrix_gain: float | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """What is not left to the defaults."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}

    def __str__(self) -> str:
        """Return what is chosen, for people."""
        return ", ".join(f"{name} {value}" for name, value in self.chosen.items())


@dataclass(frozen=True)
class Setting:
    """How one backbone is built, fed, started and trained at a profile's scale."""

    backbone: AnyBackbone
    data: DataConfig
    train: TrainConfig
    spots: Mapping[str, tuple[int, ...]]
    """Residual blocks after which blocks may stand, by stage; ``n`` blocks in a stage take its last ``n`` spots."""
    stages: tuple[str, ...] = ("res3", "res4")
    """Stages all of whose spots are used by a row that does not count places itself."""
    dropout: float = 0.0
    pool: Pool = "after"
    """Where SA and NL pool their keys and values: after the projections (TSM style) or before (PySlowFast style)."""
    pretrain: PretrainConfig | WeightsConfig | None = None
    views: ViewsConfig = ONE_VIEW
    """What a row's own accuracy is averaged over."""
    head_pool: int | None = None
    """:attr:`ModelConfig.pool`."""
    splits: tuple[EvaluationSplit, ...] = ()
    """Splits that every run scores at its end beside the one it is evaluated on."""
    head: HeadConfig = MEAN
    """:attr:`ModelConfig.head`."""
    narrowed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the kind of a block: fields that have other values than their defaults at this scale."""

    def places(self, counts: tuple[tuple[str, int], ...] | None) -> tuple[Place, ...]:
        """Return the places of ``counts`` blocks by stage, or the setting's own."""
        if counts is None:
            counts = tuple((stage, len(self.spots[stage])) for stage in self.stages)
        for stage, count in counts:
            if not 1 <= count <= len(self.spots.get(stage, ())):
                raise ValueError(f"Row.counts: {count} places in {stage}; it has {len(self.spots.get(stage, ()))}")
        return tuple((stage, index) for stage, count in counts for index in self.spots[stage][-count:])


@dataclass(frozen=True)
class Profile:
    """A data set and a recipe, with a setting for each backbone: the scale at which a table is run."""

    name: str
    title: str
    classes: int
    settings: Mapping[Backbone, Setting]
    families: Mapping[str, FamilySettings] = field(default_factory=dict)
    own_draws: bool = False
    """Every seed has a draw of the training clips and a pre-training of its own; else all seeds share them."""
    changes: tuple[tuple[str, str], ...] = ()
    """Fields and values that a command line gives in place of the recipe's; none in a table of record."""

    @property
    def data(self) -> DataConfig:
        """The clips of the first backbone."""
        return next(iter(self.settings.values())).data

    @property
    def confirms(self) -> bool:
        """Whether every run also scores the ``test`` draw, on which claims are tested again."""
        return all("test" in setting.splits for setting in self.settings.values())

    def runs(self, row: Row) -> bool:
        """Return whether this profile has a setting for the row's backbone, and for all of its members'."""
        return all(trained.backbone in self.settings for trained in row.trained)

    def trains(self, row: Row) -> bool:
        """Return whether this profile has something to train for the row."""
        return bool(row.trained) and self.runs(row)

    def resolve(self, row: Row, seed: int) -> RunConfig:
        """Return the complete config of a row that is trained, with ``seed``, at this profile's scale.

        Raises:
            ValueError: the row is an average or quoted; what is trained for it stands in :attr:`Row.trained`.
        """
        if row.members or row.quoted:
            raise ValueError(f"{row.name} is not trained itself")
        setting = self.settings[row.backbone]
        tuned = next((self.families[name] for name in row.families if name in self.families), FamilySettings())
        data = dataclasses.replace(setting.data, frames=row.length or setting.data.frames * row.frames)
        model = ModelConfig(
            classes=self.classes,
            frames=data.frames,
            backbone=setting.backbone,
            blocks=tuple(_tune(block, row.fixed, setting, tuned) for block in row.blocks),
            places=setting.places(row.counts) if row.blocks else (),
            dropout=setting.dropout,
            pool=setting.head_pool,
            head=setting.head,
        )
        train = setting.train if tuned.lr is None else dataclasses.replace(setting.train, lr=tuned.lr)
        pretrain = setting.pretrain
        if self.own_draws:
            if data.drawing is not None:
                data = dataclasses.replace(data, drawing=dataclasses.replace(data.drawing, training_draw=seed))
            if isinstance(pretrain, PretrainConfig):
                pretrain = dataclasses.replace(pretrain, seed=seed)
        views = tuple(dict.fromkeys((setting.views, *row.extra_views)))
        splits = tuple(dict.fromkeys((*setting.splits, *row.extra_splits)))
        run = RunConfig(self.name, seed, model, data, train, pretrain, views, splits)
        return overridden(run, self.changes) if self.changes else run


def _tune(block: BlockConfig, fixed: tuple[str, ...], setting: Setting, tuned: FamilySettings) -> BlockConfig:
    """Return the block with the profile's settings where the row has neither fixed a field nor given it a value."""
    wanted: dict[str, Any] = {"pool": setting.pool}
    wanted |= tuned.chosen
    wanted |= setting.narrowed.get(block.kind, {})
    left = {f.name for f in dataclasses.fields(block) if getattr(block, f.name) == f.default} - set(fixed)
    return dataclasses.replace(block, **{name: value for name, value in wanted.items() if name in left})
