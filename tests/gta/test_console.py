"""The installed package: one command, a light core, and a word about the extra that is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gta
from gta.console import DOORS, main

ABSENT = (
    "av", "matplotlib", "pandas", "pytorch_lightning", "rich", "tabulate", "wandb", "torchmetrics",
)  # fmt: skip
"""Packages of the extras; torch itself needs filelock."""
CORE = f"""
import sys
for name in {ABSENT!r}:
    sys.modules[name] = None
import gta, torch
network = gta.load("tiny-r2d-gta")
blocks = (gta.SAConfig(), gta.GTAConfig())
config = gta.ModelConfig(classes=5, frames=8, blocks=blocks, backbone=network.run.model.backbone)
with torch.inference_mode():
    print(tuple(network(torch.zeros(1, 3, 8, 32, 32, dtype=torch.uint8)).shape), end=" ")
    print(tuple(gta.build_model(config)(torch.zeros(1, 3, 8, 32, 32)).shape))
from gta.console import main
print(main(["predict", "sample.webm"]))
try:
    gta.VideoRecognizer
except ImportError as error:
    print(error)
"""


def test_the_core_works_without_the_extras(tmp_path):
    done = subprocess.run([sys.executable, "-c", CORE], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[:2] == ["(1, 24) (1, 5)", "2"]
    assert done.stderr.strip().endswith("error: gta predict needs av: pip install 'gta-video[video]'")
    assert "pip install 'gta-video[train]'" in done.stdout.splitlines()[2]


def test_help_and_version(capsys):
    for given in ([], ["--help"]):
        assert main(given) == 0
        assert all(f"gta {name} " in capsys.readouterr().out for name in list(DOORS)[:1])
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gta {gta.__version__}\n"


@pytest.mark.parametrize("name", DOORS)
def test_every_door_has_its_own_help(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    assert "usage: " in capsys.readouterr().out


def test_an_unknown_command_is_one_line(capsys):
    assert main(["predikt"]) == 2
    assert "there is no command 'predikt'; did you mean 'predict'" in capsys.readouterr().err
