"""What a run keeps of a few clips: the maps that its blocks have, and a file that survives or says why."""

import numpy as np
import pytest
import torch

from gta.config import BackboneConfig, GTAConfig, ModelConfig, NLConfig, SAConfig, SlowFastConfig, TAConfig
from gta.errors import UserError
from gta.explain.capture import _likeness, capture_looks, moving_query
from gta.explain.looks import SIDE, read_looks, write_looks
from gta.model import build_model

NARROW = BackboneConfig((1, 3, 5, 1), 8, "small")
NAMES = [f"class {number}" for number in range(5)]


def model_of(*blocks, backbone=NARROW, frames=8):
    torch.manual_seed(0)
    config = ModelConfig(
        5, blocks=blocks, places=(("res3", 0), ("res3", 2), ("res4", 1)), backbone=backbone, frames=frames
    )
    return build_model(config).eval()


def clips(frames=8, side=32):
    pictures = np.random.default_rng(0).integers(0, 256, (2, frames, side, side, 3), dtype=np.uint8)
    return torch.from_numpy(pictures).permute(0, 4, 1, 2, 3).float() / 64, pictures


def test_the_query_stands_where_most_moves():
    frames = np.zeros((8, 32, 48, 3), np.uint8)
    frames[4, 20:24, 6:10] = 200  # the middle frame
    frames[6, :8, :8] = 255
    assert moving_query(frames) == pytest.approx((4, 22 / 32, 8 / 48))


@pytest.mark.parametrize(
    ("blocks", "kinds"),
    [
        ((NLConfig(),), {"nl"}),
        ((SAConfig(), TAConfig()), {"spatial", "temporal", "spatial_swapped", "temporal_swapped"}),
        ((SAConfig(), TAConfig(position=True)), {"spatial", "temporal"}),
        ((SAConfig(), GTAConfig(groups=2)), {"spatial", "regions", "likeness"}),
        ((TAConfig(groups=2),), {"temporal"}),
        ((GTAConfig(groups=2, region=False),), set()),
    ],
)
def test_what_is_kept_depends_on_the_blocks(tmp_path, blocks, kinds):
    looks = capture_looks(model_of(*blocks), *clips(), labels=[3, -1], names=NAMES)
    assert set(looks.maps) == kinds
    assert looks.place == "res3[2]"  # the last of those with the most positions
    assert looks.truth.tolist() == ["class 3", "unknown"]
    write_looks(tmp_path / "looks.npz", looks)
    read = read_looks(tmp_path / "looks.npz")
    for name in ("frames", "truth", "predicted", "query", "place"):
        assert np.array_equal(getattr(read, name), getattr(looks, name))
    for kind, values in looks.maps.items():
        np.testing.assert_allclose(read.maps[kind], values, atol=1e-3)


def test_a_model_without_blocks_keeps_nothing():
    assert (
        capture_looks(build_model(ModelConfig(5, backbone=NARROW)).eval(), *clips(), labels=[0, 1], names=NAMES) is None
    )


def test_slowfast_keeps_the_frames_of_its_slow_pathway():
    backbone = SlowFastConfig(depths=(1, 3, 5, 1), width=8, stem="small", beta_inverse=4, fusion_kernel=5)
    video, pictures = clips(32)
    looks = capture_looks(model_of(NLConfig(), backbone=backbone, frames=32), video, pictures, [0, 1], NAMES)
    assert np.array_equal(looks.frames, pictures[:, [0, 4, 8, 13, 17, 22, 26, 31]])
    assert looks.maps["nl"].shape[:2] == (2, 8)
    assert looks.maps["nl"].sum(axis=(1, 2, 3)) == pytest.approx([1, 1], abs=1e-5)


def test_large_frames_are_kept_small():
    looks = capture_looks(model_of(NLConfig()), *clips(side=96), labels=[0, 1], names=NAMES)
    assert looks.frames.shape == (2, 8, SIDE, SIDE, 3)


def test_regions_are_two_different_ones():
    model = model_of(GTAConfig(groups=2))
    looks = capture_looks(model, *clips(), labels=[0, 1], names=NAMES)
    first, second = looks.maps["regions"][0, :, 0], looks.maps["regions"][0, :, 1]
    assert not np.allclose(first, second)
    assert first.std() >= second.std()


def test_likeness_is_one_for_equal_regions_and_zero_for_unlike_ones():
    one = torch.randn(3, 1, 4, 4)
    torch.testing.assert_close(_likeness(one * torch.tensor([1.0, 2.0, -3.0]).view(1, 3, 1, 1)), torch.ones(3))
    basis = torch.linalg.qr(torch.cat([torch.ones(16, 1), torch.randn(16, 4)], dim=1))[0][:, 1:]
    torch.testing.assert_close(_likeness(basis.T.reshape(1, 4, 4, 4)), torch.zeros(1), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.unlink(), "does not exist"),
        (lambda path: path.write_bytes(b"torn"), "is unreadable"),
        (lambda path: np.savez(path, frames=np.zeros(3)), "is no file of looks"),
        (
            lambda path: np.savez(
                path, frames=np.zeros((2, 8, 4, 4, 3)), truth=0, predicted=0, query=0, place="", map_nl=np.zeros((2, 4))
            ),
            "do not fit each other",
        ),
    ],
)
def test_a_damaged_file_is_named(tmp_path, damage, says):
    path = tmp_path / "looks.npz"
    write_looks(path, capture_looks(model_of(NLConfig()), *clips(), labels=[0, 1], names=NAMES))
    damage(path)
    with pytest.raises(UserError, match=says) as caught:
        read_looks(path)
    assert str(path) in str(caught.value)
