"""Inception V3 (https://arxiv.org/abs/1512.00567) and Xception (https://arxiv.org/abs/1610.02357)."""

from __future__ import annotations

from engine.templates.build import Build


def _conv(
    net: Build, x: str, filters: int, size: tuple[int, int], *, strides: int = 1, padding: str = "same"
) -> str:
    """Convolution, batch normalization, relu."""
    x = net("Conv2D", x, filters=filters, kernel_size=size, strides=strides, padding=padding, use_bias=False)
    x = net("BatchNormalization", x, scale=False)
    return net("Activation", x, activation="relu")


def _convs(net: Build, x: str, *steps: tuple[int, tuple[int, int]]) -> str:
    for filters, size in steps:
        x = _conv(net, x, filters, size)
    return x


def _average(net: Build, x: str) -> str:
    return net("AveragePooling2D", x, pool_size=3, strides=1, padding="same")


def _mixed35(net: Build, x: str, pooled: int, name: str) -> str:
    """A block on maps of 35 × 35."""
    one = _conv(net, x, 64, (1, 1))
    five = _convs(net, x, (48, (1, 1)), (64, (5, 5)))
    three = _convs(net, x, (64, (1, 1)), (96, (3, 3)), (96, (3, 3)))
    pool = _conv(net, _average(net, x), pooled, (1, 1))
    return net("Concatenate", one, five, three, pool, axis=3, name=name)


def _mixed17(net: Build, x: str, width: int, name: str) -> str:
    """A block on maps of 17 × 17: kernels of 7 × 7 as rows and columns."""
    one = _conv(net, x, 192, (1, 1))
    seven = _convs(net, x, (width, (1, 1)), (width, (1, 7)), (192, (7, 1)))
    twice = _convs(net, x, (width, (1, 1)), (width, (7, 1)), (width, (1, 7)), (width, (7, 1)), (192, (1, 7)))
    pool = _conv(net, _average(net, x), 192, (1, 1))
    return net("Concatenate", one, seven, twice, pool, axis=3, name=name)


def _mixed8(net: Build, x: str, number: int) -> str:
    """A block on maps of 8 × 8."""
    one = _conv(net, x, 320, (1, 1))
    three = _conv(net, x, 384, (1, 1))
    sides = [_conv(net, three, 384, size) for size in ((1, 3), (3, 1))]
    three = net("Concatenate", *sides, axis=3, name=f"mixed9_{number}")
    twice = _convs(net, x, (448, (1, 1)), (384, (3, 3)))
    sides = [_conv(net, twice, 384, size) for size in ((1, 3), (3, 1))]
    twice = net("Concatenate", *sides, axis=3)
    pool = _conv(net, _average(net, x), 192, (1, 1))
    return net("Concatenate", one, three, twice, pool, axis=3, name=f"mixed{9 + number}")


def inception_v3(net: Build) -> str:
    x = net("Input", shape=(299, 299, 3))
    x = _conv(net, x, 32, (3, 3), strides=2, padding="valid")
    x = _conv(net, x, 32, (3, 3), padding="valid")
    x = _conv(net, x, 64, (3, 3))
    x = net("MaxPooling2D", x, pool_size=3, strides=2)
    x = _conv(net, x, 80, (1, 1), padding="valid")
    x = _conv(net, x, 192, (3, 3), padding="valid")
    x = net("MaxPooling2D", x, pool_size=3, strides=2)
    for number, pooled in enumerate((32, 64, 64)):
        x = _mixed35(net, x, pooled, f"mixed{number}")
    three = _conv(net, x, 384, (3, 3), strides=2, padding="valid")
    twice = _convs(net, x, (64, (1, 1)), (96, (3, 3)))
    twice = _conv(net, twice, 96, (3, 3), strides=2, padding="valid")
    x = net("Concatenate", three, twice, net("MaxPooling2D", x, pool_size=3, strides=2), axis=3, name="mixed3")
    for number, width in enumerate((128, 160, 160, 192), 4):
        x = _mixed17(net, x, width, f"mixed{number}")
    three = _conv(net, _conv(net, x, 192, (1, 1)), 320, (3, 3), strides=2, padding="valid")
    seven = _convs(net, x, (192, (1, 1)), (192, (1, 7)), (192, (7, 1)))
    seven = _conv(net, seven, 192, (3, 3), strides=2, padding="valid")
    x = net("Concatenate", three, seven, net("MaxPooling2D", x, pool_size=3, strides=2), axis=3, name="mixed8")
    return _mixed8(net, _mixed8(net, x, 0), 1)


def _separable(net: Build, x: str, filters: int, name: str, *, first: bool = True, last: bool = False) -> str:
    """Relu, separable convolution, batch normalization; relu may come last instead."""
    if first:
        x = net("Activation", x, activation="relu", name=f"{name}_act")
    x = net("SeparableConv2D", x, filters=filters, kernel_size=3, padding="same", use_bias=False, name=name)
    x = net("BatchNormalization", x, name=f"{name}_bn")
    return net("Activation", x, activation="relu", name=f"{name}_act") if last else x


def _shrink(net: Build, x: str, block: int, filters: tuple[int, int]) -> str:
    """Two separable convolutions and a pooling, beside a convolution that also halves height and width."""
    side = net("Conv2D", x, filters=filters[1], kernel_size=1, strides=2, padding="same", use_bias=False)
    side = net("BatchNormalization", side)
    x = _separable(net, x, filters[0], f"block{block}_sepconv1", first=block > 2)
    x = _separable(net, x, filters[1], f"block{block}_sepconv2")
    x = net("MaxPooling2D", x, pool_size=3, strides=2, padding="same", name=f"block{block}_pool")
    return net("Add", x, side)


def xception(net: Build) -> str:
    x = net("Input", shape=(299, 299, 3))
    for number, (filters, strides) in enumerate(((32, 2), (64, 1)), 1):
        name = f"block1_conv{number}"
        x = net("Conv2D", x, filters=filters, kernel_size=3, strides=strides, use_bias=False, name=name)
        x = net("BatchNormalization", x, name=f"{name}_bn")
        x = net("Activation", x, activation="relu", name=f"{name}_act")
    for block, filters in enumerate((128, 256, 728), 2):
        x = _shrink(net, x, block, (filters, filters))
    for block in range(5, 13):
        y = x
        for number in (1, 2, 3):
            y = _separable(net, y, 728, f"block{block}_sepconv{number}")
        x = net("Add", y, x)
    x = _shrink(net, x, 13, (728, 1024))
    x = _separable(net, x, 1536, "block14_sepconv1", first=False, last=True)
    return _separable(net, x, 2048, "block14_sepconv2", first=False, last=True)
