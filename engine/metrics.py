"""Keras's metrics (https://keras.io/api/metrics/): a number for each place, averaged over an epoch."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from engine.losses import LOSSES

Metric = Callable[[jax.Array, jax.Array], jax.Array]


def _sparse_accuracy(target: jax.Array, p: jax.Array) -> jax.Array:
    return (p.argmax(-1) == target).astype(jnp.float32)


def _categorical_accuracy(target: jax.Array, p: jax.Array) -> jax.Array:
    return (p.argmax(-1) == target.argmax(-1)).astype(jnp.float32)


def _binary_accuracy(target: jax.Array, p: jax.Array) -> jax.Array:
    return ((p > 0.5) == (target > 0.5)).astype(jnp.float32)


def _sign_accuracy(target: jax.Array, y: jax.Array) -> jax.Array:
    return ((y > 0.5) == target).astype(jnp.float32)


def _accuracy(target: jax.Array, p: jax.Array) -> jax.Array:
    return (p == target).astype(jnp.float32)


def _mae(target: jax.Array, p: jax.Array) -> jax.Array:
    return jnp.abs(p - target)


def _mse(target: jax.Array, p: jax.Array) -> jax.Array:
    return jnp.square(p - target)


_ACCURACY: dict[str, Metric] = {
    "labels": _sparse_accuracy,
    "one-hot": _categorical_accuracy,
    "binary": _binary_accuracy,
    "signs": _sign_accuracy,
    "numbers": _accuracy,
}

METRICS: dict[str, str] = {
    "accuracy": "Share of samples that are predicted right.",
    "mae": "Mean absolute error.",
    "mse": "Mean squared error.",
}
"""Every metric by its Keras name, with what it says."""


def metric_for(name: str, loss: str) -> Metric:
    """The function of a metric; "accuracy" is the kind that fits the loss, as in Keras's compile."""
    return {"accuracy": _ACCURACY[LOSSES[loss].targets], "mae": _mae, "mse": _mse}[name]
