"""Keras's losses (https://keras.io/api/losses/).

Each takes predictions and targets with a batch axis and gives a loss for each place of each sample: an array of
(batch), or (batch, steps) for sequences, and so on. `engine.averages` makes one number of it. Where the
prediction comes out of a softmax or sigmoid, cross-entropies are computed from what went into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp

_EPSILON = 1e-7  # keras.config.epsilon()

TargetKind = Literal["labels", "one-hot", "binary", "signs", "numbers"]
"""Numbers of classes; a one at the class, or a share of each; 0 or 1; 0 or 1, or else -1 or 1; any numbers."""


@dataclass(frozen=True)
class Loss:
    """A loss: what it computes, which targets it takes, and the activation that it can look behind.

    `from_logits` is used in place of `function` where the prediction comes straight out of `activation`.
    """

    function: Callable[[jax.Array, jax.Array], jax.Array]
    targets: TargetKind
    activation: str | None = None
    from_logits: Callable[[jax.Array, jax.Array], jax.Array] | None = None
    positive: bool = False
    """Whether predictions must be above 0, of any size."""
    metric: str = ""
    """The class of Keras's metrics that computes the same, where there is one."""

    @property
    def tells_classes(self) -> bool:
        """Whether a target is one of several classes."""
        return self.targets in ("labels", "one-hot", "binary")

    def __call__(
        self, target: jax.Array, prediction: jax.Array, logits: jax.Array | None, activation: str
    ) -> jax.Array:
        if self.from_logits is not None and logits is not None and activation == self.activation:
            return self.from_logits(target, logits)
        return self.function(target, prediction)


def _clip(p: jax.Array) -> jax.Array:
    return jnp.clip(p, _EPSILON, 1.0 - _EPSILON)


def _categorical(target: jax.Array, p: jax.Array) -> jax.Array:
    p = p / p.sum(-1, keepdims=True)
    return -(target * jnp.log(_clip(p))).sum(-1)


def _sparse_categorical(target: jax.Array, p: jax.Array) -> jax.Array:
    p = p / p.sum(-1, keepdims=True)
    return -jnp.take_along_axis(jnp.log(_clip(p)), target[..., None], -1)[..., 0]


def _binary(target: jax.Array, p: jax.Array) -> jax.Array:
    p = _clip(p)
    return -(target * jnp.log(p) + (1.0 - target) * jnp.log(1.0 - p)).mean(-1)


def _binary_logits(target: jax.Array, z: jax.Array) -> jax.Array:
    return (jnp.maximum(z, 0.0) - z * target + jnp.log1p(jnp.exp(-jnp.abs(z)))).mean(-1)


def _categorical_logits(target: jax.Array, z: jax.Array) -> jax.Array:
    return -(target * jax.nn.log_softmax(z)).sum(-1)


def _sparse_categorical_logits(target: jax.Array, z: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(z), target[..., None], -1)[..., 0]


