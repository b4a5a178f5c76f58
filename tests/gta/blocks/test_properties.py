"""What the blocks must and must not do, whatever their weights."""

import pytest
import torch

from gta.blocks import build_block, build_blocks
from gta.blocks.mixing import CrossChannelMultiHead, MultiHead, SingleMatrix
from gta.config import CGNLConfig, GCConfig, GloReConfig, GTAConfig, NLConfig, SAConfig, TAConfig

B, T, C, H, W = 2, 4, 16, 4, 6

CONFIGS = {
    "NL": NLConfig(),
    "SA": SAConfig(),
    "TA": TAConfig(),
    "TAPE": TAConfig(position=True),
    "TAPE projected": TAConfig(position=True, position_on="projected"),
    "TAPE with CCMH": TAConfig(position=True, position_on="projected", groups=2),
    "TA with CCMH": TAConfig(groups=2),
    "GTA": GTAConfig(groups=2),
    "GTA softmax": GTAConfig(groups=2, region_norm="softmax"),
    "GTA input": GTAConfig(groups=2, region_input="input"),
    "GTA multihead": GTAConfig(groups=2, mixing="multihead"),
    "GTA single": GTAConfig(groups=2, mixing="single"),
    "Pixel GTA": GTAConfig(groups=2, region=False),
    "Region GTA": GTAConfig(groups=2, pixel=False),
    "Region GTA softmax": GTAConfig(groups=2, pixel=False, region_norm="softmax"),
    "Region GTA input": GTAConfig(groups=2, pixel=False, region_input="input"),
    "Region GTA, many regions": GTAConfig(groups=2, pixel=False, region_ratio=1),
} | {
    f"{kind.__name__} {domain}": kind(domain=domain, **extra)
    for kind, extra in ((CGNLConfig, {"groups": 2}), (GCConfig, {"reduction": 4}), (GloReConfig, {}))
    for domain in ("joint", "space", "time")
}
every_block = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


def build(config, frames=T):
    """Return a block in float64 whose normalisations let something through."""
    block = build_block(config, C, frames).double()
    for module in block.modules():
        asleep = isinstance(module, torch.nn.Linear) and not module.weight.any()
        if asleep or isinstance(module, torch.nn.BatchNorm2d | torch.nn.GroupNorm):
            torch.nn.init.normal_(module.weight)
    return block


def clips(*shape):
    return torch.randn(*(shape or (B, C, T, H, W)), dtype=torch.float64)


@every_block
def test_identity_at_initialisation_in_training_and_evaluation(config):
    block = build_block(config, C, T)
    x = torch.randn(B * T, C, H, W)
    assert torch.equal(block(x), x)
    assert torch.equal(block.eval()(x), x)


@every_block
def test_identity_at_initialisation_for_float32_features_under_autocast(config):
    x = torch.randn(B * T, C, H, W)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(build_block(config, C, T)(x), x)


@every_block
@pytest.mark.parametrize("training", [True, False])
def test_blocks_run_on_the_meta_device(config, training):
    with torch.device("meta"):
        x = torch.randn(B * T, C, H, W)
        assert build_block(config, C, T).train(training)(x).shape == x.shape


@every_block
def test_channels_last_stays_channels_last(config):
    x = torch.randn(B * T, C, H, W).to(memory_format=torch.channels_last).requires_grad_()
    y = build_block(config, C, T)(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
    y.sum().backward()
    assert x.grad.is_contiguous(memory_format=torch.channels_last)


@every_block
def test_bfloat16_autocast_is_close_to_float32(config):
    if isinstance(config, CGNLConfig):
        pytest.skip("CGNL's normalisation leaves the sign of its scalar, which rounding may turn when it is near zero")
    block = build(config).float()
    x = torch.randn(B * T, C, H, W)
    expected = block(x)
    with torch.autocast("cpu", torch.bfloat16):
        y = block(x.bfloat16())
    assert y.dtype == torch.bfloat16
    assert (y - expected).norm() < 0.03 * (expected - x).norm() + 0.01 * x.norm()


@every_block
def test_every_parameter_gets_a_gradient(config):
    block = build(config)
    (block(clips()) * clips()).sum().backward()
    missed = [name for name, p in block.named_parameters() if p.grad is None or not p.grad.abs().sum() > 1e-8]
    assert not missed


@pytest.mark.parametrize("name", ["NL", "SA", "TA", "TAPE", "GTA", "GTA softmax"])
def test_gradients_agree_with_finite_differences(name):
    config = CONFIGS[name]
    block = build_block(config, 8, 2).double()
    for p in block.parameters():
        torch.nn.init.normal_(p)
    x = torch.randn(2, 8, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block.eval(), (x,), fast_mode=True)


@every_block
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 1)])
def test_maps_too_small_to_pool_pass(config, size):
    x = clips(B, C, T, *size)
    assert build(config).eval()(x).shape == x.shape


