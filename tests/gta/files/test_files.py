"""Files are whole or absent."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from gta import files
from gta.errors import UserError, nearest


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "result.json"
    files.write_json(path, {"a": 1})

    def write_half():
        with files.replacing(path) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert files.read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_full_disk_is_one_clear_line(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    files.write_json(path, {"a": 1})

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot write .*result\.json: No space left on device; free space"):
        files.write_json(path, {"a": 2})
    assert files.read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_checkpoint_on_a_full_disk_names_the_disk(tmp_path):
    """In a process of its own whose files may not grow: torch.save itself would hide the reason."""
    program = f"""
import resource, signal, torch
from pathlib import Path
from gta.training.checkpoint import AtomicCheckpointIO
from gta.errors import UserError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
content = {{"state_dict": {{"w": torch.zeros(10000)}}}}
try:
    AtomicCheckpointIO().save_checkpoint(content, Path({str(tmp_path)!r}) / "last.ckpt")
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert "cannot write" in done.stdout, done.stderr
    assert "File too large; free space" in done.stdout
    assert os.listdir(tmp_path) == []


def test_arrays_come_back_and_equal_ones_are_equal_files(tmp_path):
    arrays = {"scores": np.arange(600, dtype=np.float16).reshape(2, 300), "clip_ids": np.array(["a", "bc"])}
    for name in ("a", "b"):
        files.write_arrays(tmp_path / f"{name}.npz", arrays)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert set(stored.files) == set(arrays)
    for name, array in files.read_arrays(tmp_path / "a.npz").items():
        assert array.dtype == arrays[name].dtype
        np.testing.assert_array_equal(array, arrays[name])
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        files.write_arrays(tmp_path / "c.npz", {"x": np.array([{}])})
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "b.npz"]


@pytest.mark.parametrize("write", [files.write_arrays, lambda path, arrays: np.savez_compressed(path, **arrays)])
def test_damaged_arrays_are_named(tmp_path, write):
    """Wherever a byte has changed or the file ends early: the file is named, or the arrays are whole."""
    path, values = tmp_path / "x.npz", np.random.default_rng(0).normal(size=400)
    write(path, {"values": values})
    whole = path.read_bytes()
    for place in range(0, len(whole), 37):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            try:
                found, message = files.read_arrays(path).get("values", values), ""
            except UserError as error:
                found, message = values, str(error)
            np.testing.assert_array_equal(found, values)
            assert message == "" or message.startswith(f"{path} is unreadable: ")
            assert "pickle" not in message


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_unreadable_json_is_named(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"x\.json is not readable JSON"):
        files.read_json(path)
    with pytest.raises(UserError, match=r"y\.json does not exist"):
        files.read_json(tmp_path / "y.json")


def test_not_a_number_is_not_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "x.json", {"top1": float("nan")})


def test_nearest_names():
    assert nearest("tinny", ["tiny", "smoke"]) == "did you mean 'tiny'? known: smoke, tiny"
    assert nearest("xyz", ["tiny", "smoke"]) == "known: smoke, tiny"
