"""What a run was computed with: commit, versions, machine, precision, fingerprints."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "numpy", "av")


def describe(pretrained: Path | None, data_fingerprint: str, threads: int) -> dict[str, Any]:
    """Return the content of ``env.json``."""
    return {
        "git": _git("rev-parse", "HEAD") or "unknown",
        "dirty": _dirty_hash(),
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.system(), "gpu": _gpu()},
        "precision": choose_precision(),
        "threads": threads,
        "data_fingerprint": data_fingerprint,
        "pretrained_sha256": hashlib.sha256(pretrained.read_bytes()).hexdigest() if pretrained else None,
    }


def choose_precision() -> str:
    """Return Lightning's name of the fastest safe precision here: bf16 where hardware multiplies it, else fp32.

    AVX512-BF16 alone is not enough: without AMX tiles a bf16 product measured half the speed of fp32.
    """
    import torch

    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    return "bf16-mixed" if "amx_bf16" in _cpu_flags() else "32-true"


def _cpu_info() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return {}
    first = text.split("\n\n", 1)[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def _cpu_flags() -> set[str]:
    return set(_cpu_info().get("flags", "").split())


def _cpu() -> str:
    return _cpu_info().get("model name") or platform.processor() or platform.machine()


def _gpu() -> str | None:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.decode("utf-8", "replace").strip()


def _dirty_hash() -> str | None:
    """Return a digest of what differs from the commit in the code, or None when nothing does."""
    changes = _git("diff", "HEAD", "--", ".", "../gta")
    changes += _git("ls-files", "--others", "--exclude-standard", "--", ".", "../gta")
    return hashlib.sha256(changes.encode()).hexdigest()[:12] if changes else None
