"""The recognizer's bookkeeping: views of clips in order, labels in checkpoints, learning rates."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from experiments.study.profiles import PROFILES, SMOKE
from experiments.study.rows import Row
from experiments.tables import TABLES
from gta.config import GloReConfig
from gta.errors import UserError
from gta.model import build_model
from gta.training.optimizer import build_optimizer, lr_factor
from gta.training.recognizer import VideoRecognizer, as_wrong, gather


def part(*lines):
    """A batch of (view, index) with label = index % 2 and scores that tell both."""
    view, index = (torch.tensor(column) for column in zip(*lines, strict=True))
    return view, index, index % 2, torch.stack((view.float(), index.float()), dim=1)


def test_views_are_put_in_order_whatever_the_order_of_the_batches():
    scores = gather([part((1, 2), (0, 0), (1, 1)), part((0, 2)), part((1, 0), (0, 1))])
    np.testing.assert_array_equal(scores.index, [0, 1, 2])
    np.testing.assert_array_equal(scores.labels, [0, 1, 0])
    assert scores.log_probabilities.tolist() == [[[v, i] for i in range(3)] for v in range(2)]


@pytest.mark.parametrize(
    "lines", [((0, 0), (0, 1), (0, 1)), ((0, 0), (0, 1), (1, 0)), ((0, 0), (0, 1), (1, 0), (1, 1), (1, 1))]
)
def test_a_view_seen_twice_or_not_at_all(lines):
    with pytest.raises(RuntimeError, match="not each of"):
        gather([part(*lines)])


def test_clips_that_cannot_be_read_are_wrong():
    scores = torch.log_softmax(torch.randn(3, 5), dim=1)
    found = as_wrong(scores, torch.tensor([2, 0, -1]), torch.tensor([False, True, True])).exp()
    torch.testing.assert_close(found[0], scores[0].exp())
    torch.testing.assert_close(found[1], torch.tensor([0, 0.25, 0.25, 0.25, 0.25]))
    torch.testing.assert_close(found[2], torch.full((5,), 0.2))


@pytest.mark.parametrize("looked", [1, 3])
def test_a_loss_that_is_not_finite_ends_the_training_at_the_next_look(monkeypatch, looked):
    """On a CPU every step is looked at; elsewhere every so many, and before a checkpoint is kept."""
    recognizer = VideoRecognizer(SMOKE.resolve(Row(""), 0))
    monkeypatch.setattr(recognizer, "log", lambda *args, **kwargs: None)
    recognizer.loss = Losses([1.0, float("nan"), 1.0], elsewhere=looked > 1)
    monkeypatch.setattr(recognizer, "forward", lambda video, boxes: video)
    batch = {"video": torch.zeros(1), "label": torch.zeros(1)}
    recognizer.training_step(batch, 0)
    if looked == 1:
        with pytest.raises(FloatingPointError, match=r"not finite at step 0; lower train.lr"):
            recognizer.training_step(batch, 1)
        return
    recognizer.training_step(batch, 1)
    recognizer.training_step(batch, 2)
    with pytest.raises(FloatingPointError, match="not finite"):
        recognizer.on_train_epoch_end()
    recognizer.on_train_epoch_end()  # what was looked at is not looked at again


def test_weights_that_are_not_finite_are_in_no_checkpoint():
    """The last step of an epoch can spoil them after its loss was finite."""
    recognizer = VideoRecognizer(SMOKE.resolve(Row(""), 0))
    recognizer.on_train_epoch_end()
    with torch.no_grad():
        recognizer.model.backbone.fc.weight[0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match=r"the weights are not finite after step 0; lower train.lr"):
        recognizer.on_train_epoch_end()


class Losses(torch.nn.Module):
    """Gives one loss after the other; ``elsewhere`` they claim to lie on a GPU."""

    def __init__(self, values, elsewhere):
        super().__init__()
        self.values, self.elsewhere = iter(values), elsewhere

    def forward(self, scores, labels):
        value = torch.tensor(next(self.values))
        return SimpleNamespace(is_cuda=self.elsewhere, detach=lambda: value)


def test_labels_go_with_the_checkpoint_and_another_order_is_refused():
    run = SMOKE.resolve(Row(""), 0)
    names = [f"class {number}" for number in range(24)]
    recognizer = VideoRecognizer(run, names)
    checkpoint = {}
    recognizer.on_save_checkpoint(checkpoint)
    assert checkpoint["labels"] == names
    recognizer.on_load_checkpoint(checkpoint)
    recognizer.on_load_checkpoint({})  # of a version that did not keep them
    other = VideoRecognizer(run, names[::-1])
    own = {}
    other.on_save_checkpoint(own)
    with pytest.raises(UserError) as caught:
        other.on_load_checkpoint(checkpoint)
    assert all(found["label_fingerprint"] in str(caught.value) for found in (own, checkpoint))


def rates(config, steps_per_epoch):
    """The learning rate of every optimiser step of a run, from the optimiser and schedule that a fit would make."""
    parameter = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.SGD([parameter], lr=config.train.lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: lr_factor(config.train, step / steps_per_epoch)
    )
    found = []
    for _ in range(config.train.epochs * steps_per_epoch):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(found).reshape(config.train.epochs, steps_per_epoch)


@pytest.mark.parametrize("name", ["ssv1", "ssv2"])
@pytest.mark.parametrize("backbone", ["r2d", "tsm"])
def test_the_learning_rate_of_something_something(name, backbone):
    """0.01 at batch 32, x 0.1 at epochs 30, 40 and 45 of 50, after two epochs of warm-up (appendix E)."""
    profile = PROFILES[name]
    run = profile.resolve(Row("", backbone=backbone), 0)
    steps = 97
    found = rates(run, steps)
    assert (run.train.batch_size, found.shape) == (32, (50, steps))
    expected = np.repeat(0.01 * 0.1 ** np.array([0.0] * 30 + [1.0] * 10 + [2.0] * 5 + [3.0] * 5), steps)
    expected[: 2 * steps] = 0.01 * np.maximum(np.arange(2 * steps) / (2 * steps), 1e-3)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-9)


@pytest.mark.parametrize("name", ["ssv1", "ssv2"])
def test_the_learning_rate_of_slowfast(name):
    """0.03 at batch 16, x 0.1 at 14 and 18 of 22, warm-up over 0.19 epochs from 1e-4 (PySlowFast's SSv2 recipe)."""
    run = PROFILES[name].resolve(Row("", backbone="slowfast"), 0)
    steps = 97
    found = rates(run, steps)
    assert (run.train.batch_size, found.shape) == (16, (22, steps))
    expected = np.repeat(0.03 * 0.1 ** np.array([0.0] * 14 + [1.0] * 4 + [2.0] * 4), steps)
    at = np.arange(found.size) / steps
    warm = at < 0.19
    np.testing.assert_allclose(found.ravel()[~warm], expected[~warm], rtol=1e-9)
    theirs = 1e-4 + (0.03 - 1e-4) * at[warm] / 0.19
    assert found[0, 0] == pytest.approx(1e-4)
    np.testing.assert_allclose(found.ravel()[warm], theirs, rtol=1e-9)


def test_the_learning_rate_of_kinetics():
    """0.01 at batch 64, x 0.1 at 44 and 88 of 118."""
    run = PROFILES["k400"].resolve(Row("", backbone="r2d_k400"), 0)
    steps = 97
    found = rates(run, steps)
    assert (run.train.batch_size, found.shape) == (64, (118, steps))
    expected = np.repeat(0.01 * 0.1 ** np.array([0.0] * 44 + [1.0] * 44 + [2.0] * 30), steps)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-9)


