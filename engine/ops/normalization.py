"""Normalization by the figures of a batch, of a sample, or by figures kept from training."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from engine.ops.sums import channel_sums


def batch_normalization(
    x: jax.Array,
    gamma: jax.Array | None,
    beta: jax.Array | None,
    mean: jax.Array,
    variance: jax.Array,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> jax.Array:
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    scale = jax.lax.rsqrt(variance + epsilon)
    scale = scale if gamma is None else scale * gamma
    y = (x - mean.reshape(shape)) * scale.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def batch_moments(x: jax.Array, axis: int, mask: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
    """Mean and variance of each channel over a batch; where there is a mask, over the steps that it leaves."""
    axes = tuple(other for other in range(x.ndim) if other != axis % x.ndim)
    if mask is None:
        return x.mean(axes), x.var(axes)
    kept = jnp.broadcast_to(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), x.shape)
    count = kept.sum(axes, keepdims=True) + 1e-7
    mean = jnp.where(kept, x, 0.0).sum(axes, keepdims=True) / count
    variance = jnp.square(jnp.where(kept, x - mean, 0.0)).sum(axes, keepdims=True) / count
    return mean.reshape(-1), variance.reshape(-1)


def batch_normalization_for_training(
    x: jax.Array, gamma: jax.Array | None, beta: jax.Array | None, *, epsilon: float = 1e-3
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`batch_normalization` by the moments of x itself, with channels last; gives them, too.

    Moments and gradients (Ioffe and Szegedy 2015, arXiv:1502.03167, section 3) take two sums each, which are fast
    on a CPU.
    """
    channels = x.shape[-1:]
    scale = jnp.ones(channels, x.dtype) if gamma is None else gamma
    shift = jnp.zeros(channels, x.dtype) if beta is None else beta
    return _normalized(x, scale, shift, epsilon)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _normalized(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    return _normalized_forward(x, gamma, beta, epsilon)[0]


def _normalized_forward(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    count = x.size // x.shape[-1]
    mean = channel_sums(x) / count
    variance = channel_sums(jnp.square(x - mean)) / count
    inverse = jax.lax.rsqrt(variance + epsilon)
    y = (x - mean) * (inverse * gamma) + beta
    return (y, mean, variance), (x, gamma, mean, inverse)


def _normalized_backward(_: float, saved: Any, given: Any) -> Any:
    x, gamma, mean, inverse = saved
    dy, dmean, dvariance = given
    count = x.size // x.shape[-1]
    normal = (x - mean) * inverse
    dbeta, dgamma = channel_sums(dy), channel_sums(dy * normal)
    dx = gamma * inverse * (dy - dbeta / count - normal * (dgamma / count))
    dx += (dmean + 2 * dvariance * (x - mean)) / count
    return dx, dgamma, dbeta


_normalized.defvjp(_normalized_forward, _normalized_backward)


def layer_normalization(
    x: jax.Array,
    gamma: jax.Array | None = None,
    beta: jax.Array | None = None,
    *,
    axis: tuple[int, ...] = (-1,),
    epsilon: float = 1e-3,
) -> jax.Array:
    y = (x - x.mean(axis, keepdims=True)) * jax.lax.rsqrt(x.var(axis, keepdims=True) + epsilon)
    shape = along(x, axis)
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def variance_scaling_normalization(
    x: jax.Array, gamma: jax.Array, *, axis: tuple[int, ...] = (-1,), epsilon: float = 1e-3
) -> jax.Array:
    """What LayerNormalization does with `rms_scaling`: it divides by the deviation and keeps the mean."""
    return x * jax.lax.rsqrt(x.var(axis, keepdims=True) + epsilon) * gamma.reshape(along(x, axis))


def rms_normalization(
    x: jax.Array, scale: jax.Array, *, axis: tuple[int, ...] = (-1,), epsilon: float = 1e-6
) -> jax.Array:
    squares = jnp.square(x).mean(axis, keepdims=True)
    return x * jax.lax.rsqrt(squares + epsilon) * scale


def along(x: jax.Array, axis: tuple[int, ...]) -> list[int]:
    """The shape of a weight that lies along some axes of x, so that it meets them."""
    kept = {position % x.ndim for position in axis}
    return [size if position in kept else 1 for position, size in enumerate(x.shape)]


def group_normalization(
    x: jax.Array,
    gamma: jax.Array | None = None,
    beta: jax.Array | None = None,
    *,
    groups: int = 32,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> jax.Array:
    """Channels are taken in groups, one behind the other; -1 makes a group of each."""
    position = axis % x.ndim
    channels = x.shape[position]
    count = channels if groups == -1 else groups
    y = x.reshape(*x.shape[:position], count, channels // count, *x.shape[position + 1 :])
    axes = tuple(other for other in range(1, y.ndim) if other != position)
    y = (y - y.mean(axes, keepdims=True)) * jax.lax.rsqrt(y.var(axes, keepdims=True) + epsilon)
    y, shape = y.reshape(x.shape), along(x, (position,))
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def unit_normalization(x: jax.Array, axis: tuple[int, ...] = (-1,)) -> jax.Array:
    return x * jnp.minimum(jax.lax.rsqrt(jnp.square(x).sum(axis, keepdims=True)), 1e12)


def spectral_step(kernel: jax.Array, vector_u: jax.Array, iterations: int = 1) -> tuple[jax.Array, jax.Array]:
    """A kernel over its largest singular value, and the vector that finds the value (Miyato et al., 2018)."""
    matrix = kernel.reshape(-1, kernel.shape[-1])
    u, v = vector_u, vector_u @ matrix.T
    for _ in range(iterations):
        v = _unit(u @ matrix.T)
        u = _unit(v @ matrix)
    u, v = jax.lax.stop_gradient((u, v))
    sigma = v @ matrix @ u.T
    still = jnp.all(kernel == 0)
    divided = kernel / jnp.where(still, 1.0, sigma).reshape(())
    return jnp.where(still, kernel, divided), jnp.where(still, vector_u, u)


def _unit(x: jax.Array) -> jax.Array:
    return x * jnp.minimum(jax.lax.rsqrt(jnp.square(x).sum()), 1e7)


def normalization(
    x: jax.Array, mean: jax.Array, variance: jax.Array, *, axis: tuple[int, ...] = (-1,), invert: bool = False
) -> jax.Array:
    shape = along(x, axis)
    mean, deviation = mean.reshape(shape), jnp.maximum(jnp.sqrt(variance), 1e-7).reshape(shape)
    return mean + x * deviation if invert else (x - mean) / deviation


def standardized(
    x: jax.Array,
    mean: tuple[float, ...],
    variance: tuple[float, ...],
    axis: tuple[int, ...] = (-1,),
    invert: bool = False,
) -> jax.Array:
    """Normalization by figures that are known: one, or one for each place along the last of the axes."""
    shape = [1] * x.ndim
    if len(mean) > 1:
        shape[max(position % x.ndim for position in axis)] = len(mean)
    middle = jnp.asarray(mean, x.dtype).reshape(shape)
    deviation = jnp.maximum(jnp.sqrt(jnp.asarray(variance, x.dtype)), 1e-7).reshape(shape)
    return middle + x * deviation if invert else (x - middle) / deviation
