"""The documents' site: it builds without a warning, holds the pages of results, and notices a link to nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="mkdocs-material is not installed")

ROOT = Path(__file__).parent.parent


def build(root: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=300)


def test_the_site_builds_without_a_warning(tmp_path):
    done = build(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "WARNING" not in done.stderr
    home = (tmp_path / "index.html").read_text()
    assert 'href="docs/data.html"' in home
    assert 'href="results/tiny-v2/claims.html"' in home
    assert "<table>" in (tmp_path / "results" / "tiny-v2" / "table_ablation_order.html").read_text()
    assert "experiments/tables/table_ablation_order.py" in home  # a link to code became its path
    assert 'href="experiments/tables' not in home


def test_a_link_to_nothing_fails(tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("mkdocs.yml", "README.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, copy / name)
    shutil.copytree(ROOT / "docs", copy / "docs")  # README's links to results lead nowhere in this copy
    done = build(copy, tmp_path / "site")
    assert done.returncode != 0
    assert "results/README.md" in done.stderr
