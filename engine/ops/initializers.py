"""Keras's initializers with their defaults (https://keras.io/api/layers/initializers/).

They draw with NumPy: first weights need no compilation, and are the same whatever the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


def fans(shape: Shape) -> tuple[float, float]:
    """Numbers that go into and come out of one unit, as Keras counts them."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    reach = math.prod(shape[:-2])
    return float(reach * shape[-2]), float(reach * shape[-1])


def truncated_normal(rng: np.random.Generator, shape: Shape, mean: float = 0.0, stddev: float = 0.05) -> Array:
    """Normal numbers, drawn again where they lie more than two deviations out."""
    values = rng.standard_normal(shape)
    while (far := np.abs(values) > 2.0).any():
        values[far] = rng.standard_normal(int(far.sum()))
    return values * stddev + mean


def random_normal(rng: np.random.Generator, shape: Shape, mean: float = 0.0, stddev: float = 0.05) -> Array:
    return rng.normal(mean, stddev, shape)


def random_uniform(rng: np.random.Generator, shape: Shape, minval: float = -0.05, maxval: float = 0.05) -> Array:
    return rng.uniform(minval, maxval, shape)


def variance_scaling(
    rng: np.random.Generator,
    shape: Shape,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
) -> Array:
    """Numbers with a variance of scale / fan; `mode` says which fan."""
    fan_in, fan_out = fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "uniform":
        return rng.uniform(-math.sqrt(3.0 * variance), math.sqrt(3.0 * variance), shape)
    if distribution == "untruncated_normal":
        return rng.normal(0.0, math.sqrt(variance), shape)
    # 0.8796...: the deviation of a unit normal that is cut off at two
    return truncated_normal(rng, shape, 0.0, math.sqrt(variance) / 0.87962566103423978)


def glorot_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    return variance_scaling(rng, shape, 1.0, "fan_avg", "uniform")


def glorot_normal(rng: np.random.Generator, shape: Shape) -> Array:
    return variance_scaling(rng, shape, 1.0, "fan_avg")


def he_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    return variance_scaling(rng, shape, 2.0, "fan_in", "uniform")


def he_normal(rng: np.random.Generator, shape: Shape) -> Array:
    return variance_scaling(rng, shape, 2.0)


def lecun_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    return variance_scaling(rng, shape, 1.0, "fan_in", "uniform")


def lecun_normal(rng: np.random.Generator, shape: Shape) -> Array:
    return variance_scaling(rng, shape)


def orthogonal(rng: np.random.Generator, shape: Shape, gain: float = 1.0) -> Array:
    """A matrix of orthogonal rows or columns (https://arxiv.org/abs/1312.6120)."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r)) * gain
    return (q if rows >= columns else q.T).reshape(shape)


def identity(_: np.random.Generator, shape: Shape, gain: float = 1.0) -> Array:
    return np.eye(shape[-2], shape[-1]) * gain


def zeros(_: np.random.Generator, shape: Shape) -> Array:
    return np.zeros(shape)


def ones(_: np.random.Generator, shape: Shape) -> Array:
    return np.ones(shape)


def constant(_: np.random.Generator, shape: Shape, value: float = 0.0) -> Array:
    return np.full(shape, value)


def unit_forget(rng: np.random.Generator, shape: Shape, draw: Callable[..., Array] = zeros) -> Array:
    """The biases of four gates, the second of which starts at 1 (https://proceedings.mlr.press/v37/jozefowicz15)."""
    size = shape[-1] // 4
    values = np.array(draw(rng, shape))
    values[..., size : 2 * size] = 1.0
    return values


def stft(
    _: np.random.Generator,
    shape: Shape,
    side: str = "real",
    window: str = "hann",
    scaling: str = "density",
    periodic: bool = False,
) -> Array:
    """The waves (frame, 1, frequencies) of a Fourier transform, faded in and out; "" is no window, no scaling.

    https://en.wikipedia.org/wiki/Short-time_Fourier_transform
    """
    from scipy.signal import get_window  # loads slowly, and few programs need it

    time, frequency = np.arange(shape[0])[:, None, None], np.arange(shape[2]) / (2 * (shape[2] - 1))
    angle = -2 * np.pi * time * frequency
    waves = np.cos(angle) if side == "real" else np.sin(angle)
    if not window:
        return waves
    fade: Array = np.asarray(get_window(window, shape[0], periodic))
    size = {"density": np.sqrt(np.sum(fade**2)), "spectrum": np.sum(np.abs(fade)), "": 1.0}[scaling]
    return waves * fade[:, None, None] / size


Initializer = Callable[..., Array]
"""A function of a random generator and a shape; further arguments are settings."""

INITIALIZERS: dict[str, Initializer] = {
    function.__name__: function
    for function in (
        glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, random_normal,
        random_uniform, truncated_normal, variance_scaling, orthogonal, identity, zeros, ones, constant,
    )
}  # fmt: skip
"""Every initializer that a person may choose, by its Keras name."""

DRAWS: dict[str, Initializer] = {**INITIALIZERS, "stft": stft}
"""All that weights start from: besides the initializers, what fits the kernels of one layer only."""


def initialize(draw: Initializer, seed: int, number: int, shape: Shape, dtype: str = "float32") -> Array:
    """Weight number `number` of a model, drawn with a generator of its own."""
    return np.asarray(draw(np.random.default_rng((seed, number)), shape), dtype)
