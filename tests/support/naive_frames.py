"""BNInception, ECO and bLVNet-TAM once more, from their weights by name, a frame, a pair or a clip at a time.

Written from the description of the authors' networks: Ioffe and Szegedy (ICML 2015) with the widths of TSN's file,
Zolfaghari et al. (ECCV 2018, their prototxt) and Fan et al. (NeurIPS 2019, their code). A clip is (B, 3, T, H, W). The
small stem, ours, is 5x5: in place of BNInception's first convolution and pooling, or of bLVNet's with stride 1.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, conv3d, max_pool2d, pad, relu

Weights = Mapping[str, Tensor]


class Inception(NamedTuple):
    """A module: its place here, the widths of its branches at full size, its pooling and its stride."""

    place: str
    one: int
    three: tuple[int, int]
    twice: tuple[int, int, int]
    pool: str
    project: int
    stride: int = 1


MODULES = {
    "3a": Inception("mixed3.0", 64, (64, 64), (64, 96, 96), "avg", 32),
    "3b": Inception("mixed3.1", 64, (64, 96), (64, 96, 96), "avg", 64),
    "3c": Inception("mixed3.2", 0, (128, 160), (64, 96, 96), "max", 0, 2),
    "4a": Inception("mixed4.0", 224, (64, 96), (96, 128, 128), "avg", 128),
    "4b": Inception("mixed4.1", 192, (96, 128), (96, 128, 128), "avg", 128),
    "4c": Inception("mixed4.2", 160, (128, 160), (128, 160, 160), "avg", 128),
    "4d": Inception("mixed4.3", 96, (128, 192), (160, 192, 192), "avg", 128),
    "4e": Inception("mixed4.4", 0, (128, 192), (192, 256, 256), "max", 0, 2),
    "5a": Inception("mixed5.0", 352, (192, 320), (160, 224, 224), "avg", 128),
    "5b": Inception("mixed5.1", 352, (192, 320), (192, 224, 224), "max", 128),
}


def conv(weights: Weights, name: str, x: Tensor, stride: int = 1) -> Tensor:
    """Convolve pictures or clips, as the kernel says, padded to keep their sides at stride 1."""
    kernel = weights[f"{name}.weight"]
    of = conv2d if kernel.dim() == 4 else conv3d
    return of(x, kernel, weights.get(f"{name}.bias"), stride, kernel.shape[-1] // 2)


def norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    """Normalise by the running statistics."""
    mean, var, scale, shift = (weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return batch_norm(x, mean, var, scale, shift, eps=1e-5)


def unit(weights: Weights, name: str, x: Tensor, stride: int = 1) -> Tensor:
    """Convolution, norm, ReLU."""
    return relu(norm(weights, f"{name}.1", conv(weights, f"{name}.0", x, stride)))


def halved(x: Tensor) -> Tensor:
    """Maximum of 3x3 windows at stride 2; the last one may hang over the edge ("ceil"), none is padded before it."""
    height, width = x.shape[-2:]
    return max_pool2d(pad(x, (0, 1 - width % 2, 0, 1 - height % 2), value=-torch.inf), 3, 2)


def pooled(kind: str, x: Tensor) -> Tensor:
    """Maximum or mean of the 3x3 windows around each position; in the mean, what lies outside is zero and counts."""
    height, width = x.shape[-2:]
    wide = pad(x, (1, 1, 1, 1), value=-torch.inf if kind == "max" else 0.0)
    around = torch.stack([wide[..., i : i + height, j : j + width] for i in range(3) for j in range(3)])
    return around.amax(dim=0) if kind == "max" else around.sum(dim=0) / 9


def inception_stem(weights: Weights, frame: Tensor, small: bool) -> Tensor:
    """Frames (B, 3, H, W) to the input of 3a."""
    x = unit(weights, "conv1.0", frame, 2)
    x = x if small else halved(x)
    return halved(unit(weights, "conv2.1", unit(weights, "conv2.0", x)))


def inception(weights: Weights, name: str, x: Tensor) -> Tensor:
    """One module, ``name`` being "3a" .. "5b"; the branches' channels in the order of the table."""
    at = MODULES[name]
    found = [unit(weights, f"{at.place}.one", x)] if at.one else []
    found.append(unit(weights, f"{at.place}.three.1", unit(weights, f"{at.place}.three.0", x), at.stride))
    y = unit(weights, f"{at.place}.twice.1", unit(weights, f"{at.place}.twice.0", x))
    found.append(unit(weights, f"{at.place}.twice_last", y, at.stride))
    found.append(unit(weights, f"{at.place}.pool.1", pooled(at.pool, x)) if at.project else halved(x))
    return torch.cat(found, dim=1)


def bninception(weights: Weights, clip: Tensor, small: bool) -> Tensor:
    """Features of each frame, (B, C, T, h, w)."""
    frames = []
    for t in range(clip.shape[2]):
        x = inception_stem(weights, clip[:, :, t], small)
        for name in MODULES:
            x = inception(weights, name, x)
        frames.append(x)
    return torch.stack(frames, dim=2)


def eco_top(weights: Weights, x: Tensor) -> Tensor:
    """The 3D network of ECO, stacked maps (B, C, T, H, W) to its features (B, C', T/4, h, w): sums before activation.

    The names are those of the authors' layers; ``down`` of 4a and 5a is convolved from what is activated, while 3, 4b
    and 5b add the sum before its norm and ReLU.
    """

    def branch(name: str, activated: Tensor, stride: int = 1) -> Tensor:
        inner = relu(norm(weights, f"{name}.bn1", conv(weights, f"{name}.conv1", activated, stride)))
        return conv(weights, f"{name}.conv2", inner)

    def active(name: str, summed: Tensor) -> Tensor:
        return relu(norm(weights, f"{name}.norm", summed))

    res3a = conv(weights, "conv3", x)
    res3b = res3a + branch("res3.0", active("active3", res3a))
    seen = active("res3.0.active", res3b)
    res4a = conv(weights, "res4.0.down", seen, 2) + branch("res4.0", seen, 2)
    res4b = res4a + branch("res4.1", active("res4.0.active", res4a))
    seen = active("res4.1.active", res4b)
    res5a = conv(weights, "res5.0.down", seen, 2) + branch("res5.0", seen, 2)
    res5b = res5a + branch("res5.1", active("res5.0.active", res5a))
    return active("res5.1.active", res5b)


