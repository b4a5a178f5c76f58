"""The places of a ranked table's rows, against differences taken one by one."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

from experiments.reporting.evidence.collect import collect
from experiments.reporting.evidence.contrasts import Differences
from experiments.reporting.evidence.ranking import rank, spearman
from experiments.reporting.files import read_table
from experiments.reporting.pages.ranking_page import ranking_frame, ranking_section
from experiments.reporting.pages.table_page import render
from experiments.reporting.pictures.gallery import table_pictures
from experiments.store.store import Store
from experiments.study.profiles import PROFILES
from experiments.tables import TABLES
from gta import files
from tests.support import fake_scores

TINY = PROFILES["tiny-v2"]
PEERS = TABLES["table_peers"]
RIGHT = {"R2D": 0.3, "R2D + NL": 0.5, "TSM": 0.5, "R2D + GTA": 0.9}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Four rows with three seeds, two of them alike; a fifth with one seed."""
    store = Store(tmp_path_factory.mktemp("results"))
    rows = {row.name: row for row in PEERS.rows}
    for number, (name, right) in enumerate(RIGHT.items()):
        for seed in range(3):
            fake_scores.finish(store.prepare(TINY.resolve(rows[name], seed)), right, 10 * number + seed)
    fake_scores.finish(store.prepare(TINY.resolve(rows["STM"], 0)), 0.99, 99)
    return store


def test_rows_that_are_alike_share_their_places(store):
    found = rank(collect(PEERS, TINY, store), store)
    places = {row.row: (row.best, row.worst) for row in found.rows}
    assert places == {"R2D + GTA": (1, 1), "R2D + NL": (2, 3), "TSM": (2, 3), "R2D": (4, 4)}
    assert [row.top1.mean for row in found.rows] == sorted((row.top1.mean for row in found.rows), reverse=True)
    assert (found.pairs, found.decided) == (6, 5)
    order = [{"R2D": 17.0, "R2D + NL": 31.2, "TSM": 45.6, "R2D + GTA": 50.6}[row.row] for row in found.rows]
    assert found.correlation == pytest.approx(spearman([(-place, paper) for place, paper in enumerate(order)]))
    assert math.isnan(found.correlation_within)  # two rows know the order of frames
    assert {row.row for row in found.rows if row.knows_order} == {"R2D + GTA", "TSM"}


def test_differences_drawn_together_are_those_drawn_alone(store):
    differences = Differences(collect(PEERS, TINY, store), store)
    contrasts = [((a, 1.0), (b, -1.0)) for a, b in itertools.combinations(RIGHT, 2)]
    contrasts.append((("R2D + GTA", 1.0), ("R2D", -0.5), ("TSM", -0.5)))
    for together, contrast in zip(differences.several(contrasts), contrasts, strict=True):
        alone = Differences(collect(PEERS, TINY, store), store).of(contrast)
        assert together == alone
        assert np.array_equal(together.replicates, alone.replicates)


def test_the_page_shows_places_and_the_authors_order(store):
    files.write_text(
        store.results / "benchmarks" / "peers.md", "| network | train clips/s |\n|---|---|\n| TSM | 199 |\n"
    )
    data = read_table(PEERS, TINY, store)
    page = render(data)
    assert "5 of the 6 differences between rows are decided." in page
    frame = ranking_frame(data).set_index("row")
    assert list(frame["place"]) == ["1", "2 (2–3)", "3 (2–3)", "4"]
    printed = {"R2D + GTA": "50.6 (1)", "TSM": "45.6 (2)", "R2D + NL": "31.2 (3)", "R2D": "17.0 (4)"}
    assert dict(frame["authors'"]) == printed
    assert dict(frame["clips/s"]) == {"R2D + GTA": "–", "TSM": "199", "R2D + NL": "–", "R2D": "–"}
    assert "STM" not in set(frame.index)  # one seed has no place
    assert ranking_section(data).endswith("Measured with one seed, and not ranked: STM.")
    assert {picture.name for picture in table_pictures(data)} >= {"table_peers", "table_peers_cost"}


def test_other_tables_and_single_rows_are_not_ranked(store, tmp_path):
    assert read_table(TABLES["table_main"], TINY, store).ranking is None
    assert "## Ranking" not in render(read_table(TABLES["table_main"], TINY, store))
    assert rank(collect(PEERS, TINY, Store(tmp_path)), Store(tmp_path)) is None
    few = dataclasses.replace(PEERS, rows=PEERS.rows[:1], claims=())
    assert rank(collect(few, TINY, store), store) is None


def test_rank_correlation():
    assert spearman([(1, 10), (2, 20), (3, 30)]) == pytest.approx(1)
    assert spearman([(1, 30), (2, 20), (3, 10)]) == pytest.approx(-1)
    assert spearman([(1, 1), (2, 3), (3, 2), (4, 4)]) == pytest.approx(0.8)
    assert math.isnan(spearman([(1, 1), (2, 2)]))