def _squared(target: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.square(target - y).mean(-1)


def _absolute(target: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.abs(target - y).mean(-1)


def _percentage(target: jax.Array, y: jax.Array) -> jax.Array:
    return 100.0 * jnp.abs((target - y) / jnp.maximum(jnp.abs(target), _EPSILON)).mean(-1)


def _squared_logarithmic(target: jax.Array, y: jax.Array) -> jax.Array:
    logs = (jnp.log(jnp.maximum(values, _EPSILON) + 1.0) for values in (target, y))
    return _squared(*logs)


def _huber(target: jax.Array, y: jax.Array) -> jax.Array:
    error = jnp.abs(target - y)
    return jnp.where(error <= 1.0, 0.5 * error**2, error - 0.5).mean(-1)


def _log_cosh(target: jax.Array, y: jax.Array) -> jax.Array:
    error = y - target
    return (jnp.logaddexp(error, -error) - jnp.log(2.0)).mean(-1)


def _cosine(target: jax.Array, y: jax.Array) -> jax.Array:
    units = (v / jnp.sqrt(jnp.maximum(jnp.square(v).sum(-1, keepdims=True), _EPSILON**2)) for v in (target, y))
    return -jnp.prod(jnp.stack([*units]), 0).sum(-1)


def _divergence(target: jax.Array, p: jax.Array) -> jax.Array:
    target, p = jnp.clip(target, _EPSILON, 1.0), jnp.clip(p, _EPSILON, 1.0)
    return (target * jnp.log(target / p)).sum(-1)


def _poisson(target: jax.Array, y: jax.Array) -> jax.Array:
    return (y - target * jnp.log(y + _EPSILON)).mean(-1)


def _signs(target: jax.Array) -> jax.Array:
    """Targets of 0 and 1 as -1 and 1."""
    zero_or_one = ((target == 0.0) | (target == 1.0)).all()
    return jnp.where(zero_or_one, 2.0 * target - 1.0, target)


def _hinge(target: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.maximum(1.0 - _signs(target) * y, 0.0).mean(-1)


def _squared_hinge(target: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.square(jnp.maximum(1.0 - _signs(target) * y, 0.0)).mean(-1)


def _categorical_hinge(target: jax.Array, y: jax.Array) -> jax.Array:
    right, wrong = (target * y).sum(-1), ((1.0 - target) * y).max(-1)
    return jnp.maximum(wrong - right + 1.0, 0.0)


_FOCUS, _SHARE = 2.0, 0.25  # gamma and alpha of Keras's focal losses


def _binary_focal(target: jax.Array, p: jax.Array) -> jax.Array:
    right = target * p + (1.0 - target) * (1.0 - p)
    clipped = _clip(p)
    entropy = -(target * jnp.log(clipped) + (1.0 - target) * jnp.log(1.0 - clipped))
    return ((1.0 - right) ** _FOCUS * entropy).mean(-1)


def _categorical_focal(target: jax.Array, p: jax.Array) -> jax.Array:
    p = _clip(p / p.sum(-1, keepdims=True))
    return (_SHARE * (1.0 - p) ** _FOCUS * -target * jnp.log(p)).sum(-1)


LOSSES: dict[str, Loss] = {
    "sparse_categorical_crossentropy": Loss(
        _sparse_categorical,
        "labels",
        "softmax",
        _sparse_categorical_logits,
        metric="SparseCategoricalCrossentropy",
    ),
    "categorical_crossentropy": Loss(
        _categorical, "one-hot", "softmax", _categorical_logits, metric="CategoricalCrossentropy"
    ),
    "binary_crossentropy": Loss(_binary, "binary", "sigmoid", _binary_logits, metric="BinaryCrossentropy"),
    "mean_squared_error": Loss(_squared, "numbers", metric="MeanSquaredError"),
    "mean_absolute_error": Loss(_absolute, "numbers", metric="MeanAbsoluteError"),
    "huber": Loss(_huber, "numbers"),
    "log_cosh": Loss(_log_cosh, "numbers", metric="LogCoshError"),
    "mean_absolute_percentage_error": Loss(_percentage, "numbers", metric="MeanAbsolutePercentageError"),
    "mean_squared_logarithmic_error": Loss(_squared_logarithmic, "numbers", metric="MeanSquaredLogarithmicError"),
    "cosine_similarity": Loss(_cosine, "numbers", metric="CosineSimilarity"),
    "poisson": Loss(_poisson, "numbers", positive=True, metric="Poisson"),
    "kl_divergence": Loss(_divergence, "one-hot", "softmax", metric="KLDivergence"),
    "binary_focal_crossentropy": Loss(_binary_focal, "binary", "sigmoid"),
    "categorical_focal_crossentropy": Loss(_categorical_focal, "one-hot", "softmax"),
    "hinge": Loss(_hinge, "signs", metric="Hinge"),
    "squared_hinge": Loss(_squared_hinge, "signs", metric="SquaredHinge"),
    "categorical_hinge": Loss(_categorical_hinge, "one-hot", metric="CategoricalHinge"),
}
"""Every loss by its Keras name."""
