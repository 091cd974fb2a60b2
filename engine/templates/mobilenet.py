"""MobileNet V2: https://arxiv.org/abs/1801.04381"""

from __future__ import annotations

from engine.templates.build import Build

_NORM = {"momentum": 0.999}


def _relu6(net: Build, x: str, name: str) -> str:
    return net("ReLU", x, max_value=6.0, name=name)


def _block(net: Build, x: str, number: int, channels: tuple[int, int], stride: int) -> str:
    """Wider by a factor of six, a depthwise convolution, narrow again; beside a shortcut where sizes allow."""
    name, y = (f"block_{number}_" if number else "expanded_conv_"), x
    if number:
        wide = 6 * channels[0]
        y = net("Conv2D", y, filters=wide, kernel_size=1, padding="same", use_bias=False, name=f"{name}expand")
        y = net("BatchNormalization", y, **_NORM, name=f"{name}expand_BN")
        y = _relu6(net, y, f"{name}expand_relu")
    if stride == 2:
        y = net("ZeroPadding2D", y, padding=((0, 1), (0, 1)), name=f"{name}pad")
    padding = "same" if stride == 1 else "valid"
    y = net(
        "DepthwiseConv2D", y, kernel_size=3, strides=stride, padding=padding, use_bias=False,
        name=f"{name}depthwise",
    )  # fmt: skip
    y = net("BatchNormalization", y, **_NORM, name=f"{name}depthwise_BN")
    y = _relu6(net, y, f"{name}depthwise_relu")
    y = net("Conv2D", y, filters=channels[1], kernel_size=1, padding="same", use_bias=False, name=f"{name}project")
    y = net("BatchNormalization", y, **_NORM, name=f"{name}project_BN")
    return net("Add", x, y, name=f"{name}add") if channels[0] == channels[1] and stride == 1 else y


def mobilenet_v2(net: Build) -> str:
    x = net("Input", shape=(224, 224, 3))
    x = net("Conv2D", x, filters=32, kernel_size=3, strides=2, padding="same", use_bias=False, name="Conv1")
    x = net("BatchNormalization", x, **_NORM, name="bn_Conv1")
    x = _relu6(net, x, "Conv1_relu")
    number, before = 0, 32
    stages = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
    for filters, depth, stride in stages:
        for index in range(depth):
            x = _block(net, x, number, (before, filters), stride if index == 0 else 1)
            number, before = number + 1, filters
    x = net("Conv2D", x, filters=1280, kernel_size=1, use_bias=False, name="Conv_1")
    x = net("BatchNormalization", x, **_NORM, name="Conv_1_bn")
    return _relu6(net, x, "out_relu")
