"""The scales at which a table can be run: data set, backbones and recipes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from experiments.study import branch_peers, clip_peers, frame_peers
from experiments.study.recipes import K400, SSV1, SSV2
from experiments.study.rows import Backbone, FamilySettings, Profile, Row, Setting, Table
from gta.config import BackboneConfig, DataConfig, EvaluationSplit, PretrainConfig, SlowFastConfig, TrainConfig
from gta.data.drawn.embedded import EMBEDDED, SHORT
from gta.errors import UserError, nearest

SPOTS = {"res3": (0, 2), "res4": (0, 2, 4), "res5": (0,)}
"""Two blocks in res3 and three in res4, every other residual block; in res5 the paper tries one."""

SAME_WHEN_NARROW: dict[Backbone, Backbone] = {
    "tsm_16": "tsm",
    "stm_16": "stm",
    "tea_16": "tea",
    "blvnet_r101": "blvnet",
    "tsm_k400": "tsm",
    "msnet_k400": "msnet",
    "blvnet_k400": "blvnet",
    "i3d_r101": "i3d",
    "s3dg_k400": "s3dg",
    "corrnet_r101": "corrnet",
}
"""On a drawn data set the longer and deeper networks of full scale, and the peers of the Kinetics table, are the narrow
networks of the other tables."""


def _drawn(name: str, frames: int = 8) -> DataConfig:
    return DataConfig(name, frames=frames, resize=(36, 36), crop=32, augment="crop", drawing=EMBEDDED[name])


def _drawn_settings(
    name: str,
    width: int,
    warmup_epochs: float,
    pretrain: PretrainConfig,
    epochs: int = 2,
    splits: tuple[EvaluationSplit, ...] = (),
) -> dict[Backbone, Setting]:
    """Return narrow versions of the paper's backbones for an embedded data set."""
    backbone = BackboneConfig(depths=(1, 3, 5, 1), width=width, stem="small")
    fast = SlowFastConfig(depths=(1, 3, 5, 1), width=width, stem="small", beta_inverse=4, fusion_kernel=5)
    r2d = Setting(
        backbone=backbone,
        data=_drawn(name),
        train=TrainConfig(
            "adamw",
            lr=2e-3,
            weight_decay=0.05,
            batch_size=16,
            epochs=epochs,
            warmup_epochs=warmup_epochs,
            schedule="cosine",
            milestones=(),
            frozen=("stem", "res2"),
        ),
        spots=SPOTS,
        dropout=0.0,
        pool="before",
        pretrain=pretrain,
        splits=splits,
    )
    slowfast = dataclasses.replace(r2d, backbone=fast, data=_drawn(name, 32))
    tsm = dataclasses.replace(r2d, backbone=dataclasses.replace(backbone, shift_every=1))
    own: dict[Backbone, Setting] = {
        "r2d": r2d,
        "tsm": tsm,
        "tsm_flow": branch_peers.of_flow(tsm),
        "slowfast": slowfast,
        "r2d_k400": r2d,
        "slowfast_r101": dataclasses.replace(
            slowfast,
            backbone=dataclasses.replace(fast, depths=(1, 3, 8, 1)),
            spots={"res4": (2, 4, 6)},
            stages=("res4",),
        ),
    }
    found = own | branch_peers.drawn(r2d) | clip_peers.drawn(r2d, width) | frame_peers.drawn(r2d, width)
    return found | {full: found[narrow] for full, narrow in SAME_WHEN_NARROW.items()}


