"""What a run was computed with: commit, versions, machine, precision, fingerprints."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from experiments.child.processes import is_first
from experiments.runner.child_options import ChildOptions
from experiments.store.records import read_environment
from experiments.store.run_files import ENV
from gta import files
from gta.errors import UserError
from gta.training.pretrain import pretraining_accuracy
from gta.training.speed import CPU_PRECISIONS, DTYPES, choose_precision

ROOT = Path(__file__).parents[2]
PACKAGES = ("torch", "torchvision", "pytorch-lightning", "numpy", "av")


def describe(child: ChildOptions, data_fingerprint: str, checkpoint: Path | None = None) -> dict[str, Any]:
    """Return the content of ``env.json`` of a run that is begun, or resumed from a checkpoint."""
    weights = child.pretrained
    return {
        "git": _git("rev-parse", "HEAD") or "unknown",
        "dirty": _dirty_hash(),
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.system(), "gpu": _gpu()},
        **settle_precision(child, checkpoint),
        "threads": child.threads,
        "data_fingerprint": data_fingerprint,
        "pretrained_sha256": hashlib.sha256(weights.read_bytes()).hexdigest() if weights else None,
        "pretraining_accuracy": pretraining_accuracy(weights) if weights and weights.suffix == ".safetensors" else None,
    }


def settle_precision(child: ChildOptions, checkpoint: Path | None) -> dict[str, Any]:
    """Return what ``env.json`` says of the precision: as wanted, as the run was begun, or as is fastest here."""
    path = child.folder / ENV
    if child.precision is None and checkpoint is not None and path.exists():
        with contextlib.suppress(UserError):  # :func:`record` says what to do about a damaged file
            before = read_environment(path)
            if before.get("precision") in (DTYPES if torch.cuda.is_available() else CPU_PRECISIONS):
                return {name: before[name] for name in ("precision", "precision_ms") if name in before}
    return choose_precision(child.precision)


def _cpu_info() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return {}
    first = text.split("\n\n", 1)[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def _cpu() -> str:
    return _cpu_info().get("model name") or platform.processor() or platform.machine()


def _gpu() -> str | None:

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.decode("utf-8", "replace").strip()


def _dirty_hash() -> str | None:
    """Return a digest of what differs from the commit in the code, or None when nothing does."""
    changes = _git("diff", "HEAD", "--", "experiments", "gta")
    changes += _git("ls-files", "--others", "--exclude-standard", "--", "experiments", "gta")
    return hashlib.sha256(changes.encode()).hexdigest()[:12] if changes else None


def record(child: ChildOptions, env: dict[str, Any], checkpoint: Path | None) -> dict[str, Any]:
    """Write ``env.json``; a resumed run keeps what it was begun with beside what it goes on with.

    Raises:
        UserError: the run was begun on other data or from other weights.
    """
    if not is_first(child.processes):
        return env
    path = child.folder / ENV
    if checkpoint is not None and path.exists():
        try:
            before = read_environment(path)
        except UserError as error:
            raise UserError(f"{error}; restore the file, or delete {child.folder} to restart") from error
        for name in ("data_fingerprint", "pretrained_sha256"):
            if before.get(name) != env[name]:
                raise UserError(
                    f"{path}: {name} is {before.get(name)}, now {env[name]}; delete {child.folder} to restart"
                )
        earlier = before.pop("resumed_from", [])
        if earlier or before != env:
            env = env | {"resumed_from": [*earlier, before]}
    files.write_json(path, env)
    return env
