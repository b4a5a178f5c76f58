"""I3D and CorrNet once more, from their weights, with three-dimensional convolutions of clips (B, C, T, H, W)."""

from torch.nn.functional import batch_norm, conv3d, max_pool3d, relu

from gta.backbones.layers import ClipConv2d, TemporalConv2d


def kernel3d(conv):
    """The weight of a convolution of pictures, (out, in, k, n, n)."""
    if isinstance(conv, TemporalConv2d):
        return conv.weight[..., None]
    if isinstance(conv, ClipConv2d):
        return conv.weight.unflatten(1, (conv.extent, -1)).transpose(1, 2)
    return conv.weight[:, :, None]


def conv(layer, x, stride=(1, 1, 1)):
    kernel = kernel3d(layer)
    return conv3d(x, kernel, stride=stride, padding=tuple(side // 2 for side in kernel.shape[2:]))


def norm(layer, x):
    return batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps)


def features(network, config, clip):
    """The features before the mean, (B, C, T', H', W')."""
    small = config.stem == "small"
    x = relu(norm(network.bn1, conv(network.conv1, clip, (1, 2, 2))))
    if config.kind == "i3d" and not small:
        x = max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
    for number in range(4):
        first = 1 if number == 0 and (small or config.kind == "i3d") else 2
        if config.kind == "i3d" and number == 3:
            first = config.res5_stride
        for index, block in enumerate(network.get_submodule(f"layer{number + 1}")):
            side = first if index == 0 else 1
            time = config.strides_t[number] if index == 0 and config.kind == "corrnet" else 1
            y = relu(norm(block.bn1, conv(block.conv1, x)))
            if config.kind == "corrnet":
                y = relu(norm(block.conv2.norm, conv(block.conv2.space, y, (1, side, side))))
                y = conv(block.conv2.time, y, (time, 1, 1))
            else:
                y = conv(block.conv2, y, (1, side, side))
            y = norm(block.bn3, conv(block.conv3, relu(norm(block.bn2, y))))
            if index == 0:
                x = norm(block.downsample[-1], conv(block.downsample[-2], x, (time, side, side)))
            x = relu(x + y)
        if number == 0 and config.kind == "i3d":
            x = max_pool3d(x, (config.pool_t, 1, 1), (config.pool_t, 1, 1))
    return x
