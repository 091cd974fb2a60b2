"""Categories, given as whole numbers, as rows of numbers; and numbers as categories."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def encode(x: Any, weights: Any = None, *, mode: str, depth: int, idf_weights: Any = None) -> jax.Array:
    """Indices as they are ("int"), or as rows of `depth` numbers; an index outside of 0 to `depth` counts nowhere.

    "one_hot" gives each index a row. The others make one row of all indices along the first axis of a sample:
    "multi_hot" has a 1 for each that occurs, "count" how often it does (or the sum of its `weights`), "tf_idf"
    that times `idf_weights`.
    """
    x = jnp.asarray(x).astype(jnp.int32)
    if mode == "int":
        return x
    if mode == "one_hot":
        x = x.reshape(x.shape[:-1]) if x.ndim > 1 and x.shape[-1] == 1 else x
        return jax.nn.one_hot(x, depth)
    given = jnp.ones(x.shape) if weights is None else jnp.asarray(weights).astype(jnp.float32)
    found = counts(x, given, depth)
    if mode == "multi_hot":
        return (found > 0).astype(jnp.float32)
    return found if idf_weights is None else found * jnp.asarray(idf_weights, jnp.float32)


def counts(x: jax.Array, weights: jax.Array, depth: int) -> jax.Array:
    """Sums of the weights of each index along axis 1; the indices become the last axis."""
    x, weights = jnp.moveaxis(x, 1, -1), jnp.moveaxis(weights, 1, -1)
    rows = x.reshape(-1, x.shape[-1])
    places = jnp.where(rows < 0, depth, rows)  # beyond the end, where nothing is kept
    numbers = jnp.arange(len(rows))[:, None]
    found = jnp.zeros((len(rows), depth)).at[numbers, places].add(weights.reshape(rows.shape), mode="drop")
    return found.reshape(*x.shape[:-1], depth)


def discretize(x: Any, *, bin_boundaries: Any, mode: str, depth: int) -> jax.Array:
    """The number of the bin that each number falls into; a boundary belongs to the bin above it."""
    bins = jnp.searchsorted(jnp.asarray(bin_boundaries, jnp.float32), x, side="right")
    return encode(bins, mode=mode, depth=depth)


def integer_lookup(
    x: Any,
    *,
    vocabulary: tuple[int, ...],
    mask_token: int | None = None,
    num_oov_indices: int = 1,
    mode: str = "int",
    depth: int = 0,
    idf_weights: Any = None,
) -> jax.Array:
    """The place of whole numbers in a vocabulary, those outside of it by their remainder; then encoded."""
    masked = mask_token is not None and mode == "int"
    tokens = np.asarray(vocabulary, np.int32)
    order = np.argsort(tokens)
    ranked = jnp.asarray(tokens[order])
    x = jnp.asarray(x).astype(jnp.int32)
    rank = jnp.clip(jnp.searchsorted(ranked, x), 0, len(tokens) - 1)
    known = jnp.asarray(order)[rank] + num_oov_indices
    places = jnp.where(ranked[rank] == x, known, x % num_oov_indices) + masked
    if mask_token is not None:
        places = jnp.where(x == mask_token, 0 if masked else -1, places)
    return encode(places, mode=mode, depth=depth, idf_weights=idf_weights)


def integer_terms(x: Any, *, terms: tuple[int, ...], oov_token: int) -> jax.Array:
    """The whole number at each place of a vocabulary; `oov_token` for places that it lacks."""
    x = jnp.asarray(x).astype(jnp.int32)
    inside = (x >= 0) & (x < len(terms))
    return jnp.where(inside, jnp.asarray(terms, jnp.int32)[jnp.where(inside, x, 0)], oov_token)
