"""A thousand damaged videos, frames and lists: no crash, no hang, no wrong count."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.fuzz_files import TIMEOUT

FILES = 1000
PROCESSES = 2


def test_damaged_files_give_their_frames_or_an_error(tmp_path):
    share = FILES // PROCESSES
    children = []
    for i in range(PROCESSES):
        command = [
            sys.executable,
            "-m",
            "tests.support.fuzz_files",
            str(tmp_path / str(i)),
            str(i * share),
            str((i + 1) * share),
        ]
        (tmp_path / str(i)).mkdir()
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    results = []
    for child in children:
        out, err = child.communicate(timeout=300)
        lines = [json.loads(line) for line in out.splitlines()]
        assert child.returncode == 0, f"after {lines[-1:]}: {err[-2000:]}"
        results += [line for line in lines if "wrong" in line]
    assert len(results) == FILES
    assert [line for line in results if line["wrong"]] == []
    assert max(line["seconds"] for line in results) < 3 * TIMEOUT
