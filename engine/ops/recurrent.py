"""Layers that go through a sequence step by step.

A cell is two functions. `project` is what it makes of the input of a step before it knows its states: that waits
for nothing, so it is computed for all steps at once. `step` takes this and the states and gives the new states,
one of which is the output. Both take all weights of the cell. `drops` are factors that set a share of the numbers
to zero in training: one for all gates, or one for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

States = tuple[jax.Array, ...]
Function = Callable[..., Any]


def product(
    x: jax.Array, kernel: jax.Array, drops: Sequence[jax.Array], multiply: Function = jnp.matmul
) -> jax.Array:
    """What goes into the gates, side by side."""
    if not drops:
        return multiply(x, kernel)
    kernels = jnp.split(kernel, len(drops), -1)
    return jnp.concatenate([multiply(x * drop, part) for drop, part in zip(drops, kernels, strict=True)], -1)


# Cells


def cell_project(
    x: jax.Array,
    kernel: jax.Array,
    _: jax.Array,
    bias: jax.Array | None = None,
    *,
    drops: Sequence[jax.Array] = (),
    multiply: Function = jnp.matmul,
) -> jax.Array:
    """The input's part of all gates; of two rows of biases, as some GRUs have them, the first is the input's."""
    z = product(x, kernel, drops, multiply)
    if bias is None:
        return z
    return z + (bias[0] if bias.ndim == 2 else bias)


def simple_rnn_step(
    z: jax.Array,
    states: States,
    _kernel: jax.Array,
    recurrent_kernel: jax.Array,
    _bias: jax.Array | None = None,
    *,
    activation: Function,
    drops: Sequence[jax.Array] = (),
) -> States:
    return (activation(z + product(states[0], recurrent_kernel, drops)),)


def lstm_step(
    z: jax.Array,
    states: States,
    _kernel: jax.Array,
    recurrent_kernel: jax.Array,
    _bias: jax.Array | None = None,
    *,
    activation: Function,
    recurrent_activation: Function,
    drops: Sequence[jax.Array] = (),
    multiply: Function = jnp.matmul,
) -> States:
    """https://www.bioinf.jku.at/publications/older/2604.pdf, with the forget gate."""
    h, c = states
    i, f, new, o = jnp.split(z + product(h, recurrent_kernel, drops, multiply), 4, -1)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(new)
    return recurrent_activation(o) * activation(c), c


