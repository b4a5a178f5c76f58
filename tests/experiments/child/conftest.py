"""One smoke run, trained once for all tests of a file; they work on copies of it."""

import pytest

from tests.support.smoke_run import lay, start


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return lay(tmp_path_factory.mktemp("ground"))


@pytest.fixture(scope="module")
def whole(ground, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "runs" / ground[2].id
    assert start(ground, folder) == 0
    return folder
