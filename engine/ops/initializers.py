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
Initialize = Callable[[np.random.Generator, Shape], Array]


def fans(shape: Shape) -> tuple[float, float]:
    """Numbers that go into and come out of one unit, as Keras counts them."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    reach = math.prod(shape[:-2])
    return float(reach * shape[-2]), float(reach * shape[-1])


def truncated(rng: np.random.Generator, shape: Shape, deviation: float) -> Array:
    """Normal numbers, drawn again where they lie more than two deviations out."""
    values = rng.standard_normal(shape)
    while (far := np.abs(values) > 2.0).any():
        values[far] = rng.standard_normal(int(far.sum()))
    return values * deviation


def uniform(fan: Callable[[Shape], float], scale: float) -> Initialize:
    """Numbers spread evenly, with a variance of scale / fan."""

    def draw(rng: np.random.Generator, shape: Shape) -> Array:
        limit = math.sqrt(3.0 * scale / max(1.0, fan(shape)))
        return rng.uniform(-limit, limit, shape)

    return draw


def normal(fan: Callable[[Shape], float], scale: float) -> Initialize:
    """Truncated normal numbers, with a variance of scale / fan after truncation."""

    def draw(rng: np.random.Generator, shape: Shape) -> Array:
        # 0.8796...: the deviation of a unit normal that is cut off at two
        return truncated(rng, shape, math.sqrt(scale / max(1.0, fan(shape))) / 0.87962566103423978)

    return draw


def fan_in(shape: Shape) -> float:
    return fans(shape)[0]


def fan_average(shape: Shape) -> float:
    return sum(fans(shape)) / 2.0


def orthogonal(rng: np.random.Generator, shape: Shape) -> Array:
    """A matrix of orthogonal rows or columns (https://arxiv.org/abs/1312.6120)."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return (q if rows >= columns else q.T).reshape(shape)


INITIALIZERS: dict[str, Initialize] = {
    "glorot_uniform": uniform(fan_average, 1.0),
    "glorot_normal": normal(fan_average, 1.0),
    "he_uniform": uniform(fan_in, 2.0),
    "he_normal": normal(fan_in, 2.0),
    "lecun_uniform": uniform(fan_in, 1.0),
    "lecun_normal": normal(fan_in, 1.0),
    "random_normal": lambda rng, shape: rng.normal(0.0, 0.05, shape),
    "random_uniform": lambda rng, shape: rng.uniform(-0.05, 0.05, shape),
    "truncated_normal": lambda rng, shape: truncated(rng, shape, 0.05),
    "variance_scaling": normal(fan_in, 1.0),
    "orthogonal": orthogonal,
    "zeros": lambda _, shape: np.zeros(shape),
    "ones": lambda _, shape: np.ones(shape),
}
"""Every initializer by its Keras name: a function of a random generator and a shape."""


def initialize(name: str, seed: int, number: int, shape: Shape, dtype: str = "float32") -> Array:
    """Weight number `number` of a model, drawn with a generator of its own."""
    return np.asarray(INITIALIZERS[name](np.random.default_rng((seed, number)), shape), dtype)