TINY = Profile(
    name="tiny-v2",
    title="embedded data set, drawn clips of 32 x 32 pixels, a training draw and a pre-training for each seed",
    classes=24,
    settings=_drawn_settings(
        "tiny-v2",
        16,
        0.25,
        PretrainConfig(stills=200_000, stills_a_scene=1, dtype="float16"),
        epochs=4,
        splits=("test",),
    ),
    families={  # the best of four to six trials each: results/tiny-v2/tuning.md
        "r2d": FamilySettings(lr=8e-3),
        "sa": FamilySettings(lr=4e-3),
        "ta": FamilySettings(lr=2e-3),
        "tape": FamilySettings(lr=1e-3, position_std=0.3),
        "gta": FamilySettings(lr=2e-3, matrix_gain=0.3),
        "gta/one": FamilySettings(lr=2e-3, matrix_gain=1.0),
        "gta/16f": FamilySettings(lr=2e-3, matrix_gain=1.0),
        "nl": FamilySettings(lr=1e-3),
        "cgnl": FamilySettings(lr=4e-3),
        "gc": FamilySettings(lr=1e-3),
        "glore": FamilySettings(lr=1e-3),
        "tsm": FamilySettings(lr=8e-3),
        "tsm/16f": FamilySettings(lr=2e-3),
        "tsm_flow": FamilySettings(lr=2e-3),
        "tsm+gta": FamilySettings(lr=4e-3, matrix_gain=0.1),
        "tsm+gta/16f": FamilySettings(lr=2e-3, matrix_gain=1.0),
        "slowfast": FamilySettings(lr=2e-3),
        "slowfast+nl": FamilySettings(lr=2e-3),
        "slowfast+ta": FamilySettings(lr=2e-3),
        "slowfast+gta": FamilySettings(lr=2e-3, matrix_gain=0.1),
        "stm": FamilySettings(lr=4e-3),
        "tea": FamilySettings(lr=4e-3),
        "tea+gta": FamilySettings(lr=4e-3, matrix_gain=0.3),
        "tam": FamilySettings(lr=4e-3),
        "trn": FamilySettings(lr=1e-3),
        "trn_flow": FamilySettings(lr=5e-4),
        "msnet+ms": FamilySettings(lr=8e-3),
        "msnet+ms/16f": FamilySettings(lr=4e-3),
        "blvnet": FamilySettings(lr=2e-3),
        "s3dg": FamilySettings(lr=2e-3),
        "corrnet+correlation": FamilySettings(lr=4e-3),
        "eco": FamilySettings(lr=5e-4),
        "i3d": FamilySettings(lr=4e-3),
        "i3d+nl": FamilySettings(lr=2e-3),
        "i3d+gta": FamilySettings(lr=2e-3, matrix_gain=1.0),
    },
    own_draws=True,
)
"""The study of record (the second one); its claims, data and analysis are those of ``results/PROTOCOL.md``."""

SMOKE = Profile(
    name="smoke",
    title="the embedded data set in miniature, for tests and fault drills; never for a result",
    classes=24,
    settings=_drawn_settings("smoke", 16, 0.5, PretrainConfig(stills=256)),
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (SMOKE, TINY, SSV1, SSV2, K400)}


def choose_profile(name: str) -> Profile:
    """Return the profile of this name, or of this short name.

    Raises:
        UserError: it is unknown.
    """
    name = SHORT.get(name, name)
    if name == "folder":
        raise UserError("the profile 'folder' is made of what lies in --data; this command does not take it")
    if name not in PROFILES:
        raise UserError(f"there is no profile {name!r}; {nearest(name, [*PROFILES, 'folder'])}")
    return PROFILES[name]


def with_runs(rows: Sequence[tuple[Table, Row]], profile: Profile) -> tuple[list[tuple[Table, Row]], str | None]:
    """Leave out the tables of which ``profile`` can train no row.

    Returns:
        The rows of the other tables, and a line that names what is left out.

    Raises:
        UserError: nothing remains; the message names the profiles that can.
    """
    able = {table.name for table, row in rows if profile.trains(row)}
    without = list(dict.fromkeys(table.name for table, _ in rows if table.name not in able))
    if not without:
        return list(rows), None
    if not able:
        fits = [name for name, other in PROFILES.items() if any(other.trains(row) for _, row in rows)]
        hint = f"profiles that have some: {', '.join(fits)}" if fits else "none has; all are quoted from other work"
        raise UserError(f"the profile {profile.name!r} has no rows of {', '.join(without)}; {hint}")
    kept = [(table, row) for table, row in rows if table.name in able]
    return kept, f"left out, without rows for the profile {profile.name!r}: {', '.join(without)}"