def changed(block, where):
    """Return which frames, or which positions, of the output change with input element ``where``."""
    x = clips(1, C, T, H, W)
    other = x.clone()
    t, i, j = where
    other[0, :, t, i, j] += 1.0
    return (block.eval()(x) - block(other)).abs().amax(dim=(0, 1)) > 1e-12  # (T, H, W)


@pytest.mark.parametrize("name", ["SA", "CGNLConfig space", "GCConfig space", "GloReConfig space"])
def test_spatial_blocks_stay_within_the_frame(name):
    moved = changed(build(CONFIGS[name]), (1, 2, 3))
    assert moved[1].all()
    assert not moved[[0, 2, 3]].any()


@pytest.mark.parametrize(
    "name", ["TA", "TAPE", "TAPE with CCMH", "Pixel GTA", "CGNLConfig time", "GCConfig time", "GloReConfig time"]
)
def test_temporal_blocks_stay_within_the_position(name):
    moved = changed(build(CONFIGS[name]), (1, 2, 3))
    assert moved[:, 2, 3].all()
    assert moved.sum() == T


@pytest.mark.parametrize("name", ["NL", "Region GTA", "Region GTA softmax", "CGNLConfig joint", "GCConfig joint"])
def test_joint_and_region_blocks_reach_every_pixel(name):
    assert changed(build(CONFIGS[name]), (1, 2, 3)).all()


@every_block
def test_which_blocks_know_the_order_of_frames(config):
    block = build(config).eval()
    x, order = clips(), torch.tensor([2, 0, 3, 1])
    same = torch.allclose(block(x[:, :, order]), block(x)[:, :, order])
    knows = isinstance(config, GTAConfig) or (isinstance(config, TAConfig) and config.position)
    assert same == (not knows)


def test_reversal_changes_the_frame_average_of_gta_only():
    x = clips()
    for name, knows in {
        "NL": False,
        "SA": False,
        "TA": False,
        "TAPE": True,
        "GTA": True,
    }.items():
        block = build(CONFIGS[name]).eval()
        assert torch.allclose(block(x).mean(2), block(x.flip(2)).mean(2)) != knows, name


@pytest.mark.parametrize("mixing", [SingleMatrix(T), MultiHead(T, 4), CrossChannelMultiHead(T, 4)])
def test_mixing_is_linear_in_the_values(mixing):
    v, u = torch.randn(2, 1, T, 6, C)
    torch.testing.assert_close(mixing(2 * v - 3 * u), 2 * mixing(v) - 3 * mixing(u), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["Pixel GTA", "GTA single"])