def gru_step(
    z: jax.Array,
    states: States,
    _kernel: jax.Array,
    recurrent_kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    activation: Function,
    recurrent_activation: Function,
    reset_after: bool = True,
    drops: Sequence[jax.Array] = (),
) -> States:
    """https://arxiv.org/abs/1406.1078; the reset gate comes after the product, or before it."""
    (h,) = states
    both = 2 * h.shape[-1]
    x_update, x_reset, x_new = jnp.split(z, 3, -1)
    if reset_after:
        inner = product(h, recurrent_kernel, drops)
        inner = inner if bias is None else inner + bias[1]
    else:
        inner = product(h, recurrent_kernel[:, :both], drops[:2])
    update = recurrent_activation(x_update + inner[:, : both // 2])
    reset = recurrent_activation(x_reset + inner[:, both // 2 : both])
    late = inner[:, both:] if reset_after else product(reset * h, recurrent_kernel[:, both:], drops[2:])
    h_new = reset * late if reset_after else late
    return (update * h + (1.0 - update) * activation(x_new + h_new),)


def convolve(
    x: jax.Array,
    kernel: jax.Array,
    *,
    strides: tuple[int, ...] | None = None,
    padding: str = "same",
    dilation_rate: tuple[int, ...] | None = None,
) -> jax.Array:
    """The convolution of a cell, over one to three axes."""
    rank = kernel.ndim - 2
    axes = "DHW"[-rank:]
    form = (f"N{axes}C", f"{axes}IO", f"N{axes}C")
    return lax.conv_general_dilated(
        x, kernel, strides or (1,) * rank, padding.upper(), rhs_dilation=dilation_rate, dimension_numbers=form
    )


def conv_lstm_step(
    z: jax.Array,
    states: States,
    kernel: jax.Array,
    recurrent_kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    activation: Function,
    recurrent_activation: Function,
    drops: Sequence[jax.Array] = (),
) -> States:
    """https://arxiv.org/abs/1506.04214, without the peepholes."""
    return lstm_step(
        z,
        states,
        kernel,
        recurrent_kernel,
        bias,
        activation=activation,
        recurrent_activation=recurrent_activation,
        drops=drops,
        multiply=convolve,
    )


def stacked_project(x: jax.Array, *weights: jax.Array, below: Function, count: int) -> jax.Array:
    """Of cells on top of each other only the lowest sees the input."""
    return below(x, *weights[:count])


def stacked_step(
    z: jax.Array,
    states: States,
    *weights: jax.Array,
    below: Function,
    project: Function,
    above: Function,
    states_below: int,
    count: int,
) -> States:
    """A step of the lowest cell, which has `count` weights and `states_below` states, then of what is above it."""
    low = below(z, states[:states_below], *weights[:count])
    own = weights[count:]
    return (*low, *above(project(low[0], *own), states[states_below:], *own))


def advance(
    x: jax.Array, *rest: jax.Array, project: Function, step: Function, weights: int, output: int = 0
) -> tuple[jax.Array, ...]:
    """One step of a cell: `rest` are its states and its `weights`; gives the output and the new states."""
    states, own = rest[: len(rest) - weights], rest[len(rest) - weights :]
    new = step(project(x, *own), states, *own)
    return (new[output], *new)


# Layers


def recur(
    x: jax.Array,
    *rest: jax.Array,
    project: Function,
    step: Function,
    units: tuple[int, ...],
    weights: int,
    output: int = 0,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
    mask: jax.Array | None = None,
) -> Any:
    """A cell, step by step along axis 1. `rest` are the first states, or none of them, and the cell's `weights`.

    `units` are the sizes of the states; state number `output` is what the cell gives. Where the mask is False, a
    step changes nothing, and gives what the one before gave, or zeros.
    """
    own = rest[len(rest) - weights :]
    z = jax.vmap(lambda now: project(now, *own), 1, 0)(x)
    first = rest[: len(rest) - weights] or tuple(jnp.zeros((*z.shape[1:-1], size), z.dtype) for size in units)
    known = None if mask is None else jnp.moveaxis(mask, 1, 0)

    def body(states: States, now: Any) -> tuple[States, Any]:
        new = step(now[0], states, *own)
        if mask is not None:
            new = tuple(where_known(now[1], a, b) for a, b in zip(new, states, strict=True))
        y = new[output]
        if mask is not None and zero_output_for_mask:
            y = where_known(now[1], y, jnp.zeros_like(y))
        return new, y if return_sequences else None

    states, ys = lax.scan(body, first, (z, known), reverse=go_backwards)
    if return_sequences:
        y = jnp.moveaxis(ys[::-1] if go_backwards else ys, 0, 1)
    else:
        y = states[output]
        if known is not None and zero_output_for_mask:
            y = where_known(known[0 if go_backwards else -1], y, jnp.zeros_like(y))
    return (y, *states) if return_state else y


def where_known(mask: jax.Array, x: jax.Array, otherwise: jax.Array) -> jax.Array:
    """For each sample one or the other."""
    return jnp.where(mask.reshape(-1, *[1] * (x.ndim - 1)), x, otherwise)


def bidirectional(
    x: jax.Array,
    *rest: jax.Array,
    forward: Function,
    backward: Function,
    weights: tuple[int, int],
    merge_mode: str | None = "concat",
    return_sequences: bool = False,
    return_state: bool = False,
    mask: jax.Array | None = None,
) -> Any:
    """Two layers over one sequence, the second from its end. `rest` are the first states and weights of both."""
    states, own = rest[: len(rest) - sum(weights)], rest[len(rest) - sum(weights) :]
    half = len(states) // 2
    known = {} if mask is None else {"mask": mask}
    ahead = forward(x, *states[:half], *own[: weights[0]], **known)
    back = backward(x, *states[half:], *own[weights[0] :], **known)
    return join(ahead, back, merge_mode=merge_mode, return_sequences=return_sequences, return_state=return_state)


def join(
    ahead: Any, back: Any, *, merge_mode: str | None, return_sequences: bool = False, return_state: bool = False
) -> Any:
    """What the layers of both directions give, as one; sequences of the second are turned round."""
    (y, *states), (y_back, *back_states) = (ahead, back) if return_state else ((ahead,), (back,))
    merged = merge(y, jnp.flip(y_back, 1) if return_sequences else y_back, merge_mode)
    found = (*merged, *states, *back_states)
    return found[0] if len(found) == 1 else found


def merge(a: jax.Array, b: jax.Array, merge_mode: str | None) -> tuple[jax.Array, ...]:
    if merge_mode is None:
        return a, b
    if merge_mode == "concat":
        return (jnp.concatenate([a, b], -1),)
    if merge_mode == "mul":
        return (a * b,)
    return (a + b if merge_mode == "sum" else (a + b) / 2.0,)


def time_distributed(
    x: jax.Array, *weights: jax.Array, function: Function, mask: jax.Array | None = None
) -> jax.Array:
    """A function of each step by itself; a mask of more axes than batch and time is for the function."""
    if mask is not None:
        function = partial(function, mask=mask.reshape(-1, *mask.shape[2:]))
    y = function(x.reshape(-1, *x.shape[2:]), *weights)
    return y.reshape(*x.shape[:2], *y.shape[1:])
