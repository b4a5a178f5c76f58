"""Files of weights and checkpoints as users have them, whole and damaged, drawn from a seed."""

import copy
import gzip
import hashlib
import io
import os
import pickle
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from gta.weights.load import CONTAINERS, WRAPPERS


class Evil:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self):
        return (open, (self.mark, "w"))


def whole_weights(path, state, rng):
    """Write the weights as a wrapper and a training program leave them; return the path."""
    chain = "".join(f"{rng.choice((*WRAPPERS, '_orig_mod'))}." for _ in range(rng.randrange(4)))
    dtype = rng.choice((torch.float32, torch.float64, torch.float16, torch.bfloat16))
    content = {chain + name: v.to(dtype) if v.is_floating_point() else v for name, v in state.items()}
    if chain.replace("_orig_mod.", "") and rng.random() < 0.5:
        content |= {"n_averaged": torch.tensor(3), "projector.weight": torch.zeros(2)}
    if rng.random() < 0.3:
        save_file(content, path)  # whatever the name
        return path
    for _ in range(rng.randrange(3)):
        content = {rng.choice(CONTAINERS): content, "epoch": 3, "arch": "resnet50", "optimizer": {"state": {}}}
    torch.save(content, path, _use_new_zipfile_serialization=rng.random() < 0.7)
    if rng.random() < 0.3:
        digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        path = path.rename(path.with_name(f"{path.stem}-{digits}.pth"))
    return path


def _picture(path, rng):
    Image.new("RGB", (8, 8)).save(path, rng.choice(("PNG", "JPEG", "BMP", "GIF")))


def _zip(path, rng):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/readme.txt", "text")


def _tar(path, rng):
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, "pickle")


def _array(path, rng):
    with open(path, "wb") as stream:
        np.save(stream, np.zeros(3))


def _npz(path, rng):
    with open(path, "wb") as stream:
        np.savez(stream, a=np.zeros(3))


def _deep(path, rng):
    path.write_bytes(b"\x80\x02" + b"]" * 30000 + b"a" * 29999 + b".")


FOREIGN: dict[str, Callable[[Path, random.Random], object]] = {
    "web page": lambda path, rng: path.write_text(rng.choice(("<!DOCTYPE html>\n<html>", "\n <html>", "<?xml?>"))),
    "git-lfs": lambda path, rng: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
    "git-annex": lambda path, rng: path.write_text("/annex/objects/SHA256E-s9--0.pth\n"),
    "empty": lambda path, rng: path.touch(),
    "picture": _picture,
    "zip": _zip,
    "tar": _tar,
    "gzip": lambda path, rng: path.write_bytes(gzip.compress(b"weights")),
    "array": _array,
    "npz": _npz,
    "csv": lambda path, rng: path.write_text("a,b\n1,2\n"),
    "folder": lambda path, rng: path.mkdir(),
    "pipe": lambda path, rng: os.mkfifo(path),
    "nothing": lambda path, rng: path.symlink_to("nowhere"),
    "bytes": lambda path, rng: path.write_bytes(rng.randbytes(rng.randrange(1, 600))),
    "deep": _deep,
}


def cut(path, rng):
    """Leave the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(1, len(content))])


def flipped(path, rng):
    """Change a byte in the middle of an archive of ``torch.save``, which holds tensors there."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def evil(content, path, mark, rng):
    """Put a pickle that makes the file ``mark`` into a file."""
    if isinstance(content, dict) and rng.random() < 0.7:
        content = dict(content) | {rng.choice(("state_dict", "model", "x", *list(content)[:3])): Evil(mark)}
    else:
        content = Evil(mark)
    form = rng.randrange(3)
    if form == 2:
        path.write_bytes(pickle.dumps(content, protocol=rng.choice((2, 4))))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == 0)


def _changed(state, rng, value):
    name = _some(state, rng)
    return state | {name: value(state[name]) if callable(value) else value}


def _holed(number):
    def change(value):
        value = value.clone().float()
        value.view(-1)[-1] = number
        return value

    return change


