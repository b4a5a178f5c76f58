"""Loader processes: as many as the device needs, the cores allow and shared memory holds."""

from pathlib import Path

import pytest

from experiments.runner import loading
from experiments.runner.child_options import ChildOptions
from experiments.study.profiles import PROFILES
from experiments.study.rows import Row

SSV1, SSV2, TINY = (PROFILES[name].resolve(Row("R2D"), 0) for name in ("ssv1", "ssv2", "tiny-v2"))
BATCH = loading.batch_bytes(SSV2, SSV2.train.batch_size)


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.delenv("GTA_WORKERS", raising=False)
    monkeypatch.setattr(loading, "free_bytes", lambda: None)


def child(**options):
    return ChildOptions(Path("runs"), Path("data"), **options)


def test_a_batch_is_a_byte_for_each_pixel_and_colour():
    side = max(SSV2.data.crop, SSV2.data.test_crop or 0)
    assert loading.batch_bytes(SSV2, 32) == 32 * 8 * 3 * side**2


@pytest.mark.parametrize(
    ("run", "threads", "devices", "wanted"),
    [(SSV2, 32, 1, 6), (SSV1, 32, 1, 3), (SSV2, 32, 8, 4), (SSV2, 4, 8, 1), (SSV2, 2, 1, 2), (TINY, 32, 1, 0)],
)
def test_workers_by_need_and_cores(run, threads, devices, wanted):
    assert loading.workers(run, child(threads=threads, devices=devices)) == wanted


@pytest.mark.parametrize(("free", "wanted"), [(64 << 20, 0), (4.5, 2), (100, 6)])
def test_never_more_than_shared_memory_holds(monkeypatch, free, wanted):
    monkeypatch.setattr(loading, "free_bytes", lambda: free if free > 1000 else int(free * BATCH))
    assert loading.workers(SSV2, child(threads=32)) == wanted


def test_what_is_asked_for_goes_before_what_is_found(monkeypatch):
    assert loading.workers(SSV2, child(threads=32, workers=9)) == 9
    monkeypatch.setenv("GTA_WORKERS", "5")
    assert loading.workers(SSV2, child(threads=32)) == 5
    assert loading.workers(TINY, child(threads=32)) == 5
    assert loading.workers(SSV2, child(threads=32, workers=0)) == 0


@pytest.mark.parametrize(("free", "short"), [(1, True), (1000, False)])
def test_the_plan_says_what_is_held_and_what_is_free(monkeypatch, free, short):
    monkeypatch.setattr(loading, "free_bytes", lambda: free * BATCH)
    line = loading.remark(SSV2, child(threads=8, workers=4))
    assert line.startswith("4 loader processes for each GPU of a run hold up to ")
    assert f"hold up to {8 * BATCH / 2**20:,.0f} MiB of batches in /dev/shm" in line
    assert f"where {free * BATCH / 2**20:,.0f} MiB are free" in line
    assert ("a smaller --workers" in line) is short
