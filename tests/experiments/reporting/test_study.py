"""The object that notebooks open, on the committed runs."""

import pandas as pd
import pytest

from experiments.reporting import Study
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta.errors import UserError

ORDER = "table_ablation_order"


@pytest.fixture(scope="module")
def study():
    return Study(tables=(TABLES[ORDER], TABLES["table_sota"]))


def test_the_committed_runs_are_opened_by_default(study):
    frame = study.table(ORDER)
    assert list(frame["row"]) == [row.name for row in TABLES[ORDER].rows]
    assert study.title(ORDER) == TABLES[ORDER].title
    assert study.numbers(ORDER)["top1"].between(1, 100).all()
    assert study.numbers(ORDER)["top1"].argmax() == study.best(ORDER)
    assert set(study.claims(ORDER)["verdict"]) <= {
        "supported",
        "contradicted",
        "equivalent",
        "undecided",
        "not measured",
    }
    assert f"{ORDER}_curves" in study.pictures
    assert study.agreement["differences"].tolist()[0] == "all"


def test_a_short_name_opens_the_same_profile():
    assert Study("tiny").profile is PROFILES["tiny-v2"]


def test_a_row_leads_to_its_run(study):
    row = TABLES[ORDER].rows[-1]
    run = study.run(ORDER, row.name, seed=1)
    assert run == PROFILES["tiny-v2"].resolve(row, 1)
    assert study.result(run).seed == 1


def test_what_there_is_not_is_said(study, tmp_path):
    with pytest.raises(UserError, match="no table 'table_ablation_ordr'; did you mean 'table_ablation_order'"):
        study.table("table_ablation_ordr")
    with pytest.raises(UserError, match=r"table_sota trains no row 'TSN'"):
        study.run("table_sota", "TSN")
    with pytest.raises(UserError, match="it is not finished"):
        study.result(study.run(ORDER, "R2D", seed=99))
    empty = Study(results=tmp_path, tables=(TABLES[ORDER],))
    assert (empty.best(ORDER), len(empty.claims(ORDER)), empty.pictures) == (None, 0, {})
    assert isinstance(empty.table(ORDER), pd.DataFrame)
