"""Read an offline W&B file: records in blocks of 32 KiB, each behind a crc, a length and a type (LevelDB's log)."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

BLOCK = 32 * 1024
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(path: Path) -> list[Any]:
    """The protobuf records of a ``run-*.wandb`` file."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, position, found, partial = path.read_bytes(), 7, [], b""
    assert content[:4] == b":W&B"
    while position + 7 <= len(content):
        if BLOCK - position % BLOCK < 7:  # a header is never cut by the end of a block
            position += BLOCK - position % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", content[position : position + 7])
        part = content[position + 7 : position + 7 + length]
        position += 7 + length
        partial = part if kind in (FULL, FIRST) else partial + part
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(partial)
            found.append(record)
    return found


def summarise(path: Path) -> dict[str, Any]:
    """Id, group, tags, config, summary and exit code of the run."""
    run: dict[str, Any] = {"config": {}, "summary": {}}
    for record in records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run |= {"id": record.run.run_id, "group": record.run.run_group, "tags": list(record.run.tags)}
            run["config"] |= _values(record.run.config.update)
        elif kind == "config":
            run["config"] |= _values(record.config.update)
        elif kind == "summary":
            run["summary"] |= _values(record.summary.update)
        elif kind == "exit":
            run["exit"] = record.exit.exit_code
    return run


def _values(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
