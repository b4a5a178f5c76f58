"""What a run was computed with, and how its precision is chosen."""

import pytest

from experiments.child import environment
from experiments.child.environment import choose_precision


@pytest.fixture
def times(monkeypatch):
    """Milliseconds of fp32 and bf16; what is measured is counted."""
    asked, told = [], {}
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(environment, "_milliseconds", lambda dtype: asked.append(str(dtype)) or told[str(dtype)])
    return asked, told


@pytest.mark.parametrize(
    ("bf16", "expected"), [(5.0, "bf16-mixed"), (8.3, "bf16-mixed"), (8.4, "32-true"), (20.0, "32-true")]
)
def test_bf16_is_taken_where_it_is_clearly_faster(times, bf16, expected):
    times[1].update({"torch.float32": 10.0, "torch.bfloat16": bf16})
    assert choose_precision() == {"precision": expected, "precision_ms": {"32-true": 10.0, "bf16-mixed": bf16}}


def test_what_is_wanted_is_not_measured(times):
    assert choose_precision("32-true") == {"precision": "32-true"}
    assert times[0] == []


def test_the_measurement_is_real():
    assert choose_precision().get("precision") in ("32-true", "bf16-mixed", "16-mixed")
