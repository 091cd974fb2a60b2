"""Residual networks: https://arxiv.org/abs/1512.03385"""

from __future__ import annotations

from engine.templates.build import Build

_EPSILON = 1.001e-5


def _block(net: Build, x: str, filters: int, name: str, stride: int, project: bool) -> str:
    """A bottleneck of three convolutions beside a shortcut."""
    steps = (stride, stride)
    shortcut = x
    if project:
        shortcut = net("Conv2D", x, filters=4 * filters, kernel_size=1, strides=steps, name=f"{name}_0_conv")
        shortcut = net("BatchNormalization", shortcut, epsilon=_EPSILON, name=f"{name}_0_bn")
    x = net("Conv2D", x, filters=filters, kernel_size=1, strides=steps, name=f"{name}_1_conv")
    x = net("BatchNormalization", x, epsilon=_EPSILON, name=f"{name}_1_bn")
    x = net("Activation", x, activation="relu", name=f"{name}_1_relu")
    x = net("Conv2D", x, filters=filters, kernel_size=3, padding="same", name=f"{name}_2_conv")
    x = net("BatchNormalization", x, epsilon=_EPSILON, name=f"{name}_2_bn")
    x = net("Activation", x, activation="relu", name=f"{name}_2_relu")
    x = net("Conv2D", x, filters=4 * filters, kernel_size=1, name=f"{name}_3_conv")
    x = net("BatchNormalization", x, epsilon=_EPSILON, name=f"{name}_3_bn")
    x = net("Add", shortcut, x, name=f"{name}_add")
    return net("Activation", x, activation="relu", name=f"{name}_out")


def _resnet(net: Build, depths: tuple[int, int, int, int]) -> str:
    x = net("Input", shape=(224, 224, 3))
    x = net("ZeroPadding2D", x, padding=3, name="conv1_pad")
    x = net("Conv2D", x, filters=64, kernel_size=7, strides=2, name="conv1_conv")
    x = net("BatchNormalization", x, epsilon=_EPSILON, name="conv1_bn")
    x = net("Activation", x, activation="relu", name="conv1_relu")
    x = net("ZeroPadding2D", x, padding=1, name="pool1_pad")
    x = net("MaxPooling2D", x, pool_size=3, strides=2, name="pool1_pool")
    for stage, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512), strict=True), 2):
        for block in range(1, depth + 1):
            stride = 2 if stage > 2 and block == 1 else 1
            x = _block(net, x, filters, f"conv{stage}_block{block}", stride, block == 1)
    return x


def resnet50(net: Build) -> str:
    return _resnet(net, (3, 4, 6, 3))


def resnet101(net: Build) -> str:
    return _resnet(net, (3, 4, 23, 3))


def resnet152(net: Build) -> str:
    return _resnet(net, (3, 8, 36, 3))
