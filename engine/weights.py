"""The arrays that layers own: what is known of them before there are any."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from engine import named
from engine.ops.initializers import DRAWS, initialize, unit_forget

if TYPE_CHECKING:
    import jax
    import numpy as np

Weights = Mapping[str, "jax.Array"]


@dataclass(frozen=True)
class Weight:
    """One array that a layer owns. Its order among the layer's weights is that of Keras.

    The name of a weight inside a part of the layer begins with the attribute that Keras keeps the part in:
    "cell/kernel". `initializer`, `regularizer` and `constraint` are texts as `engine.named` reads them. With
    `forget`, the second quarter starts at 1 whatever the initializer: the bias of an LSTM's forget gate.
    """

    name: str
    shape: tuple[int, ...]
    initializer: str
    trainable: bool = True
    dtype: str = "float32"
    regularizer: str | None = None
    constraint: str | None = None
    forget: bool = False

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def draw(self) -> Callable[..., Any]:
        """The initializer: a function of a random generator and a shape."""
        draw = named.function_of(self.initializer, DRAWS)
        return partial(unit_forget, draw=draw) if self.forget else draw


def drawn(weights: Iterable[Weight], seed: int, first: int) -> dict[str, np.ndarray[Any, Any]]:
    """New weights of a layer, the first of which is number `first` of the network (see `Model.init`)."""
    return {
        weight.name: initialize(weight.draw, seed, number, weight.shape, weight.dtype)
        for number, weight in enumerate(weights, start=first)
    }


def kernel_size(weights: Iterable[Weight]) -> int:
    """How many numbers the kernels among some weights hold: those that inputs are multiplied by and summed."""
    return sum(weight.size for weight in weights if weight.name.endswith("kernel"))


def prefixed(prefix: str, weights: Iterable[Weight], trainable: bool = True) -> tuple[Weight, ...]:
    """The weights of a part of a layer, under the name of the part."""
    return tuple(
        replace(weight, name=f"{prefix}/{weight.name}", trainable=weight.trainable and trainable)
        for weight in weights
    )


def within(w: Weights, prefix: str) -> dict[str, jax.Array]:
    """The weights of a part, by their own names."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in w.items() if name.startswith(start)}
