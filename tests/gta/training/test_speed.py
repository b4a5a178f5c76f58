"""The precision that is fastest here, and the time of a step: what is counted, and that it is one of the run."""

import pytest
import torch

from experiments.study.profiles import SMOKE
from experiments.study.rows import Row
from gta.training import speed

RUN = SMOKE.resolve(Row("R2D"), 0)


@pytest.fixture
def times(monkeypatch):
    """Milliseconds of fp32 and bf16; what is measured is counted."""
    asked, told = [], {}
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(speed, "_milliseconds", lambda dtype: asked.append(str(dtype)) or told[str(dtype)])
    return asked, told


@pytest.mark.parametrize(
    ("bf16", "expected"), [(5.0, "bf16-mixed"), (8.3, "bf16-mixed"), (8.4, "32-true"), (20.0, "32-true")]
)
def test_bf16_is_taken_where_it_is_clearly_faster(times, bf16, expected):
    times[1].update({"torch.float32": 10.0, "torch.bfloat16": bf16})
    assert speed.choose_precision() == {"precision": expected, "precision_ms": {"32-true": 10.0, "bf16-mixed": bf16}}


def test_what_is_wanted_is_not_measured(times):
    assert speed.choose_precision("32-true") == {"precision": "32-true"}
    assert times[0] == []


def test_the_measurement_is_real_and_leaves_the_threads():
    threads = torch.get_num_threads()
    assert speed.choose_precision().get("precision") in speed.DTYPES
    assert torch.get_num_threads() == threads


class Clock:
    """Steps take the seconds that it is told, one after the other."""

    def __init__(self, seconds):
        self.times = iter([edge for each in seconds for edge in (0.0, each)])

    def perf_counter(self):
        return next(self.times)


def test_the_median_of_the_steps_after_the_first_ones(monkeypatch):
    monkeypatch.setattr(speed, "time", Clock([90.0, 80.0, 70.0, 6.0, 4.0, 8.0, 60.0, 2.0]))
    assert speed.seconds_a_clip(RUN, 3, "32-true", torch.device("cpu")) == 6.0 / 3


@pytest.mark.parametrize("row", [Row("", backbone="tsm_flow"), Row("", backbone="slowfast")])
def test_every_step_is_one_of_the_run(monkeypatch, row):
    """Clips of the run's own channels and frames, forward in the precision, backward, and new weights."""
    run, seen = SMOKE.resolve(row, 0), []

    class Watched(speed.VideoRecognizer):
        def forward(self, video, boxes=None):
            scores = super().forward(video, boxes)
            weight = float(next(p for p in self.parameters() if p.requires_grad).detach().abs().sum())
            precision = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
            seen.append((tuple(video.shape), video.dtype, precision, weight))
            return scores

    monkeypatch.setattr(speed, "VideoRecognizer", Watched)
    assert speed.seconds_a_clip(run, 2, "bf16-mixed", torch.device("cpu")) > 0
    shapes, kinds, precisions, weights = zip(*seen, strict=True)
    size = run.data.crop
    assert set(shapes) == {(2, run.data.channels, run.model.frames, size, size)}
    assert set(kinds) == {torch.uint8}
    assert set(precisions) == {torch.bfloat16}
    assert len(set(weights)) == speed.WARM + speed.TIMED
