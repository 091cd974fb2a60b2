"""U-Net: https://arxiv.org/abs/1505.04597, with padding that keeps height and width."""

from __future__ import annotations

from engine.templates.build import Build


def _twice(net: Build, x: str, filters: int, name: str) -> str:
    """Two convolutions of 3 × 3."""
    for number in (1, 2):
        x = net("Conv2D", x, filters=filters, padding="same", activation="relu", name=f"{name}_conv{number}")
    return x


def unet(net: Build) -> str:
    """Pictures of 128 × 128 pixels to a probability for each pixel."""
    x = net("Input", shape=(128, 128, 3), name="picture")
    x = net("Rescaling", x, scale=1 / 255)
    skips: list[str] = []
    widths = (64, 128, 256, 512)
    for level, filters in enumerate(widths, 1):
        x = _twice(net, x, filters, f"down{level}")
        skips.append(x)
        x = net("MaxPooling2D", x, name=f"down{level}_pool")
    x = _twice(net, x, 1024, "bottom")
    x = net("Dropout", x, rate=0.5)
    for level, filters in reversed(list(enumerate(widths, 1))):
        x = net("Conv2DTranspose", x, filters=filters, kernel_size=2, strides=2, name=f"up{level}")
        x = net("Concatenate", skips.pop(), x, name=f"up{level}_join")
        x = _twice(net, x, filters, f"up{level}")
    x = net("Conv2D", x, filters=1, kernel_size=1, activation="sigmoid", name="mask")
    return net("Output", x, loss="binary_crossentropy")
