"""Colours of pictures (batch, height, width, channels), red, green and blue in this order."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax


def to_range(x: jax.Array, old: tuple[float, float], new: tuple[float, float]) -> jax.Array:
    """Numbers of one range moved to another."""
    if tuple(old) == tuple(new):
        return x
    return (x - old[0]) / (old[1] - old[0]) * (new[1] - new[0]) + new[0]


def grayscale(x: jax.Array) -> jax.Array:
    """One channel: how bright the eye finds each point."""
    if x.shape[-1] == 1:
        return x
    return (x @ jnp.asarray([0.2989, 0.5870, 0.1140], x.dtype))[..., None]


def to_hsv(x: jax.Array) -> jax.Array:
    """Hue, saturation and value of colours. https://en.wikipedia.org/wiki/HSL_and_HSV"""
    x = jnp.where(jnp.abs(x) < jnp.finfo(x.dtype).eps, 0.0, x)
    red, green, blue = x[..., 0], x[..., 1], x[..., 2]
    value = x.max(-1)
    chroma = value - x.min(-1)
    saturation = jnp.where(value > 0, chroma / jnp.where(value > 0, value, 1.0), 0.0)
    sixth = 1.0 / (6.0 * jnp.where(chroma > 0, chroma, 1.0))
    hue = jnp.where(green >= blue, sixth * (blue - red) + 2 / 6, sixth * (red - green) + 4 / 6)
    hue = jnp.where((red >= green) & (red >= blue), sixth * (green - blue), hue)
    hue = jnp.where(chroma > 0, hue, 0.0) + (hue < 0.0)
    return jnp.stack([hue, saturation, value], -1)


def from_hsv(x: jax.Array) -> jax.Array:
    """Colours of hue, saturation and value."""
    hue, saturation, value = jnp.mod(x[..., 0], 1.0) * 6.0, x[..., 1], x[..., 2]
    parts = (jnp.abs(hue - 3.0) - 1.0, 2.0 - jnp.abs(hue - 2.0), 2.0 - jnp.abs(hue - 4.0))
    return jnp.stack([value * (1 - saturation + saturation * jnp.clip(part, 0, 1)) for part in parts], -1)


def contrast(x: jax.Array, factor: jax.Array) -> jax.Array:
    """Distances from the mean of each channel, times a factor."""
    mean = x.mean((1, 2), keepdims=True)
    return (x - mean) * factor + mean


def shift_hue(x: jax.Array, shift: jax.Array, value_range: tuple[float, float]) -> jax.Array:
    """Colours moved around the circle of hues: a shift of 1 is once around."""
    hsv = to_hsv(to_range(x, value_range, (0, 1)))
    hue = hsv[..., 0] + shift
    hue = jnp.where(hue > 1.0, hue - 1.0, hue)
    hue = jnp.where(hue < 0.0, hue + 1.0, hue)
    return to_range(jnp.clip(from_hsv(hsv.at[..., 0].set(hue)), 0, 1), (0, 1), value_range)


def saturate(x: jax.Array, factor: jax.Array, value_range: tuple[float, float]) -> jax.Array:
    """Colours with their saturation times a factor, kept within the range of the pictures as in Keras."""
    hsv = to_hsv(x)
    return from_hsv(hsv.at[..., 1].set(jnp.clip(hsv[..., 1] * factor, *value_range)))


def degenerate(x: jax.Array, factor: jax.Array) -> jax.Array:
    """On the way from colours (0) to grey (1)."""
    return x + factor * (grayscale(x) - x)


def posterize(x: jax.Array, shift: jax.Array, value_range: tuple[float, float]) -> jax.Array:
    """Only the first bits of each number, of eight; the last `shift` are zero."""
    whole = to_range(x, value_range, (0, 255)).astype(jnp.uint8)
    kept = jnp.left_shift(jnp.right_shift(whole, shift), shift)
    return to_range(kept.astype(x.dtype), (0, 255), value_range)


def solarize(
    x: jax.Array, addition: jax.Array, threshold: jax.Array, value_range: tuple[float, float]
) -> jax.Array:
    """Brighter by `addition`, of 255, and then inverted from `threshold` on."""
    y = jnp.clip(to_range(x, value_range, (0, 255)) + addition, 0, 255)
    return to_range(jnp.where(y < threshold, y, 255 - y), (0, 255), value_range)


def sharpen(x: jax.Array, factor: jax.Array) -> jax.Array:
    """On the way from smooth (0) over the picture as it is (1) to sharp."""
    channels = x.shape[-1]
    kernel = jnp.full((3, 3), 1 / 13).at[1, 1].set(5 / 13)
    kernel = jnp.tile(kernel[:, :, None, None], (1, 1, 1, channels))
    numbers = ("NHWC", "HWIO", "NHWC")
    smooth = lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=numbers, feature_group_count=channels
    )
    return x + (1.0 - factor) * (smooth - x)


def auto_contrast(x: jax.Array, *, value_range: tuple[float, float] = (0, 255)) -> jax.Array:
    """Each channel of each picture stretched over the whole range; a channel of one number stays as it is."""
    y = to_range(x, value_range, (0, 255))
    low, high = y.min((1, 2), keepdims=True), y.max((1, 2), keepdims=True)
    scale = 255.0 / (high - low)
    y = to_range(jnp.clip(y * scale - low * scale, 0.0, 255.0), (0, 255), value_range)
    return jnp.where(jnp.isnan(y), x, y)
