"""The environment variables: read in one place, and documented in one table."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from gta.variables import PREFIX, Variables, read_variables

ROOT = Path(__file__).parent.parent.parent
NAMES = [f"{PREFIX}{field.name.upper()}" for field in fields(Variables)]


def test_nothing_is_set_by_default():
    assert read_variables() == Variables()


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_is_read_into_its_field(monkeypatch, name):
    monkeypatch.setenv(name, "some text")
    assert read_variables() == Variables(**{name.removeprefix(PREFIX).lower(): "some text"})


def test_the_table_in_the_documents_lists_them_all():
    lines = (ROOT / "docs" / "train.md").read_text("utf-8").splitlines()
    assert [match[1] for line in lines if (match := re.match(rf"\| `({PREFIX}\w+)`", line))] == sorted(NAMES)


def test_no_other_file_reads_them():
    named = re.compile(rf"environ\b[^\n]*{PREFIX}|getenv")
    readers = [
        path.relative_to(ROOT)
        for folder in ("gta", "experiments", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if named.search(path.read_text("utf-8"))
    ]
    assert readers == []
