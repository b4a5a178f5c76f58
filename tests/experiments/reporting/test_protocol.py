"""The claims stand in the protocol as they are, and a claim that is younger than a run is told from an older one."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from experiments import report
from experiments.reporting.evidence import protocol
from experiments.study.claims import greater
from experiments.tables import TABLES
from gta.errors import UserError

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TABLE = TABLES["table_main"]
CLAIM = TABLE.claims[0]


@pytest.fixture
def frozen(tmp_path):
    path = tmp_path / "protocol.csv"
    path.write_text(protocol.render([TABLE], {}, NOW))
    return path


def test_every_claim_is_frozen_as_it_is():
    assert protocol.loose(TABLES.values(), protocol.read()) == []
    wanted = [(table.name, claim.name) for table in TABLES.values() for claim in table.claims]
    assert list(protocol.read()) == wanted


@pytest.mark.parametrize(("apart", "before"), [(timedelta(seconds=1), True), (-timedelta(seconds=1), False)])
def test_a_claim_that_is_younger_than_one_of_its_runs(frozen, apart, before):
    times = [(NOW + timedelta(days=1)).isoformat(), (NOW + apart).isoformat()]
    assert protocol.frozen_before(protocol.read(frozen), TABLE.name, CLAIM, times) is before


@pytest.mark.parametrize(
    "change", [{"low": 0.5}, {"quote": "other words"}, {"sanity": "by construction"}, {"high": 3.0}]
)
def test_a_changed_claim_is_not_the_frozen_one_and_gets_a_new_time(frozen, change):
    changed = dataclasses.replace(CLAIM, **change)
    later = (NOW + timedelta(days=2)).isoformat()
    assert not protocol.frozen_before(protocol.read(frozen), TABLE.name, changed, [later])
    table = dataclasses.replace(TABLE, claims=(changed, *TABLE.claims[1:]))
    frozen.write_text(protocol.render([table], protocol.read(frozen), NOW + timedelta(days=1)))
    found = protocol.read(frozen)
    assert found[TABLE.name, changed.name].frozen == NOW + timedelta(days=1)
    assert found[TABLE.name, TABLE.claims[1].name].frozen == NOW


def test_a_claim_of_no_protocol_was_not_frozen(frozen):
    new = greater("new", "R2D + GTA", "R2D", "said nowhere")
    assert not protocol.frozen_before(protocol.read(frozen), TABLE.name, new, [])


@pytest.mark.parametrize("text", ["table,claim\na,b\n", "table,claim,digest,frozen\na,b,c,yesterday\n"])
def test_what_is_no_protocol(frozen, text):
    frozen.write_text(text)
    with pytest.raises(UserError, match=r"protocol\.csv: .* is no line of a protocol"):
        protocol.read(frozen)


def test_the_report_freezes_what_is_new_and_the_check_names_it(frozen, monkeypatch, capsys):
    monkeypatch.setattr(protocol, "PATH", frozen)
    monkeypatch.setattr(protocol.read, "__defaults__", (frozen,))
    assert "table_sota: GTA > TSM" in protocol.loose(TABLES.values(), protocol.read())
    assert report.main(["--freeze"]) == 0
    assert capsys.readouterr().out == f"{frozen}\n"
    assert protocol.loose(TABLES.values(), protocol.read()) == []
    assert protocol.read()[TABLE.name, CLAIM.name].frozen == NOW
    assert report.main(["--freeze", "table_main"]) == 2
