"""Rows of a table by their numbers, and masks of what is padding."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def embedding(x: jax.Array, embeddings: jax.Array) -> jax.Array:
    return jnp.take(embeddings, x.astype(jnp.int32), axis=0)


def reverse_embedding(
    x: jax.Array,
    embeddings: jax.Array,
    reverse_embeddings: jax.Array | None = None,
    *,
    logit_soft_cap: float | None = None,
) -> jax.Array:
    """From embeddings back to a number for each row of the table; `logit_soft_cap` bounds these."""
    y = x @ (embeddings.T if reverse_embeddings is None else reverse_embeddings)
    return y if logit_soft_cap is None else jnp.tanh(y / logit_soft_cap) * logit_soft_cap


def not_zero(x: jax.Array) -> jax.Array:
    return x != 0


def steps_with(x: jax.Array, *, mask_value: float = 0.0) -> jax.Array:
    """Which steps hold something else than the value that marks padding."""
    return (x != mask_value).any(-1)


def masking(x: jax.Array, *, mask_value: float = 0.0) -> jax.Array:
    return jnp.where((x != mask_value).any(-1, keepdims=True), x, 0.0)