def eco(weights: Weights, clip: Tensor, small: bool, full: bool) -> Tensor:
    """Class scores (B, classes): of the 3D network, in ECO Full of the mean of the frames' features beside it."""
    stacked, pictures = [], []
    double = "mixed3.2.twice" if full else "stacked"
    for t in range(clip.shape[2]):
        x = inception_stem(weights, clip[:, :, t], small)
        x = inception(weights, "3b", inception(weights, "3a", x))
        stacked.append(unit(weights, f"{double}.1", unit(weights, f"{double}.0", x)))
        if full:
            for name in ("3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
                x = inception(weights, name, x)
            pictures.append(x.mean(dim=(2, 3)))
    seen = eco_top(weights, torch.stack(stacked, dim=2)).mean(dim=(2, 3, 4))
    if full:
        seen = torch.cat([torch.stack(pictures).mean(dim=0), seen], dim=1)
    return seen @ weights["fc.weight"].T + weights["fc.bias"]


def aggregated(weights: Weights, name: str, frames: list[Tensor]) -> list[Tensor]:
    """TAM of frames (B, C, H, W): ReLU(a x_{t-1} + b x_t + c x_{t+1}), nothing beyond the ends."""
    before, here, after = (tap[:, None, None] for tap in weights[f"{name}.0.weight"][:, 0].unbind(dim=1))
    found = []
    for t, x in enumerate(frames):
        y = here * x
        if t > 0:
            y = y + before * frames[t - 1]
        if t + 1 < len(frames):
            y = y + after * frames[t + 1]
        found.append(relu(y))
    return found


def bottleneck(weights: Weights, name: str, x: Tensor, stride: int = 1, still: Tensor | None = None) -> Tensor:
    """The sum of a bottleneck before its last ReLU; ``still`` is what an identity reads where x has been aggregated.

    At stride 2 the shortcut averages 3x3 windows, zeros outside counted; where channels change it is projected.
    """
    y = relu(norm(weights, f"{name}.bn1", conv(weights, f"{name}.conv1", x)))
    y = relu(norm(weights, f"{name}.bn2", conv(weights, f"{name}.conv2", y, stride)))
    y = norm(weights, f"{name}.bn3", conv(weights, f"{name}.conv3", y))
    if y.shape[1:] == x.shape[1:]:
        return y + (x if still is None else still)
    shortcut = pooled("avg", x)[..., ::2, ::2] if stride == 2 else x
    if y.shape[1] != x.shape[1]:
        at = stride - 1  # the average comes first
        shortcut = conv(weights, f"{name}.downsample.{at}", shortcut)
        shortcut = norm(weights, f"{name}.downsample.{at + 1}", shortcut)
    return y + shortcut


def blvnet_stage(weights: Weights, name: str, frames: list[Tensor], depth: int, stride: int) -> list[Tensor]:
    """res2, res3 or res4 of frames (B, C, H, W): the second of each pair is the big branch's, at half the size.

    The big branch's last block has no ReLU, also where it is the only one: no published depth has a single one, which
    the authors' code would leave its ReLU.
    """
    frames, found = aggregated(weights, f"{name}.mix", frames), []
    for little, big in zip(frames[0::2], frames[1::2], strict=True):
        for index in range(depth - 1):
            big = bottleneck(weights, f"{name}.big.{index}", big, 2 if index == 0 else 1)
            big = big if index == depth - 2 else relu(big)
        for index in range(max(1, depth // 4 - 1)):
            little = relu(bottleneck(weights, f"{name}.little.{index}", little))
        little = norm(weights, f"{name}.little_e.1", conv(weights, f"{name}.little_e.0", little))
        joined = relu(little + big.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
        joined = relu(bottleneck(weights, f"{name}.fusion", joined, stride))
        found += [joined, joined]
    return found


def blvnet(weights: Weights, clip: Tensor, depths: tuple[int, int, int, int], small: bool) -> Tensor:
    """Features of each pair of frames, (B, C, T/2, h, w)."""
    first = [unit(weights, "stem.first", frame, 1 if small else 2) for frame in clip.unbind(dim=2)]
    first, frames = aggregated(weights, "stem.mix", first), list[Tensor]()
    for little, big in zip(first[0::2], first[1::2], strict=True):
        big = norm(weights, "stem.big.1", conv(weights, "stem.big.0", big, 2))
        little = unit(weights, "stem.little.1", unit(weights, "stem.little.0", little), 2)
        little = norm(weights, "stem.little.2.1", conv(weights, "stem.little.2.0", little))
        frames += [unit(weights, "stem.joined", relu(big + little))] * 2
    for number, stride in ((1, 2), (2, 2), (3, 1)):
        frames = blvnet_stage(weights, f"layer{number}", frames, depths[number - 1], stride)
    frames = frames[1::2]
    for index in range(depths[3]):
        name, stride = f"layer4.{index}", 2 if index == 0 else 1
        mixed = aggregated(weights, f"{name}.mix", frames)
        frames = [relu(bottleneck(weights, name, x, stride, still)) for x, still in zip(mixed, frames, strict=True)]
    return torch.stack(frames, dim=2)