def test_the_learning_rate_of_slowfast_r101():
    """PySlowFast: half a cosine from 0.1 over 196 epochs, of which the first 34 are a line from 0.01 up to it."""
    run = PROFILES["k400"].resolve(Row("", backbone="slowfast_r101"), 0)
    steps = 13
    found = rates(run, steps)
    assert (run.train.batch_size, found.shape) == (64, (196, steps))
    at = np.arange(found.size) / steps
    cosine = 0.1 * 0.5 * (np.cos(np.pi * at / 196) + 1)
    top = 0.1 * 0.5 * (np.cos(np.pi * 34 / 196) + 1)
    expected = np.where(at < 34, 0.01 + at * (top - 0.01) / 34, cosine)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "backbone", "source"),
    [
        ("ssv1", "r2d", "tsm"),
        ("ssv2", "tsm", "tsm"),
        ("ssv2", "slowfast", "pyslowfast"),
        ("k400", "r2d_k400", "pyslowfast"),
        ("k400", "slowfast_r101", "pyslowfast"),
    ],
)
def test_the_optimiser_is_that_of_the_source(name, backbone, source):
    """TSM: head x 5, its bias x 10, other biases of layers x 2, plain momentum; PySlowFast: one rate, Nesterov."""
    run = PROFILES[name].resolve(Row("", (GloReConfig(bias=True),), backbone), 0)
    with torch.device("meta"):
        model = build_model(run.model)
    optimizer = build_optimizer(model, run.train)
    assert isinstance(optimizer, torch.optim.SGD)
    layers = torch.nn.Conv2d | torch.nn.Conv3d | torch.nn.Linear
    owner = {f"{path}.{own}": m for path, m in model.named_modules() for own, _ in m.named_parameters(recurse=False)}
    by_id = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    seen = set()
    for path, parameter in model.named_parameters():
        group = by_id[id(parameter)]
        assert group["nesterov"] is (source == "pyslowfast")
        head, bias = path.startswith("backbone.fc."), path.endswith(".bias") and isinstance(owner[path], layers)
        factor = (5 if head else 1) * (2 if bias else 1) if source == "tsm" else 1
        assert group["lr"] == pytest.approx(run.train.lr * factor)
        weight = path.endswith(".weight") and isinstance(owner[path], layers)
        assert group["weight_decay"] == (run.train.weight_decay if weight else 0.0)
        seen.add((head, bias))
    assert seen == {(False, False), (False, True), (True, False), (True, True)}
    assert (run.train.clip_norm, run.train.precise_bn) == ((20.0, 0) if source == "tsm" else (None, 200))


