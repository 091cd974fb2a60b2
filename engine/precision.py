"""Mixed precision: layers compute in a type of fewer bits, weights stay as they are.

The rules are those of Keras's policy "mixed_bfloat16" (https://keras.io/api/mixed_precision/): weights are float32
between steps, and so are losses, metrics and what optimizers remember. A layer takes its inputs and weights
rounded to bfloat16; normalizations compute in float32 and round what they give. What layers keep themselves, such
as moving means, is never rounded. A layer whose `dtype` is float32 takes, computes and gives that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from engine.layer import Layer

Precision = Literal["float32", "mixed_bfloat16"]

MIXED: Precision = "mixed_bfloat16"


def in_type(values: Any, dtype: Any) -> Any:
    """Arrays of floating-point numbers in a type; others as they are."""

    def cast(value: Any) -> Any:
        known = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.floating)
        return value.astype(dtype) if known and value.dtype != dtype else value

    return jax.tree.map(cast, values)


def taken(layer: Layer, precision: Precision, values: Any) -> Any:
    """Inputs or weights as a layer computes with them."""
    if layer.parts_choose:
        return values
    return in_type(values, jnp.float32 if precision == "float32" or layer.in_full else jnp.bfloat16)


def given(layer: Layer, precision: Precision, values: Any) -> Any:
    """What a layer computed, as it hands it on."""
    if layer.parts_choose:
        return values
    return in_type(values, jnp.float32 if precision == "float32" else jnp.bfloat16)
