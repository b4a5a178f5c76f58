"""Damages a file of a run in one of many ways; the same seed gives the same damage.

Legend: V views, N clips.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.fuzz_files import mutate

OBJECTS = ("result.json", "env.json", "config.json", "error.json")
ARRAYS = ("scores.npz", "scores-test.npz", "matrices.npz", "looks.npz")
FILES = (*OBJECTS, "metrics.jsonl", *ARRAYS)
ODD = (
    *("null", "true", "false", "-1", "-0.5", "0", "0.5", "3.0", "1e400", "NaN", "-Infinity", "Infinity", "1" * 400),
    *('""', '"50"', '"\\ud800"', '"a\\nb\\u0000|"', f'"{"x" * 5000}"', "[]", "{}", "[1, 2]", '{"a": [{}]}', "1" * 5000),
    *("[" * 900 + "]" * 900, "[" * 100_000 + "]" * 100_000, '{"a":' * 900 + "1" + "}" * 900, "9" * 25, "1e300"),
)
"""Values, as they stand in a file, that no field or not every field should have."""


def damage(folder: Path, other: Path, rng: np.random.Generator) -> str:
    """Damage a file of the run in ``folder`` and say what was done; ``other`` is a run that stays as it is."""
    there = [name for name in FILES if (other / name).exists() and (folder / name).exists()]
    name = str(rng.choice([*there, *("result.json", "scores.npz", "metrics.jsonl")]))
    path = folder / name
    kinds: list[tuple[str, Callable[[Path, np.random.Generator], str]]] = [("bytes", _bytes), ("entry", _entry)]
    kinds += [("object" if path.suffix == ".json" else "line", _text)] * 4 if name not in ARRAYS else []
    kinds += [("arrays", _arrays)] * 4 if name in ARRAYS else []
    kinds += [("swapped", lambda path, rng: _swap(path, other / name))]
    kind, change = kinds[int(rng.integers(len(kinds)))]
    return f"{name}: {kind}: {change(path, rng)}"


def _bytes(path: Path, rng: np.random.Generator) -> str:
    content = path.read_bytes()
    match int(rng.integers(6)):
        case 0:
            path.write_bytes(content[: int(rng.integers(len(content)))])
            return "truncated"
        case 1:
            path.write_bytes(bytes(len(content)))
            return "zeroed"
        case 2:
            path.write_bytes(b"")
            return "empty"
        case 3:
            at = int(rng.integers(len(content)))
            path.write_bytes(content[:at] + b"\xff\xfe\xed\xa0\x80" + content[at:])
            return "not UTF-8"
        case 4:
            path.write_bytes(content + content)
            return "twice"
        case _:
            path.write_bytes(mutate(content, rng))
            return "mutated"


def _entry(path: Path, rng: np.random.Generator) -> str:
    """Put something else than a file in its place."""
    content = path.read_bytes()
    path.unlink()
    kind = str(
        rng.choice(["folder", "full folder", "pipe", "socket", "to nothing", "loop", "to zeros", "none", "long"])
    )
    match kind:
        case "folder":
            path.mkdir()
        case "full folder":
            path.mkdir()
            (path / path.name).write_bytes(content)
        case "pipe":
            os.mkfifo(path)
        case "socket":
            here = os.getcwd()
            os.chdir(path.parent)  # the name of a socket must be short
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(path.name)
            os.chdir(here)
        case "to nothing":
            path.symlink_to("nothing")
        case "loop":
            path.symlink_to(path.name)
        case "to zeros":
            path.symlink_to("/dev/zero")
        case "long":
            path.touch()
            os.truncate(path, 1 << 40)
        case "none":
            pass
    return kind


def _swap(path: Path, other: Path) -> str:
    path.unlink()
    if path.suffix == ".json":
        path.symlink_to(other)
    else:
        shutil.copyfile(other, path)
    return "of another run"


def _text(path: Path, rng: np.random.Generator) -> str:
    """Change a field of an object, or of a line of ``metrics.jsonl``."""
    if path.suffix == ".json":
        text, what = _object(json.loads(path.read_text()), rng)
        path.write_text(text)
        return what
    lines = path.read_text().splitlines()
    at = int(rng.integers(len(lines)))
    match int(rng.integers(6)):
        case 0:
            del lines[at]
            what = "line missing"
        case 1:
            lines[at:at] = [str(rng.choice(ODD))]
            what = "another line"
        case _:
            lines[at], what = _object(json.loads(lines[at]), rng)
            lines[at] = lines[at].replace("\n", " ")
    path.write_text("\n".join(lines) + "\n")
    return f"line {at + 1}: {what}"


def _object(content: dict[str, Any], rng: np.random.Generator) -> tuple[str, str]:
    """Return the text of an object with something wrong, and what."""
    inner = [name for name, value in content.items() if isinstance(value, dict) and value]
    if inner and rng.random() < 0.3:
        name = str(rng.choice(inner))
        text, what = _object(content[name], rng)
        return json.dumps(content | {name: "@"}).replace('"@"', text), f"{name}: {what}"
    name = str(rng.choice(list(content)))
    match int(rng.integers(10)):
        case 0:
            return json.dumps({key: value for key, value in content.items() if key != name}), f"{name} missing"
        case 1:
            twice = f"{json.dumps(name)}: {rng.choice(ODD[:9])}, "
            return "{" + twice + json.dumps(content)[1:], f"{name} twice"
        case 2:
            return json.dumps(content | {"extra": [1]}), "extra field"
        case 3:
            return json.dumps([content]), "a list around it"
        case _:
            value = str(rng.choice(ODD))
            return json.dumps(content | {name: "@"}).replace('"@"', value), f"{name} = {value[:30]}"


def _arrays(path: Path, rng: np.random.Generator) -> str:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    name = str(rng.choice(list(arrays)))
    array = arrays[name]
    what = str(rng.choice([*RESHAPED, *MEMBERS, *(LABELS if "labels" in arrays else ())]))
    if what in LABELS:
        arrays |= LABELS[what](arrays["labels"], rng)
    elif what in RESHAPED:
        arrays[name] = RESHAPED[what](array)
    elif what == "missing":
        del arrays[name]
    elif what == "more":
        arrays["more"] = array
    with path.open("wb") as stream:
        np.savez(stream, **{key: value for key, value in arrays.items() if what not in MEMBERS or key != name})
    if what in ("bytes", "twice", "huge", "pickle"):
        with zipfile.ZipFile(path, "a") as archive:
            for _ in range(1 + (what == "twice")):
                archive.writestr(name if what == "bytes" else f"{name}.npy", _member(what, array))
    elif what == "more":
        return _rewrite(path, arrays, what)
    return f"{name} {what}"


def _rewrite(path: Path, arrays: dict[str, Any], what: str) -> str:
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
    return what


def _member(what: str, array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    if what == "pickle":
        np.lib.format.write_array(stream, np.array([{"a": 1}], object), allow_pickle=True)
    elif what == "huge":
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**6)}
        np.lib.format.write_array_header_1_0(stream, header)
    else:
        np.lib.format.write_array(stream, array, allow_pickle=False)
    return b"" if what == "bytes" else stream.getvalue()


RESHAPED: dict[str, Callable[[np.ndarray], Any]] = {
    "flat": lambda a: a.reshape(-1),
    "one axis more": lambda a: a[None],
    "one number": lambda a: a.reshape(-1)[0],
    "shorter": lambda a: a[:-1] if a.ndim else a[None],
    "shorter at the end": lambda a: a[..., :-1] if a.ndim else a[None],
    "empty": lambda a: a.reshape(-1)[:0],
    "as text": lambda a: a.astype(str) if a.dtype.kind != "U" else a.astype("S"),
    "complex": lambda a: np.zeros(a.shape, complex),
    "truth": lambda a: np.zeros(a.shape, bool),
    "times": lambda a: np.zeros(a.shape, "M8[s]"),
    "no letters": lambda a: np.full(a.size, 0xFFFFFFFF, np.uint32).view("<U1").reshape(a.shape),
    "nan": lambda a: np.full(a.shape, np.nan, np.float16),
    "ones": lambda a: np.ones(a.shape, a.dtype),
    "infinite": lambda a: np.full(a.shape, -np.inf, np.float16),
    "negative": lambda a: np.full(a.shape, -3, np.int64),
    "great": lambda a: np.full(a.shape, 2**62, np.int64),
}
MEMBERS = ("missing", "bytes", "twice", "huge", "pickle", "more")
LABELS: dict[str, Callable[[np.ndarray, np.random.Generator], dict[str, Any]]] = {
    "labels permuted": lambda labels, rng: {"labels": rng.permutation(labels)},
    "labels great": lambda labels, rng: {"labels": labels + 1000},
    "labels below": lambda labels, rng: {"labels": labels - 50},
    "labels as numbers": lambda labels, rng: {"labels": labels.astype(np.float64)},
    "labels unknown": lambda labels, rng: {"labels": np.full_like(labels, -1)},
    "labels one off": lambda labels, rng: {"labels": np.roll(labels, 1)},
    "clips again": lambda labels, rng: {"clip_ids": np.array(["7"] * len(labels))},
    "views below": lambda labels, rng: {"views": np.array([[-1, 1, 0, 0]], np.int16)},
    "views long": lambda labels, rng: {"views": np.zeros((3, 5, 2), np.int16)},
}