def test_gradients_are_clipped_when_a_norm_is_given():
    run = SMOKE.resolve(Row(""), 0)
    for norm, expected in ((None, 7.0), (2.0, 2.0)):
        own = dataclasses.replace(run, train=dataclasses.replace(run.train, clip_norm=norm))
        recognizer = VideoRecognizer(own)
        parameter = next(p for p in recognizer.parameters() if p.requires_grad)
        parameter.grad = torch.zeros_like(parameter)
        parameter.grad.view(-1)[0] = 7.0
        recognizer.configure_gradient_clipping(recognizer, norm)
        assert parameter.grad.norm().item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("table", TABLES)
def test_the_recognizer_of_every_row_can_be_built_and_scored(table):
    """At the scale of the smoke profile; kernels lie channels-last, those of clips too."""
    for row in {row.name: row for listed in TABLES[table].rows for row in listed.trained}.values():
        recognizer = VideoRecognizer(SMOKE.resolve(row, 0)).eval()
        data = recognizer.run.data
        clip = torch.randint(0, 256, (1, data.channels, data.frames, data.crop, data.crop), dtype=torch.uint8)
        with torch.inference_mode():
            assert recognizer(clip).shape == (1, 24), row.name
        for name, kernel in recognizer.model.named_parameters():
            if kernel.dim() == 5:
                assert kernel.is_contiguous(memory_format=torch.channels_last_3d), name
