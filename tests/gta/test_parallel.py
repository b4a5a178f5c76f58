"""How many cores a process may use, by what the system allows and what a container's quota is worth."""

import os

import pytest

from gta import parallel


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ({}, 16),
        ({"cpu.max": "max 100000"}, 16),
        ({"cpu.max": "400000 100000"}, 4),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "9900000 100000"}, 16),
        ({"quota": "200000", "period": "100000"}, 2),
        ({"quota": "-1", "period": "100000"}, 16),
        ({"cpu.max": "no numbers"}, 16),
    ],
)
def test_cores_are_those_of_the_quota_too(tmp_path, monkeypatch, written, wanted):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(parallel, "QUOTAS", ((tmp_path / "cpu.max",), (tmp_path / "quota", tmp_path / "period")))
    for name, text in written.items():
        (tmp_path / name).write_text(text + "\n")
    assert parallel.cores() == wanted
