"""Read offline W&B files back, to compare runs without an account: the study itself never does.

A ``run-*.wandb`` file holds protobuf records in blocks of 32 KiB, each behind a crc, length and type (LevelDB's log).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

from gta.errors import UserError

BLOCK = 32 * 1024
HEADER = struct.Struct("<IHB")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(path: Path) -> list[Any]:
    """Return the protobuf records of a file; what an interrupted run left half written is not among them.

    Raises:
        UserError: it is no W&B file.
    """
    content, position, partial = path.read_bytes(), 7, b""
    if content[:4] != b":W&B":
        raise UserError(f"{path} is no offline W&B file")
    found = []
    while position + HEADER.size <= len(content):
        if BLOCK - position % BLOCK < HEADER.size:  # a header is never cut by the end of a block
            position += BLOCK - position % BLOCK
            continue
        _, length, kind = HEADER.unpack_from(content, position)
        part = content[position + HEADER.size : position + HEADER.size + length]
        position += HEADER.size + length
        partial = part if kind in (FULL, FIRST) else partial + part
        if kind in (FULL, LAST) and len(part) == length:
            record = Record()
            try:
                record.ParseFromString(partial)
            except DecodeError:
                break
            found.append(record)
    return found


def summarise(path: Path) -> dict[str, Any]:
    """Return id, name, group, tags, config, summary and exit code of the run."""
    run: dict[str, Any] = {"config": {}, "summary": {}}
    for record in records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run |= {"id": record.run.run_id, "name": record.run.display_name}
            run |= {"group": record.run.run_group, "tags": list(record.run.tags)}
            run["config"] |= _values(record.run.config.update)
        elif kind == "config":
            run["config"] |= _values(record.config.update)
        elif kind == "summary":
            run["summary"] |= _values(record.summary.update)
        elif kind == "exit":
            run["exit"] = record.exit.exit_code
    return run


def history(path: Path) -> list[dict[str, Any]]:
    """Return what was logged, one dict a step in the order of logging, with W&B's own ``_step``."""
    return [_values(record.history.item) for record in records(path) if record.WhichOneof("record_type") == "history"]


def _values(items: Any) -> dict[str, Any]:  # noqa: ANN401 - protobuf's own container
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
