"""DenseNet: https://arxiv.org/abs/1608.06993"""

from __future__ import annotations

from engine.templates.build import Build

_EPSILON = 1.001e-5
_GROWTH = 32


def _norm_relu(net: Build, x: str, name: str) -> str:
    x = net("BatchNormalization", x, axis=3, epsilon=_EPSILON, name=f"{name}bn")
    return net("Activation", x, activation="relu", name=f"{name}relu")


def _block(net: Build, x: str, name: str) -> str:
    """32 more channels, computed from all that there are."""
    y = _norm_relu(net, x, f"{name}_0_")
    y = net("Conv2D", y, filters=4 * _GROWTH, kernel_size=1, use_bias=False, name=f"{name}_1_conv")
    y = _norm_relu(net, y, f"{name}_1_")
    y = net("Conv2D", y, filters=_GROWTH, kernel_size=3, padding="same", use_bias=False, name=f"{name}_2_conv")
    return net("Concatenate", x, y, axis=3, name=f"{name}_concat")


def densenet121(net: Build) -> str:
    x = net("Input", shape=(224, 224, 3))
    x = net("ZeroPadding2D", x, padding=3)
    x = net("Conv2D", x, filters=64, kernel_size=7, strides=2, use_bias=False, name="conv1_conv")
    x = _norm_relu(net, x, "conv1_")
    x = net("ZeroPadding2D", x, padding=1)
    x = net("MaxPooling2D", x, pool_size=3, strides=2, name="pool1")
    channels = 64
    for stage, depth in enumerate((6, 12, 24, 16), 2):
        for block in range(1, depth + 1):
            x = _block(net, x, f"conv{stage}_block{block}")
        channels += depth * _GROWTH
        if stage < 5:
            channels //= 2
            x = _norm_relu(net, x, f"pool{stage}_")
            x = net("Conv2D", x, filters=channels, kernel_size=1, use_bias=False, name=f"pool{stage}_conv")
            x = net("AveragePooling2D", x, strides=2, name=f"pool{stage}_pool")
    return _norm_relu(net, x, "")
