"""Means over samples, and over the places of a sample that a mask lets count, as Keras takes them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax


class Average(NamedTuple):
    """A mean on its way: a sum, and the weight of what is summed. Numbers, or arrays with an entry per batch."""

    total: Any
    count: Any

    @property
    def value(self) -> Any:
        """The mean, 0 where nothing counts."""
        return self.total / (self.count + (self.count == 0))


def metric_average(values: jax.Array, mask: jax.Array | None, counted: jax.Array) -> Average:
    """The mean of numbers (batch, *places), each place that counts weighing the same.

    `counted` (batch) is 0 for samples that only fill a batch up. `mask` has the batch axis and the first axes of
    the places, or fewer; raises `ValueError` where it has others.
    """
    weights = counted if mask is None else mask * counted.reshape(-1, *(1,) * (mask.ndim - 1))
    if values.shape[: weights.ndim] != weights.shape:
        raise ValueError(f"a mask of {weights.shape[1:]} does not fit a loss of {values.shape[1:]}")
    values = values.mean(range(weights.ndim, values.ndim))
    places = weights.size // len(weights)
    return Average((values * weights).sum() / places, weights.sum() / places)


def loss_average(values: jax.Array, mask: jax.Array | None, counted: jax.Array) -> Average:
    """The mean of numbers (batch, *places), standing for all samples alike, however few of their places count.

    Of several batches, those with more places that count thus weigh no more than the others.
    """
    samples = counted.sum()
    return Average(metric_average(values, mask, counted).value * samples, samples)
