"""The scales at which a table can be run: data set, backbone and recipe."""

from __future__ import annotations

from experiments.study import FamilySettings, Profile
from gta.config import BackboneConfig, DataConfig, Place, PretrainConfig, TrainConfig
from gta.data.embedded import EMBEDDED

PAPER_PLACES: tuple[Place, ...] = (("res3", 0), ("res3", 2), ("res4", 0), ("res4", 2), ("res4", 4))
"""Two blocks in res3 and three in res4, every other residual block."""


def _embedded(name: str) -> DataConfig:
    return DataConfig(name, frames=8, resize=(36, 36), crop=32, augment="crop", drawing=EMBEDDED[name])


TINY = Profile(
    name="tiny",
    title="embedded data set, drawn clips of 32 x 32 pixels",
    classes=24,
    data=_embedded("tiny"),
    backbone=BackboneConfig(depths=(1, 3, 5, 1), width=16, stem="small"),
    places=PAPER_PLACES,
    train=TrainConfig(
        "adamw",
        lr=2e-3,
        weight_decay=0.05,
        batch_size=16,
        epochs=2,
        warmup_epochs=0.25,
        schedule="cosine",
        milestones=(),
        frozen=("stem", "res2"),
    ),
    dropout=0.0,
    pool="before",
    pretrain=PretrainConfig(),
    families={  # the best of five trials each: results/tiny/tuning.md
        "r2d": FamilySettings(lr=8e-3),
        "sa": FamilySettings(lr=4e-3),
        "ta": FamilySettings(lr=2e-3),
        "tape": FamilySettings(lr=2e-3, position_std=1.0),
        "gta": FamilySettings(lr=2e-3, matrix_gain=0.3, region_norm="positions"),
    },
)

SMOKE = Profile(
    name="smoke",
    title="the embedded data set in miniature, for tests and fault drills; never for a result",
    classes=24,
    data=_embedded("smoke"),
    backbone=BackboneConfig(depths=(1, 3, 5, 1), width=8, stem="small"),
    places=PAPER_PLACES,
    train=TrainConfig(
        "adamw",
        lr=2e-3,
        weight_decay=0.05,
        batch_size=16,
        epochs=2,
        warmup_epochs=0.5,
        schedule="cosine",
        milestones=(),
        frozen=("stem", "res2"),
    ),
    dropout=0.0,
    pool="before",
    pretrain=PretrainConfig(stills=256),
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (SMOKE, TINY)}
