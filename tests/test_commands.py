"""Every command that the documents print: its options and its tables exist."""

from __future__ import annotations

import importlib
import re
import shlex

import pytest

from experiments.tables import TABLES
from gta.errors import UserError
from tests.conftest import ROOT

COMMAND = re.compile(r"python -m ((?:experiments|gta|benchmarks)\.[^`#&|\n]*)")
NO_OPTIONS = {"experiments.reporting.evidence.sizes"}
FILES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "results" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
)


def commands():
    for path in FILES:
        for found in COMMAND.findall(path.read_text()):
            door, *arguments = shlex.split(found.replace("TABLE...", "table_main").replace("...", ""))
            if door not in NO_OPTIONS:
                yield pytest.param(door, arguments, id=f"{path.name}: {found.strip()}")


class FarEnough(Exception):
    """The options were read; what they do is tested elsewhere."""


@pytest.mark.parametrize(("door", "arguments"), list(commands()))
def test_every_command_of_the_documents_can_be_given(door, arguments, monkeypatch, tmp_path):
    module, real = importlib.import_module(door), importlib.import_module("gta.cli").parse

    def parse(parser, given):
        options = real(parser, given)
        for name in getattr(options, "tables", None) or []:
            assert name in TABLES
        raise FarEnough

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "parse", parse)
    monkeypatch.setattr("gta.data.tools.convert.parse", parse)  # prepare extract, prepare reencode
    with pytest.raises((FarEnough, SystemExit)) as ended:
        module.main(arguments)
    assert isinstance(ended.value, FarEnough) or ended.value.code == 0


def test_a_command_with_an_unknown_option_would_be_found():
    with pytest.raises(UserError, match="unknown option"):
        importlib.import_module("gta.cli").parse(
            importlib.import_module("experiments.arguments").build_parser(), ["--x"]
        )


def test_there_are_commands():
    assert len(list(commands())) > 30
