"""Sums over all axes but the channels, as XLA computes them fast on a CPU."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


@jax.custom_vjp
def channel_sums(x: Any) -> Any:
    """The sum of each channel, which come last: a product with ones, four times as fast as a reduction.

    With several rows of ones it takes no longer, and is made by XLA's library; for a single row, XLA would compile
    a loop for each of these sums, which is a third of the time that it takes to compile a ResNet50.
    """
    rows = x.reshape(-1, x.shape[-1])
    return (jnp.ones((_ROWS, len(rows)), x.dtype) @ rows)[0]


_ROWS = 4


def _sums_forward(x: Any) -> tuple[Any, Any]:
    return channel_sums(x), x


def _sums_backward(x: Any, dy: Any) -> tuple[Any]:
    return (jnp.broadcast_to(dy, x.shape),)


channel_sums.defvjp(_sums_forward, _sums_backward)


@jax.custom_vjp
def biased(y: Any, bias: Any) -> Any:
    """y + bias, whose gradient by the bias is one of `channel_sums`."""
    return y + bias


def _biased_forward(y: Any, bias: Any) -> tuple[Any, None]:
    return biased(y, bias), None


def _biased_backward(_: None, dy: Any) -> tuple[Any, Any]:
    return dy, channel_sums(dy)


biased.defvjp(_biased_forward, _biased_backward)
