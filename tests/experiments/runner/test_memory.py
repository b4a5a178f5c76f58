"""Out of memory is told from other failures, and the failed row says what helps."""

from __future__ import annotations

import errno
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from experiments import train as child
from experiments.runner.child_options import ChildOptions
from experiments.runner.memory import ended_by_shortage, is_shortage, what_helps
from experiments.study.profiles import PROFILES
from experiments.study.rows import Row
from gta import files
from gta.config import to_dict
from gta.errors import UserError

RUN = PROFILES["ssv1"].resolve(Row(""), 0)


def allocate_too_much():
    torch.empty(1 << 50)


def chained():
    try:
        raise MemoryError
    except MemoryError as error:
        raise ValueError("a batch could not be put together") from error


def raising(error):
    def fail():
        raise error

    return fail


SHORTAGES = {
    "CPU": allocate_too_much,
    "numpy": lambda: __import__("numpy").empty(1 << 50),
    "Python": raising(MemoryError()),
    "system": raising(OSError(errno.ENOMEM, "Cannot allocate memory")),
    "CUDA": raising(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")),
    "cuBLAS": raising(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")),
    "worker": raising(RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")),
    "shared": raising(RuntimeError("DataLoader worker (pid(s) 7) is killed by signal: Bus error. ")),
    "chained": chained,
}
OTHERS = {
    "shapes": raising(RuntimeError("mat1 and mat2 shapes cannot be multiplied")),
    "disk": raising(OSError(errno.ENOSPC, "No space left on device")),
    "bug": raising(KeyError("memory")),
}


def fail_with(tmp_path, monkeypatch, fail):
    """Let a child fail within its training; return its exit code and its error."""
    folder = tmp_path / "runs" / RUN.id
    files.write_json(folder / "config.json", to_dict(RUN))
    monkeypatch.setattr(child, "train", lambda config, place: fail())
    code = child.main([str(folder), "--data", str(tmp_path)])
    return code, files.read_json(folder / "error.json")


@pytest.mark.parametrize("name", SHORTAGES)
def test_a_shortage_names_what_helps(tmp_path, monkeypatch, name):
    monkeypatch.delenv("GTA_ACCUMULATE", raising=False)
    code, error = fail_with(tmp_path, monkeypatch, SHORTAGES[name])
    assert (code, error["kind"]) == (2, "user")
    assert error["error"].startswith("out of memory; what helps: GTA_ACCUMULATE=2 (16 clips at once in place of 32)")
    assert "fewer loader processes (GTA_WORKERS" in error["error"]


@pytest.mark.parametrize("name", OTHERS)
def test_other_failures_do_not(tmp_path, monkeypatch, name):
    _, error = fail_with(tmp_path, monkeypatch, OTHERS[name])
    assert "out of memory" not in error["error"]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each of OTHERS
        OTHERS[name]()
    assert not is_shortage(caught.value)


def test_the_advice_goes_on_from_what_is_set(monkeypatch):
    monkeypatch.setenv("GTA_ACCUMULATE", "4")
    monkeypatch.setenv("GTA_WORKERS", "0")
    options = ChildOptions(Path("runs"), Path("data"), threads=4)
    advice = what_helps(RUN, options)
    assert "GTA_ACCUMULATE=8 (4 clips at once in place of 8)" in advice
    assert "loader" not in advice
    given = what_helps(RUN, replace(options, accumulate=2, workers=3))
    assert "--accumulate 4 (8 clips at once in place of 16)" in given
    assert "fewer loader processes (--workers, 0 for none)" in given
    assert "GTA_ACCUMULATE=8 (2 clips at once in place of 4)" in what_helps(RUN, replace(options, devices=2))
    monkeypatch.setenv("GTA_ACCUMULATE", "32")  # one clip at a time: no smaller part
    assert "GTA_ACCUMULATE" not in what_helps(RUN, options)
    assert "GTA_ACCUMULATE" not in what_helps(replace(RUN, train=replace(RUN.train, batch_size=1)), options)


@pytest.mark.parametrize(
    ("code", "log", "short"),
    [
        (-signal.SIGKILL, "", True),
        (128 + signal.SIGKILL, "", True),
        (-signal.SIGABRT, "terminate called after throwing an instance of 'std::bad_alloc'\n", True),
        (1, "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0\n", True),
        (-signal.SIGSEGV, "Segmentation fault\n", False),
        (1, "out of memory\n" + "progress 1 2\n" * 1000, False),  # long before the end
    ],
)
def test_an_exit_without_a_word(tmp_path, code, log, short):
    (tmp_path / "log.txt").write_text(log)
    assert ended_by_shortage(code, tmp_path / "log.txt") is short


def test_workers_are_as_many_as_asked_for(monkeypatch):
    from experiments.runner import batches

    monkeypatch.delenv("GTA_WORKERS", raising=False)
    assert batches.workers(3) == 3
    monkeypatch.setenv("GTA_WORKERS", "1")
    assert batches.workers(3) == 1
    monkeypatch.setenv("GTA_WORKERS", "two")
    with pytest.raises(UserError, match="GTA_WORKERS is 'two'"):
        batches.workers(3)
