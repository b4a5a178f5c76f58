"""Every command that the sweep file starts is one run of the study, and no other's."""

from __future__ import annotations

import itertools
import re

import yaml

from experiments.run import main
from tests.conftest import ROOT


def commands():
    sweep = yaml.safe_load((ROOT / "experiments" / "sweep.yaml").read_text())
    assert sweep["command"][:4] == ["${env}", "${interpreter}", "-m", "experiments.run"]
    assert sweep["command"][-1] == "${args}"
    names = list(sweep["parameters"])
    for values in itertools.product(*(sweep["parameters"][name]["values"] for name in names)):
        arguments = [f"--{name}={value}" for name, value in zip(names, values, strict=True)]
        yield [*sweep["command"][4:-1], *arguments]


def test_every_command_of_the_sweep_is_one_run(tmp_path, capsys):
    ids = []
    for arguments in commands():
        assert main([*arguments, "--dry-run", "--results", str(tmp_path), "--data", str(tmp_path)]) == 0
        said = capsys.readouterr().out
        assert "1 row x 1 seed, 1 distinct run: 1 new" in said
        ids += re.findall(r"\b[0-9a-f]{12}\b", said)
    assert len(ids) == len(set(ids)) == 12
