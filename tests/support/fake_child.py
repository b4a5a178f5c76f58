"""Stands in for ``experiments.train``: takes the same arguments and leaves the same files, without a network.

``FAKE_BEHAVIOUR`` is json from run id (or "*") to one of the behaviours below: ok, user, bug, killed, slow ...
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from experiments.reporting.evidence.sizes import size_of
from gta import files
from gta.config import run_from_dict


def result_of(config: dict, name: str, **changes: object) -> dict:
    """A believable result that depends on the run alone."""
    params, macs = size_of(run_from_dict(config))
    top1 = 40 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % 400 / 10
    content = {
        "schema": 1,
        "run_id": name,
        "profile": config["profile"],
        "seed": config["seed"],
        "n_val": 24,
        "top1": top1,
        "top5": 95.5,
        "kinds": {"order": top1 - 5, "motion": top1 + 5, "static": top1 + 10},
        "pair_accuracy": 75.0,
        "params": params,
        "macs": macs,
        "train_seconds": 12.3,
        "clips_per_second": 140.0,
        "data_fingerprint": "f00dfeed",
        "git": "0123456789abcdef",
        "finished": "2026-01-02T03:04:05+00:00",
    }
    return {**content, **changes}


def env_of() -> dict:
    return {
        "versions": {"torch": "2.14.1", "python": "3.11"},
        "machine": {"cpu": "test", "cores": 2},
        "git": "0123456789abcdef",
        "dirty": False,
        "precision": "bf16-mixed",
    }


def finish(folder: Path, **changes: object) -> None:
    """Leave the files of a finished run."""
    config = json.loads((folder / "config.json").read_text())
    files.write_json(folder / "env.json", env_of())
    result = result_of(config, folder.name, **changes)
    epochs = config["train"]["epochs"]
    with (folder / "metrics.jsonl").open("a") as stream:
        for epoch in range(epochs):
            line = {"epoch": epoch, "step": 3, "train_loss": 1.5, "val_top1": 40 + epoch, "clips_per_second": 140.0}
            stream.write(json.dumps(line | {"seconds": result["train_seconds"] / epochs}) + "\n")
    files.write_json(folder / "result.json", result)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    for name in ("--data", "--wandb", "--devices", "--nodes", "--pretrained", "--threads"):
        parser.add_argument(name)
    for name in ("--workers", "--precision", "--accumulate", "--keep-every"):
        parser.add_argument(name)
    for name in ("--compile", "--keep-best"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--logger", nargs="*")
    parser.add_argument("--table", nargs="+")
    parser.add_argument("--row", nargs="+")
    options = parser.parse_args()
    folder: Path = options.folder
    behaviours = json.loads(os.environ.get("FAKE_BEHAVIOUR", "{}"))
    behaviour = behaviours.get(folder.name, behaviours.get("*", "ok"))
    with (folder / "calls").open("a") as stream:
        stream.write(json.dumps({**vars(options), "folder": str(folder), "omp": os.environ["OMP_NUM_THREADS"]}) + "\n")
    try:
        with FileLock(folder / "lock", timeout=0 if behaviour == "locked" else 5):
            return behave(behaviour, folder)
    except Timeout:
        return 75


def behave(behaviour: str, folder: Path) -> int:
    print("progress 1 2", flush=True)
    if behaviour in ("user", "bug"):
        files.write_json(folder / "error.json", {"schema": 1, "error": "the clip 7.webm\nis torn", "kind": behaviour})
        return 2 if behaviour == "user" else 1
    if behaviour == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "aborted":
        print("terminate called after throwing an instance of 'std::bad_alloc'", flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
    if behaviour == "empty":
        return 0
    if behaviour in ("slow", "stubborn"):
        (folder / "ckpt").mkdir(exist_ok=True)

        def stop(number: int, frame: FrameType | None) -> None:
            (folder / "ckpt" / "last.ckpt").write_bytes(b"x")
            if behaviour == "slow":
                sys.exit(143)

        signal.signal(signal.SIGTERM, stop)
        (folder / "up").touch()
        time.sleep(60)
    finish(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
