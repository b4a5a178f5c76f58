"""What Weights & Biases is told of a run, whether it trains now or lies in the store: the same words in both cases."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from experiments.child.labels import Labels
from experiments.store import run_files
from experiments.store.artifacts import ARTIFACTS
from gta import files
from gta.config import RunConfig, to_dict
from gta.errors import UserError

PROJECT = "gta"
"""Unless ``WANDB_PROJECT`` names another; ``WANDB_ENTITY`` names the team."""
RESULT = "result_sha256"
"""Name in the summary of the digest of ``result.json``: a run that has it is told whole."""
_SUMMARIES = {"curve/val_top1": "max", "curve/train_loss": "min"}
"""What W&B's table of runs shows of a curve, beside the result, which has names of its own."""


def project() -> str:
    """Return the name of the W&B project."""
    return os.environ.get("WANDB_PROJECT") or PROJECT


def arguments(config: RunConfig, labels: Labels, env: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``wandb.init`` that say what a run is.

    Args:
        config: the run, whose id is the W&B run's id too.
        labels: what it is called and filed under; their config stands beside the run's own.
        env: its ``env.json``, with the passport of its data; shown as ``env`` beside the config.
    """
    return {
        "id": config.id,
        "name": labels.name,
        "group": labels.group,
        "tags": labels.tags,
        "job_type": labels.job_type,
        "notes": labels.notes,
        "config": to_dict(config) | labels.config | {"env": dict(env)},
        "project": project(),
    }


def settings(**own: Any) -> Any:  # noqa: ANN401 - an untyped package
    """Return settings under which W&B neither prints nor looks at this repository, with ``own`` ones beside."""
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # its telemetry waits 20 s for a dead server at the end
    import wandb

    return wandb.Settings(console="off", disable_git=True, save_code=False, **own)


def define_curve(run: Any) -> None:  # noqa: ANN401 - an untyped package
    """Say which value of a curve W&B's table of runs shows."""
    for name, summary in _SUMMARIES.items():
        run.define_metric(name, summary=summary)


def curve(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of ``metrics.jsonl`` under the names that W&B's charts have for it."""
    return {f"curve/{name}": value for name, value in point.items() if name not in ("epoch", "time")}


def summary(folder: Path) -> dict[str, Any]:
    """Return the result of a finished run as flat keys, with its digest.

    Raises:
        UserError: ``result.json`` is missing or unreadable.
    """
    path = folder / run_files.RESULT
    result = files.read_json(path)
    flat = {f"val/{name}": result[name] for name in ("top1", "top5", "pair_accuracy") if result[name] is not None}
    flat |= {f"val/top1_{kind}": value for kind, value in result["kinds"].items()}
    flat |= {name: result[name] for name in ("params", "macs", "n_val", "clips_per_second", "data_fingerprint")}
    return flat | {RESULT: digest(path)}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(files.read_bytes(path)).hexdigest()


def pictures(folder: Path) -> dict[str, Any]:
    """Return the pictures of a finished run as W&B images, by ``pictures/<what>``."""
    import wandb
    from PIL import Image

    from experiments.reporting.pictures.gallery import run_pictures
    from experiments.store.result import Result
    from experiments.store.store import Store

    store = Store(folder.parent.parent)
    result = store.read(folder.name)
    if not isinstance(result, Result):
        raise UserError(str(result or f"{folder} has no result"))
    return {
        f"pictures/{picture.name.partition('-')[2]}": wandb.Image(
            Image.open(io.BytesIO(picture.png())), caption=picture.title
        )
        for picture in run_pictures(result, store)
    }


def attach(run: Any, folder: Path, wanted: Iterable[str]) -> None:  # noqa: ANN401 - an untyped package
    """Attach files of a run's folder to its W&B run, as far as they are there; none is copied on this machine."""
    import wandb

    for name in wanted:
        kind, patterns = ARTIFACTS[name]
        found = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        if found:
            artifact = wandb.Artifact(f"{name}-{folder.name}", type=kind)
            for path in found:
                artifact.add_file(str(path), name=path.relative_to(folder).as_posix(), policy="immutable")
            run.log_artifact(artifact)
