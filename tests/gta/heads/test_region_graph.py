"""The head of region graphs: equal to loops over regions, and what boxes and the order of frames change."""

import pytest
import torch
from torch import nn
from torch.nn.functional import layer_norm
from torchvision.ops import roi_align

from gta import ModelConfig, build_model
from gta.config import BackboneConfig, RelationHeadConfig
from gta.config.heads import RegionGraphHeadConfig
from gta.heads.region_graph import GraphLayer, RegionGraphHead, grid_boxes, regions

CONFIG = RegionGraphHeadConfig(width=6, layers=2, grid=(1, 2), side=3)
FRAMES, KINDS = 4, 5


def build(config=CONFIG):
    torch.manual_seed(0)
    head = RegionGraphHead(config, 8, FRAMES, KINDS).eval()
    for module in head.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return head


def features(clips=2):
    return torch.randn(clips * FRAMES, 8, 4, 4, generator=torch.Generator().manual_seed(1))


def random_boxes(clips=2, count=3):
    corners = torch.rand(clips, FRAMES, count, 2, 2, generator=torch.Generator().manual_seed(2)).sort(dim=-2).values
    return corners.flatten(-2)


def iou(one, other):
    left, top, right, bottom = (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )
    shared = max(right - left, 0.0) * max(bottom - top, 0.0)
    return shared / (sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)) - shared)


def naive(head, maps_TDHW, boxes_TK4):
    """The scores of one clip, with dense graphs filled entry by entry."""
    reduced = head.reduce(maps_TDHW)
    scale = torch.tensor([4.0, 4.0, 4.0, 4.0])
    nodes, frame_of, box_of = [], [], []
    for t, boxes in enumerate(boxes_TK4):
        for box in boxes:
            pooled = roi_align(reduced[t : t + 1], [(box * scale)[None]], 3, sampling_ratio=2, aligned=True)
            nodes.append(pooled.amax(dim=(2, 3))[0])
            frame_of.append(t)
            box_of.append(box.tolist())
    x = torch.stack(nodes)
    count = len(nodes)
    alike, ahead, behind = torch.zeros(3, count, count)
    for i in range(count):
        affinity = torch.stack([(head.query.weight @ x[i]) @ (head.key.weight @ x[j]) for j in range(count)])
        alike[i] = affinity.exp() / affinity.exp().sum()
        for j in range(count):
            if frame_of[j] == frame_of[i] + 1:
                ahead[i, j] = iou(box_of[i], box_of[j])
            if frame_of[j] == frame_of[i] - 1:
                behind[i, j] = iou(box_of[i], box_of[j])
    ahead, behind = (graph / graph.sum(dim=1, keepdim=True).clamp_min(1e-12) for graph in (ahead, behind))
    ends = []
    for graphs, layers in (((alike,), head.alike), ((ahead, behind), head.overlapping)):
        z = x
        for layer in layers:
            mixed = sum(graph @ z @ weight.weight.T for graph, weight in zip(graphs, layer.weights, strict=True))
            z = layer_norm(mixed + z, (6,), layer.norm.weight, layer.norm.bias).relu()
        ends.append(z)
    whole = reduced.mean(dim=(0, 2, 3))
    return head.fc(torch.cat([(ends[0] + ends[1]).mean(dim=0), whole]))


@torch.no_grad()
@pytest.mark.parametrize("given", [True, False])
def test_scores_are_those_of_dense_graphs(given):
    head, maps = build(), features()
    boxes = random_boxes() if given else grid_boxes(CONFIG.grid).expand(2, FRAMES, -1, -1)
    expected = torch.stack([naive(head, maps.unflatten(0, (2, -1))[clip], boxes[clip]) for clip in range(2)])
    torch.testing.assert_close(head(maps, boxes if given else None), expected, rtol=1e-4, atol=1e-5)


def test_a_grid_tiles_the_frame_at_every_scale():
    boxes = grid_boxes((1, 2, 3, 6))
    assert len(boxes) == 50  # as many regions as the paper takes of a frame
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    torch.testing.assert_close(areas.sum(), torch.tensor(4.0))
    assert boxes[0].tolist() == [0.0, 0.0, 1.0, 1.0]
    assert boxes[2].tolist() == [0.5, 0.0, 1.0, 0.5]


def test_a_region_sees_its_box_alone():
    maps = torch.zeros(1, 1, 8, 8)
    maps[0, 0, :, 4:] = 1.0
    boxes = torch.tensor([[0.0, 0.0, 0.4, 1.0], [0.6, 0.0, 1.0, 1.0]])[None, None]
    assert regions(maps, boxes, 3).flatten().tolist() == [0.0, 1.0]


@torch.no_grad()
def test_the_order_of_boxes_changes_nothing_and_that_of_frames_does():
    head, maps, boxes = build(), features(), random_boxes()
    scores = head(maps, boxes)
    torch.testing.assert_close(head(maps, boxes[:, :, [2, 0, 1]]), scores, rtol=1e-4, atol=1e-5)
    backwards = maps.unflatten(0, (2, -1)).flip(1).flatten(0, 1)
    assert (head(backwards, boxes.flip(1)) - scores).abs().max() > 1e-3


def test_every_weight_gets_a_gradient():
    head = build()
    head(features()).logsumexp(dim=1).sum().backward()
    assert [name for name, value in head.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_an_empty_grid_is_refused():
    with pytest.raises(ValueError, match=r"RegionGraphHeadConfig.grid is \(\); it must be whole numbers"):
        RegionGraphHeadConfig(grid=())


@pytest.mark.parametrize(
    "shape", [(2, 2, 3, 4), (1, FRAMES, 3, 4), (2, FRAMES + 1, 3, 4), (2, FRAMES, 0, 4), (2, FRAMES, 3, 5), (3, 4)]
)
def test_boxes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"boxes are \(.*expected \(B, T, K, 4\)"):
        build()(features(), torch.zeros(shape))


def test_one_map_has_regions_and_no_neighbours():
    head = RegionGraphHead(CONFIG, 8, 1, 5).eval()
    boxes = grid_boxes(CONFIG.grid).expand(2, 1, -1, -1)
    maps = torch.randn(2, 8, 4, 4)
    torch.testing.assert_close(head(maps, boxes), head(maps))


def test_a_model_without_regions_refuses_boxes():
    backbone = BackboneConfig(depths=(1, 1, 1, 1), width=4, stem="small")
    model = build_model(ModelConfig(5, 4, backbone, places=(), head=RelationHeadConfig(width=4, bottleneck=4)))
    with pytest.raises(ValueError, match="boxes are given, but the head of this model reads none"):
        model(torch.zeros(1, 3, 4, 32, 32), torch.zeros(1, 4, 2, 4))


def test_the_head_is_as_large_as_counted_before():
    """3.93 M without classifier, norms and bias; the reduction and the graph of likeness are most of its arithmetic."""
    with torch.device("meta"):
        head = RegionGraphHead(RegionGraphHeadConfig(), 2048, 16, 174)
    matrices = [value for name, value in head.named_parameters() if value.dim() > 1 and not name.startswith("fc")]
    assert sum(value.numel() for value in matrices) / 1e6 == pytest.approx(3.93, abs=0.005)
    assert sum(isinstance(module, GraphLayer) for module in head.modules()) == 6
