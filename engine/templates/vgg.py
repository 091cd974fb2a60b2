"""VGG: https://arxiv.org/abs/1409.1556"""

from __future__ import annotations

from engine.templates.build import Build


def _vgg(net: Build, depths: tuple[int, ...]) -> str:
    x = net("Input", shape=(224, 224, 3))
    for block, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True), 1):
        for conv in range(1, depth + 1):
            name = f"block{block}_conv{conv}"
            x = net("Conv2D", x, filters=filters, padding="same", activation="relu", name=name)
        x = net("MaxPooling2D", x, strides=(2, 2), name=f"block{block}_pool")
    x = net("Flatten", x, name="flatten")
    x = net("Dense", x, units=4096, activation="relu", name="fc1")
    return net("Dense", x, units=4096, activation="relu", name="fc2")


def vgg16(net: Build) -> str:
    return _vgg(net, (2, 2, 3, 3, 3))


def vgg19(net: Build) -> str:
    return _vgg(net, (2, 2, 4, 4, 4))
