"""The scales at which a table can be run: data set, backbone and recipe."""

from __future__ import annotations

from experiments.study import Profile
from gta.config import BackboneConfig, DataConfig, DrawingConfig, Place, PretrainConfig, TrainConfig

PAPER_PLACES: tuple[Place, ...] = (("res3", 0), ("res3", 2), ("res4", 0), ("res4", 2), ("res4", 4))
"""Two blocks in res3 and three in res4, every other residual block."""

TINY = Profile(
    name="tiny",
    title="embedded data set, drawn clips of 32 x 32 pixels",
    classes=24,
    data=DataConfig("tiny", frames=8, resize=(36, 36), crop=32, drawing=DrawingConfig()),
    backbone=BackboneConfig(depths=(1, 3, 5, 1), width=16, stem="small"),
    places=PAPER_PLACES,
    train=TrainConfig(
        "adamw",
        lr=2e-3,
        weight_decay=0.05,
        batch_size=32,
        epochs=4,
        warmup_epochs=0.5,
        schedule="cosine",
        milestones=(),
    ),
    dropout=0.0,
    pretrain=PretrainConfig(),
)

SMOKE = Profile(
    name="smoke",
    title="the embedded data set in miniature, for tests and fault drills; never for a result",
    classes=24,
    data=DataConfig(
        "smoke",
        frames=8,
        resize=(36, 36),
        crop=32,
        drawing=DrawingConfig(train_per_template=2, validation_per_template=1, tune_per_template=1),
    ),
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
    ),
    dropout=0.0,
    pretrain=PretrainConfig(stills=256),
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (SMOKE, TINY)}
