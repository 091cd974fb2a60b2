"""What a metric adds up of one batch, in JAX: see `engine.metrics` for what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine.averages import Average, metric_average
from engine.losses import LOSSES, TargetKind
from engine.metric_settings import THRESHOLD
from engine.shapes import Shape
from engine.tallies import Agreement, Explained, Overlap, Root, Share, Tally, Thresholds


class Seen(NamedTuple):
    """A batch as metrics see it: what an Output predicted and was to predict, with its samples in front.

    `kind` says what the targets are. `counted` is 0 for samples that only fill the batch up. Of all metrics, Keras
    heeds the `mask` in those alone that are the mean of a number for each place.
    """

    target: jax.Array
    prediction: jax.Array
    logits: tuple[jax.Array | None, str]
    mask: jax.Array | None
    counted: jax.Array
    kind: TargetKind

    def mean(self, values: jax.Array) -> Average:
        """The mean of numbers (batch, *places); raises `ValueError` where they do not fit the mask."""
        return metric_average(values, self.mask, self.counted)

    def by_sample(self, values: jax.Array) -> jax.Array:
        """Numbers (batch, ...), 0 where a sample does not count."""
        return values * self.counted.reshape(-1, *(1,) * (values.ndim - 1))


Sums = Callable[..., Tally]
"""Takes a batch, and the settings of a metric by their names."""


def nothing(sums: Sums, kind: TargetKind, shape: Shape) -> Tally:
    """What is added to, for predictions of a shape; sizes that it leaves open do not matter."""
    sizes = (1, *(size or 1 for size in shape))
    prediction = jax.ShapeDtypeStruct(sizes, jnp.float32)
    target = jax.ShapeDtypeStruct(sizes[:-1], jnp.int32) if kind == "labels" else prediction

    def of_one(target: jax.Array, prediction: jax.Array) -> Tally:
        return sums(Seen(target, prediction, (None, ""), None, jnp.ones(1), kind))

    found = jax.eval_shape(of_one, target, prediction)
    return jax.tree.map(lambda outline: np.zeros(outline.shape), found)


# Means


def loss(name: str, sign: float = 1.0) -> Sums:
    """The mean of what a loss computes."""
    return lambda seen: seen.mean(sign * LOSSES[name](seen.target, seen.prediction, *seen.logits))


def binary_accuracy(seen: Seen, threshold: float = THRESHOLD) -> Average:
    said = (seen.prediction > threshold).astype(seen.target.dtype)
    return seen.mean((said == seen.target).astype(jnp.float32))


def class_accuracy(seen: Seen) -> Average:
    return seen.mean((seen.prediction.argmax(-1) == _class(seen)).astype(jnp.float32))


def accuracy(seen: Seen) -> Average:
    """The share that is right, as Keras's "accuracy" finds it out."""
    by_class = seen.kind in ("labels", "one-hot") or (seen.kind == "numbers" and seen.prediction.shape[-1] > 1)
    return class_accuracy(seen) if by_class else binary_accuracy(seen)


def top_classes(seen: Seen, k: int = 5) -> Average:
    mine = jnp.take_along_axis(seen.prediction, _class(seen)[..., None], -1)
    better = (seen.prediction > mine).sum(-1)
    return seen.mean((better < k).astype(jnp.float32))


def _class(seen: Seen) -> jax.Array:
    """The number of the right class, where targets tell classes."""
    return seen.target if seen.kind == "labels" else seen.target.argmax(-1)


# What is no mean of places


def root_of_squares(seen: Seen) -> Root:
    squares = jnp.square(seen.prediction - seen.target)
    return Root(*metric_average(squares, None, seen.counted))


def precision(seen: Seen, **settings: Any) -> Share:
    said, there = _yeses(seen, **settings)
    return Share((said * there).sum(), said.sum())


def recall(seen: Seen, **settings: Any) -> Share:
    said, there = _yeses(seen, **settings)
    return Share((said * there).sum(), there.sum())