WRONG: dict[str, Callable[[dict[str, torch.Tensor], random.Random], object]] = {
    "NaN": lambda state, rng: _changed(state, rng, _holed(float("nan"))),
    "Inf": lambda state, rng: _changed(state, rng, _holed(float("-inf"))),
    "too large": lambda state, rng: _changed(state, rng, lambda v: torch.full(v.shape, 1e300, dtype=torch.float64)),
    "whole numbers": lambda state, rng: _changed(state, rng, lambda v: v.long()),
    "complex": lambda state, rng: _changed(state, rng, lambda v: v.to(torch.complex64)),
    "eight bits": lambda state, rng: _changed(state, rng, lambda v: v.to(torch.float8_e4m3fn)),
    "shape": lambda state, rng: _changed(state, rng, lambda v: v[None]),
    "missing": lambda state, rng: {k: v for k, v in state.items() if k != _FIRST},
    "foreign": lambda state, rng: state | {"\x1b[1mlayer9\n.weight": torch.zeros(1)},
    "list": lambda state, rng: list(state.values()),
    "text": lambda state, rng: _changed(state, rng, "text"),
    "None": lambda state, rng: _changed(state, rng, None),
    "number as a name": lambda state, rng: state | {3: torch.zeros(1)},
    "sparse": lambda state, rng: _changed(state, rng, lambda v: v.to_sparse()),
    "quantised": lambda state, rng: _changed(
        state, rng, lambda v: torch.quantize_per_tensor(v.float(), 1.0, 0, torch.qint8)
    ),
    "without values": lambda state, rng: _changed(state, rng, lambda v: v.to("meta")),
    "two networks": lambda state, rng: {f"{p}.{k}": v for p in ("model", "encoder") for k, v in state.items()},
    "a number": lambda state, rng: 3,
    "container of another type": lambda state, rng: {"model_state": [1], "x": state},
}
_FIRST = "bn1.running_var"


def _some(state, rng):
    return rng.choice([name for name, v in state.items() if v.is_floating_point() and not name.startswith("fc.")])


def damaged_weights(path, state, number, mark, rng):
    """Write a file from which these weights cannot be had; return what it is."""
    names = [*FOREIGN, *WRONG, "cut", "flipped", "evil", "hub name", "cut safetensors"]
    name = names[number % len(names)]
    if name in FOREIGN:
        FOREIGN[name](path, rng)
    elif name in WRONG:
        content = WRONG[name](dict(state), rng)
        torch.save({rng.choice(CONTAINERS): content} if rng.random() < 0.5 else content, path)
    elif name == "evil":
        evil(state, path, mark, rng)
    elif name == "cut safetensors":
        save_file(state, path)
        cut(path, rng)
    else:
        torch.save(state, path)
        {"cut": cut, "flipped": flipped, "hub name": lambda *_: path.rename(path.with_name("w-0123abcd.pth"))}[name](
            path, rng
        )
        path = path if path.exists() else path.with_name("w-0123abcd.pth")
    return name, path


ODD = (None, 3, -1, 0.5, True, "text", "\x1b[1mtext\n", [1], [], {}, {"a": {}}, 10**30, float("nan"), torch.zeros(3))


def damaged_checkpoint(path, content, number, mark, rng):
    """Replace a checkpoint by a damaged one; return what was done to it."""
    kind = ("part", "inner part", "no part", "weights", "foreign", "cut", "flipped", "evil", "part", "inner part")[
        number % 10
    ]
    content = copy.deepcopy(content)
    if kind == "foreign":
        name = rng.choice(list(FOREIGN))
        path.unlink()
        FOREIGN[name](path, rng)
        return name
    if kind == "evil":
        evil(content, path, mark, rng)
        return kind
    if kind == "weights":
        name = rng.choice(
            ("NaN", "shape", "text", "complex", "sparse", "foreign", "number as a name", "without values")
        )
        content["state_dict"] = WRONG[name](dict(content["state_dict"]), rng)
        torch.save(content, path)
        return name
    told = kind
    if kind in ("part", "inner part"):
        inside, keys = content, [rng.choice(list(content))]
        while kind == "inner part" and isinstance(inside[keys[-1]], (dict, list)) and inside[keys[-1]]:
            inside = inside[keys[-1]]
            keys.append(rng.choice(list(inside) if isinstance(inside, dict) else range(len(inside))))
            if rng.random() < 0.1:
                break
        inside[keys[-1]] = rng.choice(ODD)
        told = f"{'.'.join(map(str, keys))} = {inside[keys[-1]]!r}"
    elif kind == "no part":
        key = rng.choice(list(content))
        del content[key]
        told = f"no {key}"
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.write_bytes(buffer.getvalue())
    if kind in ("cut", "flipped"):
        {"cut": cut, "flipped": flipped}[kind](path, rng)
    return told
