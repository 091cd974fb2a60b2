"""Attention: what a query finds among keys, in terms of the values beside them."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

Masks = tuple[jax.Array | None, ...]


def attention(
    query: jax.Array,
    value: jax.Array,
    key: jax.Array | None = None,
    *,
    scale: jax.Array | None = None,
    concat_score_weight: jax.Array | None = None,
    additive: bool = False,
    causal: bool = False,
    scores: bool = False,
    drop: Callable[[jax.Array], jax.Array] | None = None,
    masks: Masks = (),
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """Dot-product attention; with a `concat_score_weight`, or `additive`, the sums of query and key count."""
    key = value if key is None else key
    factor = 1.0 if scale is None else scale
    if additive:
        logits = (factor * jnp.tanh(query[..., :, None, :] + key[..., None, :, :])).sum(-1)
    elif concat_score_weight is not None:
        sums = query[..., :, None, :] + key[..., None, :, :]
        logits = concat_score_weight * jnp.tanh(factor * sums).sum(-1)
    else:
        logits = query @ jnp.swapaxes(key, -2, -1) * factor
    value_mask = masks[1] if len(masks) > 1 else None
    seen = None if value_mask is None else value_mask[:, None, :]
    if causal:
        before = triangle(*logits.shape[-2:])
        seen = before if seen is None else seen & before
    shares = jax.nn.softmax(logits if seen is None else jnp.where(seen, logits, logits - 1e9), axis=-1)
    shares = shares if drop is None else drop(shares)
    y = shares @ value
    if masks and masks[0] is not None:
        y = jnp.where(masks[0][..., None], y, 0.0)
    return (y, shares) if scores else y


def triangle(queries: int, keys: int) -> jax.Array:
    """A mask (1, queries, keys) that lets each step see those up to itself."""
    return (jnp.arange(queries)[:, None] >= jnp.arange(keys))[None]


def attention_mask(
    queries: int, keys: int, masks: Masks, causal: bool, sliding_window: int | None
) -> jax.Array | None:
    """Who may see whom: (batch or 1, queries, keys), None where everybody may see everything."""
    parts = [mask[:, None, :] for mask in masks[1:] if mask is not None]
    parts += [masks[0][:, :, None]] if masks and masks[0] is not None else []
    parts += [triangle(queries, keys)] if causal else []
    if sliding_window is not None:
        distance = jnp.abs(jnp.arange(queries)[:, None] - jnp.arange(keys))
        parts.append((distance < sliding_window)[None])
    seen: jax.Array | None = None
    for part in parts:
        seen = part if seen is None else seen & part
    return seen


def multi_head_attention(
    query: jax.Array,
    value: jax.Array,
    key: jax.Array | None = None,
    *,
    query_kernel: jax.Array,
    key_kernel: jax.Array,
    value_kernel: jax.Array,
    output_kernel: jax.Array,
    gate_kernel: jax.Array | None = None,
    query_bias: jax.Array | None = None,
    key_bias: jax.Array | None = None,
    value_bias: jax.Array | None = None,
    output_bias: jax.Array | None = None,
    gate_bias: jax.Array | None = None,
    axes: tuple[int, ...] | None = None,
    causal: bool = False,
    sliding_window: int | None = None,
    scores: bool = False,
    zeroed: bool = False,
    drop: Callable[[jax.Array], jax.Array] | None = None,
    masks: Masks = (),
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """Several attentions side by side, each in a space of its own (Vaswani et al., 2017).

    Kernels have the shapes (features, heads, size) and (heads, size, *outputs); keys and values may have fewer
    heads than queries, which then share them. `axes` are those that attention runs along, counted with the batch.
    `zeroed` gives a query that sees nothing zero shares, not equal ones, as it is for grids of queries anyway.
    """
    key = value if key is None else key
    axes = tuple(range(1, query.ndim - 1)) if axes is None else tuple(axis % query.ndim for axis in axes)
    seen = attention_mask(query.shape[1], value.shape[1], masks, causal, sliding_window)
    q, k = project(query, query_kernel, query_bias), project(key, key_kernel, key_bias)
    v = project(value, value_kernel, value_bias)
    if k.shape[-2] != q.shape[-2]:
        k, v = (jnp.repeat(part, q.shape[-2] // k.shape[-2], axis=-2) for part in (k, v))
    others = tuple(axis for axis in range(q.ndim - 1) if axis not in axes)
    order = (*others, *axes, q.ndim - 1)
    q, k, v = (part.transpose(order) for part in (q, k, v))
    batch, places, sources = q.shape[: len(others)], q.shape[len(others) : -1], k.shape[len(others) : -1]
    flat = [part.reshape(*batch, -1, part.shape[-1]) for part in (q * (1.0 / math.sqrt(q.shape[-1])), k, v)]
    logits = flat[0] @ jnp.swapaxes(flat[1], -2, -1)
    shares = masked_softmax(logits, seen, zeroed or query.ndim != 3)
    y = (shares if drop is None else drop(shares)) @ flat[2]
    y = y.reshape(*batch, *places, y.shape[-1]).transpose([order.index(axis) for axis in range(len(order))])
    if gate_kernel is not None:
        y = y * jax.nn.sigmoid(project(query, gate_kernel, gate_bias))
    y = jnp.tensordot(y, output_kernel, 2)
    y = y if output_bias is None else y + output_bias
    return (y, shares.reshape(*batch, *places, *sources)) if scores else y


def project(x: jax.Array, kernel: jax.Array, bias: jax.Array | None) -> jax.Array:
    y = jnp.tensordot(x, kernel, 1)
    return y if bias is None else y + bias


def masked_softmax(logits: jax.Array, seen: jax.Array | None, zeroed: bool) -> jax.Array:
    if seen is None:
        return jax.nn.softmax(logits, axis=-1)
    seen = seen.reshape(seen.shape[0], *(1,) * (logits.ndim - 3), *seen.shape[1:])
    shares = jax.nn.softmax(jnp.where(seen, logits, -1e9), axis=-1)
    return jnp.where(seen, shares, 0.0) if zeroed else shares