def _yeses(
    seen: Seen, thresholds: float | None = None, top_k: int | None = None, class_id: int | None = None
) -> tuple[jax.Array, jax.Array]:
    """Where yes is predicted, and where it is right."""
    said, there = jnp.ones_like(seen.prediction, bool), seen.target != 0
    if thresholds is not None or top_k is None:
        said &= seen.prediction > (THRESHOLD if thresholds is None else thresholds)
    if top_k is not None:
        said &= _highest(seen.prediction, top_k)
    if class_id is not None:
        said, there = said[..., class_id], there[..., class_id]
    return seen.by_sample(said.astype(jnp.float32)), seen.by_sample(there.astype(jnp.float32))


def _highest(numbers: jax.Array, count: int) -> jax.Array:
    """Where the highest numbers of the last axis are, of equal ones the first."""
    places = jax.lax.top_k(numbers, count)[1]
    return jax.nn.one_hot(places, numbers.shape[-1], dtype=bool).any(-2)


def area(
    seen: Seen,
    num_thresholds: int = 200,
    curve: str = "ROC",
    summation_method: str = "interpolation",
    multi_label: bool = False,
) -> Thresholds:
    steps = jnp.clip(seen.prediction, 0.0, 1.0) * (num_thresholds - 1)
    places = jnp.maximum(jnp.ceil(steps).astype(jnp.int32) - 1, 0)
    there = (seen.target != 0).astype(jnp.float32)

    def counts(values: jax.Array) -> jax.Array:
        counted = seen.by_sample(values)
        if not multi_label:
            return jax.ops.segment_sum(counted.ravel(), places.ravel(), num_thresholds)
        by_column = jax.vmap(lambda own, at: jax.ops.segment_sum(own, at, num_thresholds))
        return by_column(counted.T, places.T)

    return Thresholds(counts(there), counts(1.0 - there), curve, summation_method, multi_label)


def f_counts(seen: Seen, average: str = "macro", threshold: float | None = None, beta: float = 1.0) -> Agreement:
    p = seen.prediction
    if threshold is None and seen.kind == "binary":
        threshold = THRESHOLD
    likeliest = (p >= p.max(-1, keepdims=True)) & (jnp.abs(p) > 1e-9)
    said = seen.by_sample((likeliest if threshold is None else p > threshold).astype(jnp.float32))
    right, predicted, there = (said * seen.target).sum(0), said.sum(0), seen.by_sample(seen.target).sum(0)
    return Agreement(right, predicted, there, average, beta)


def overlap_counts(
    seen: Seen,
    target_class_ids: tuple[int, ...] = (),
    ignore_class: int | None = None,
    threshold: float = THRESHOLD,
) -> Overlap:
    if seen.kind == "binary":
        classes, said, there = 2, (seen.prediction >= threshold).astype(jnp.int32), seen.target.astype(jnp.int32)
    else:
        classes, said, there = seen.prediction.shape[-1], seen.prediction.argmax(-1), _class(seen)
    rows, axes = jax.nn.one_hot(said, classes), tuple(range(said.ndim))
    if ignore_class is not None and seen.kind != "binary":
        rows = rows * (there != ignore_class)[..., None]
        there = jnp.where(there == ignore_class, -1, there)  # of no class
    predicted, given = seen.by_sample(rows), seen.by_sample(jax.nn.one_hot(there, classes))
    return Overlap((predicted * given).sum(axes), predicted.sum(axes), given.sum(axes), target_class_ids)


def variance(seen: Seen, class_aggregation: str = "uniform_average") -> Explained:
    target = seen.target
    count = seen.by_sample(jnp.ones_like(target))
    missed = seen.by_sample(jnp.square(target - seen.prediction))
    sums = count, seen.by_sample(target), seen.by_sample(jnp.square(target)), missed
    by_variance = class_aggregation == "variance_weighted_average"
    return Explained(*(each.sum(0) for each in sums), by_variance=by_variance)