def test_pixel_gta_is_the_same_linear_map_of_the_values_for_every_clip_and_position(name):
    """The T x T map that a unit input reveals at one position of one clip predicts every other output."""
    path = build(CONFIGS[name]).pixel
    basis = torch.zeros(T, C // 4, T, 1, C // 4, dtype=torch.float64)
    for t in range(T):
        for d in range(C // 4):
            basis[t, d, t, 0, d] = 1.0
    response = path.mixing(basis.flatten(0, 1)).view(T, C // 4, T, C // 4)
    v = torch.randn(B, T, H * W, C // 4, dtype=torch.float64)
    torch.testing.assert_close(path.mixing(v), torch.einsum("sdtc,bsnd->btnc", response, v))


def test_region_gta_with_identity_matrices_and_orthonormal_regions_is_a_projection():
    """With M = I, G G^T = I and identity projections, going to regions and back twice is going once."""
    region = build_block(GTAConfig(pixel=False, mixing="single", reduction=1, region_ratio=2), C, T).double().region
    region.mixing.matrix.data.copy_(torch.eye(T))
    positions = 12
    g_NK = torch.linalg.qr(torch.randn(positions, C // 2, dtype=torch.float64)).Q

    def through(v_BTND):
        pooled = region._pool(g_NK.expand(B, T, -1, -1), v_BTND) * positions  # _pool takes the mean over positions
        return g_NK @ region.mixing(pooled)

    x = torch.randn(B, T, positions, C, dtype=torch.float64)
    once = through(x)
    torch.testing.assert_close(through(once), once)
    assert not torch.allclose(once, x)


@every_block
def test_outputs_stay_bounded_when_height_and_width_double(config):
    """Tiling a map keeps the distribution of its positions: what a block adds may not grow with their number."""
    block = build(config).eval()
    x = clips()
    added, tiled = block(x) - x, block(x.tile(1, 1, 1, 2, 2)) - x.tile(1, 1, 1, 2, 2)
    assert tiled.abs().max() <= 1.5 * added.abs().max()


@pytest.mark.parametrize("scale", ["positions", "softmax"])
@pytest.mark.parametrize("ratio", [8, 1])
def test_region_output_does_not_grow_with_the_map(scale, ratio):
    block = build(GTAConfig(pixel=False, region_norm=scale, region_ratio=ratio, groups=2)).eval()
    x = clips()
    torch.testing.assert_close(block(x.tile(1, 1, 1, 3, 2)), block(x).tile(1, 1, 1, 3, 2))


def test_region_softmax_output_is_bounded_by_the_regions():
    region = build(GTAConfig(pixel=False, region_norm="softmax", groups=2)).region
    into, back = region.weights(clips(B, T, H * W, C // 4))
    torch.testing.assert_close(into.sum(2), torch.ones_like(into.sum(2)))
    torch.testing.assert_close(back.sum(3), torch.ones_like(back.sum(3)))


@pytest.mark.parametrize("read", ["values", "input"])
@pytest.mark.parametrize("pixel", [True, False])
def test_regions_are_the_weights_of_the_pooling(read, pixel):
    block = build(GTAConfig(region_input=read, region_norm="softmax", pixel=pixel, groups=2))
    x = clips()
    maps = block.regions(x)
    assert maps.shape == (B, T, C // 8, H, W)
    weight = block.region.assign.weight
    if read == "values":
        weight = weight @ (block.pixel.value if pixel else block.features).weight
    scores = torch.einsum("kc,bcthw->btkhw", weight, x)
    torch.testing.assert_close(maps, scores.flatten(3).softmax(3).view_as(scores))
    assert torch.equal(maps, block.regions(x.transpose(1, 2).reshape(B * T, C, H, W)))


def test_regions_and_matrices_of_a_path_that_is_off():
    block = build_block(GTAConfig(region=False), 64, T)
    assert block.region_matrix is None
    assert block.pixel_matrix.shape == (8, 8, T, T)
    with pytest.raises(ValueError, match="region"):
        block.regions(torch.randn(T, 64, 2, 2))
    assert build_block(GTAConfig(pixel=False), 64, T).pixel_matrix is None


@every_block
def test_pictures_that_are_no_whole_clips_are_refused(config):
    with pytest.raises(ValueError, match="frames is 4"):
        build_block(config, C, T)(torch.randn(T + 1, C, H, W))
    with pytest.raises(ValueError, match="expected"):
        build_block(config, C, T)(torch.randn(C, H, W))


@every_block
def test_other_clip_lengths_are_refused_by_blocks_with_parameters_per_frame(config):
    block, x = build_block(config, C, T), torch.randn(B, C, T + 1, H, W)
    if isinstance(config, GTAConfig) or (isinstance(config, TAConfig) and config.position):
        with pytest.raises(ValueError, match="frames is 4"):
            block(x)
    else:
        assert torch.equal(block(x), x)


def size(config):
    """Return the parameters in millions of five blocks in a ResNet-50."""
    places = (512, 512, 1024, 1024, 1024)
    return sum(p.numel() for c in places for p in build_block(config, c, 8).parameters()) / 1e6


@pytest.mark.parametrize(
    ("config", "millions"), [(NLConfig(), 7.34), (SAConfig(), 3.67), (TAConfig(), 3.67), (GTAConfig(), 3.83)]
)
def test_parameters_are_those_of_the_paper(config, millions):
    assert size(config) == pytest.approx(millions, abs=0.02)


def test_no_parameters_for_a_path_that_is_off():
    names = {name.split(".")[0] for name, _ in build_block(GTAConfig(region=False), C * 4, T).named_parameters()}
    assert names == {"pixel"}
    names = {name.split(".")[0] for name, _ in build_block(GTAConfig(pixel=False), C * 4, T).named_parameters()}
    assert names == {"region", "features"}
    alone = GTAConfig(pixel=False, region_input="input")
    assert {name.split(".")[0] for name, _ in build_block(alone, C * 4, T).named_parameters()} == {"region"}


def test_build_blocks_keeps_the_order():
    blocks = build_blocks((SAConfig(), TAConfig()), C, T)
    assert [type(block).__name__ for block in blocks] == ["SpatialAttention", "TemporalAttention"]
    assert len(build_blocks((), C, T)) == 0


def test_defaults_are_enough():
    from gta import GlobalTemporalAttention, NonLocal, SpatialAttention, TemporalAttention

    x = torch.randn(8, 64, 4, 4)
    for block in (SpatialAttention, TemporalAttention, GlobalTemporalAttention, NonLocal):
        assert torch.equal(block(channels=64, frames=8)(x), x)
