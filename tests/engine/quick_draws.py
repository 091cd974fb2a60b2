"""Keras draws the first weights of its layers with NumPy, by the same formulas and from the same seeds.

It would draw them with JAX, operation by operation, each compiled for each shape: that takes longer than a test
that builds a model, or opens one, takes for all the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import numpy as np

Array = np.ndarray[Any, Any]


def _generator(seed: Any) -> np.random.Generator:
    from keras.src.random.seed_generator import draw_seed

    return np.random.default_rng(np.asarray(draw_seed(seed)))


def _normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Array:
    return np.asarray(_generator(seed).normal(mean, stddev, shape)).astype(dtype or "float32")


def _truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Array:
    """Within two deviations: what lies outside is drawn anew."""
    generator = _generator(seed)
    found = generator.normal(size=int(np.prod(shape)))
    while (outside := np.abs(found) > 2).any():
        found[outside] = generator.normal(size=np.count_nonzero(outside))
    return (mean + stddev * found.reshape(shape)).astype(dtype or "float32")


def _uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Array:
    return np.asarray(_generator(seed).uniform(minval, maxval, shape)).astype(dtype or "float32")


_DRAWS = {"normal": _normal, "truncated_normal": _truncated_normal, "uniform": _uniform}

_OPERATIONS = {
    **{name: getattr(np, name) for name in ("diag", "ones", "reshape", "sign", "transpose", "zeros")},
    "qr": np.linalg.qr,
}
"""What initializers make of the draws."""


@contextlib.contextmanager
def quick_draws() -> Iterator[None]:
    """Let the variables of Keras begin so; its initializers by themselves are as they are."""
    from keras.src.backend.jax.core import JaxVariable

    begin = JaxVariable._initialize_with_initializer

    def quickly(variable: Any, initializer: Any) -> None:
        with (
            patch.multiple("keras.src.backend.jax.random", **_DRAWS),
            patch.multiple("keras.src.ops", **_OPERATIONS),
        ):
            begin(variable, initializer)

    with patch.object(JaxVariable, "_initialize_with_initializer", quickly):
        yield
