"""Convolution over any number of axes between the batch and the channels, which come last."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from engine.ops.sums import biased, summed_products

Sizes = tuple[int, ...]
"""A number for each axis that a window slides along."""


def convolution(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    dilation_rate: Sizes | None = None,
    groups: int = 1,
) -> jax.Array:
    y = lax.conv_general_dilated(
        x.astype(kernel.dtype),
        kernel,
        window_strides=strides,
        padding=borders(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate),
        rhs_dilation=dilation_rate,
        dimension_numbers=axis_names(x.ndim),
        feature_group_count=groups,
    )
    return y if bias is None else y + bias


def axis_names(rank: int) -> tuple[str, str, str]:
    """What lax calls the axes of input, kernel and output: ("NHWC", "HWIO", "NHWC") for pictures."""
    spatial = "DHW"[5 - rank :]
    return f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"


def borders(
    sizes: Sizes, window: Sizes, strides: Sizes, padding: str, dilation_rate: Sizes | None = None
) -> list[tuple[int, int]]:
    """How many zeros go before and after each axis; "causal" puts them all before."""
    rates = dilation_rate or (1,) * len(window)
    reach = [(size - 1) * rate + 1 for size, rate in zip(window, rates, strict=True)]
    if padding == "causal":
        return [(size - 1, 0) for size in reach]
    return list(lax.padtype_to_pads(sizes, reach, strides, padding.upper()))


def convolution_for_training(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    dilation_rate: Sizes | None = None,
    groups: int = 1,
) -> jax.Array:
    """The same as `convolution`, with a gradient of the kernel that XLA compiles well on a CPU inside a loop.

    XLA brings convolutions into the one form that its fast CPU kernels take only outside of loops; within one,
    the gradient that JAX derives runs up to twenty times slower. So it is written here in that form.
    """
    if groups != 1:
        return convolution(
            x, kernel, bias, strides=strides, padding=padding, dilation_rate=dilation_rate, groups=groups
        )
    pads = tuple(borders(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate))
    y: Any = _convolve(x, kernel, strides, pads, dilation_rate or (1,) * len(strides))
    return y if bias is None else biased(y, bias)


Pads = tuple[tuple[int, int], ...]


_MOST_POINTS = 49
"""Of a kernel whose points are gone through one by one."""


def _by_points(x: Any, kernel: Any) -> bool:
    """Whether a convolution is faster point by point of its kernel: pictures in grey."""
    return x.shape[-1] == 1 and math.prod(kernel.shape[:-2]) <= _MOST_POINTS


_AT_ONCE = 2**18
"""Numbers of dy that the gradient of a kernel takes at a time, for which the caches of a core have room ..."""

_FEWEST = 4
"""... but this many samples at least, where they take the place of channels."""


def _samples_at_once(dy: Any, fewest: int) -> int:
    """How many samples the gradient of a kernel takes at a time; all, where they lie on several devices."""
    count = len(dy)
    if jax.device_count() > 1:
        return count
    most = max(_AT_ONCE // math.prod(dy.shape[1:]), fewest)
    some = max(size for size in range(1, min(most, count) + 1) if count % size == 0)
    return count if some < fewest else some


@partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _convolve(x: Any, kernel: Any, strides: Sizes, pads: Pads, dilation: Sizes) -> Any:
    if _by_points(x, kernel):  # a sum over the points of the kernel, for which XLA makes one loop
        return sum(some * kernel[point] for point, some in _shifts(x, kernel.shape[:-2], strides, pads, dilation))
    return lax.conv_general_dilated(
        x, kernel, strides, pads, rhs_dilation=dilation, dimension_numbers=axis_names(x.ndim)
    )


def _convolve_forward(x: Any, kernel: Any, strides: Any, pads: Any, dilation: Any) -> Any:
    return _convolve(x, kernel, strides, pads, dilation), (x, kernel)


def _convolve_backward(strides: Any, pads: Any, dilation: Any, saved: Any, dy: Any) -> Any:
    x, kernel = saved
    plain = partial(
        lax.conv_general_dilated,
        window_strides=strides,
        padding=pads,
        rhs_dilation=dilation,
        dimension_numbers=axis_names(x.ndim),
    )
    (dx,) = jax.linear_transpose(lambda x: plain(x, kernel), x)(dy)
    if _by_points(x, kernel) or math.prod(kernel.shape[:-2]) == 1:
        places = jnp.concatenate([some for _, some in _shifts(x, kernel.shape[:-2], strides, pads, dilation)], -1)
        return dx, summed_products(places, dy).reshape(kernel.shape)
    if _crosses(kernel, dy, strides, dilation):
        some = _samples_at_once(dy, 1)
        sums: Callable[..., Any] = partial(_crossed, window=kernel.shape[:-2], pads=pads)
    else:
        some = _samples_at_once(dy, _FEWEST)
        sums = partial(_slid, window=kernel.shape[:-2], strides=strides, pads=pads, dilation=dilation)
        sums = partial(sums, turned=_turned if some == len(dy) else _turn)
    if some == len(dy):
        return dx, sums(x, dy)

    def add(number: Any, dk: Any) -> Any:
        part = (lax.dynamic_slice_in_dim(array, number * some, some) for array in (x, dy))
        return dk + sums(*part).astype(dk.dtype)

    nothing = jnp.zeros(kernel.shape, jnp.promote_types(dy.dtype, jnp.float32))  # short types lose what is added
    return dx, lax.fori_loop(0, len(dy) // some, add, nothing).astype(kernel.dtype)


def _slid(
    x: Any,
    dy: Any,
    *,
    window: Sizes,
    strides: Sizes,
    pads: Pads,
    dilation: Sizes,
    turned: Callable[..., tuple[Any, Any]],
) -> Any:
    """The gradient by a kernel: dy slides over x, with channels in place of the batch, and the batch in theirs."""
    sizes = zip(window, x.shape[1:], dy.shape[1:], strides, dilation, pads, strict=False)
    needed = [(low, (k - 1) * d + (o - 1) * s + 1 - n - low) for k, n, o, s, d, (low, _) in sizes]
    dk = lax.conv_general_dilated(
        *turned(x, dy), dilation, needed, rhs_dilation=strides, dimension_numbers=axis_names(x.ndim)
    )
    return jnp.moveaxis(dk, 0, -2)


_CROSSED_POINTS = range(28**2, 128**2 + 1)
_CROSSED_CHANNELS = range(16, 65)


def _crosses(kernel: Any, dy: Any, strides: Sizes, dilation: Sizes) -> bool:
    """Whether `_crossed` is mostly faster than `_slid`: for pictures of some size with few channels."""
    return (
        dy.ndim == 4
        and dy.dtype == jnp.float32
        and kernel.shape[1] > 1
        and {*strides, *dilation} == {1}
        and all(channels in _CROSSED_CHANNELS for channels in kernel.shape[-2:])
        and math.prod(dy.shape[1:-1]) in _CROSSED_POINTS
        and jax.device_count() == 1
    )


def _crossed(x: Any, dy: Any, *, window: Sizes, pads: Pads) -> Any:
    """The same as `_slid` of pictures, with strides and rates of 1, as one product for each sample.

    Its sum is over the points of a picture. Its sides are x, moved to each place across the kernel, and dy, moved
    to each place down the kernel: a copy for each place along a side of the kernel, where patches take one for
    each of its points.
    """
    high, wide = window
    count, height, width, filters = dy.shape
    height += high - 1
    x = jnp.pad(x, [(0, 0), *pads, (0, 0)])
    across = jnp.concatenate([x[:, :, left : left + width] for left in range(wide)], -1)
    dy = jnp.pad(dy, [(0, 0), (high - 1, high - 1), (0, 0), (0, 0)])
    down = jnp.concatenate([dy[:, high - 1 - top :][:, :height] for top in range(high)], -1)
    sides = (side.reshape(count, height * width, -1) for side in (across, down))
    dk = jnp.einsum("npi,npo->nio", *sides).sum(0)
    return dk.reshape(wide, x.shape[-1], high, filters).transpose(2, 0, 1, 3)


def _turn(x: Any, dy: Any) -> tuple[Any, Any]:
    """x with its channels in front and its batch behind, and dy with its batch before the channels."""
    return x.swapaxes(0, -1), jnp.moveaxis(dy, 0, -2)


def _turned(x: Any, dy: Any) -> tuple[Any, Any]:
    """`_turn` in a branch, so that XLA does not compute x and dy anew while it goes through memory in strides.

    What they come from is several arrays. Where the first number of dy is NaN, all are.
    """

    def lost(x: Any, dy: Any) -> tuple[Any, Any]:
        return jax.tree.map(lambda array: jnp.full_like(array, jnp.nan), _turn(x, dy))

    return lax.cond(jnp.isnan(dy[(0,) * dy.ndim]), lost, _turn, x, dy)


_convolve.defvjp(_convolve_forward, _convolve_backward)


def depthwise_convolution(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    dilation_rate: Sizes | None = None,
) -> jax.Array:
    """Every channel has kernels of its own: the kernel's last two axes are channels and kernels per channel."""
    *window, channels, multiplier = kernel.shape
    kernel = kernel.reshape(*window, 1, channels * multiplier)
    return convolution(
        x, kernel, bias, strides=strides, padding=padding, dilation_rate=dilation_rate, groups=channels
    )


def depthwise_convolution_by_shifts(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    dilation_rate: Sizes | None = None,
) -> jax.Array:
    """The same as `depthwise_convolution`, as a sum over the points of the kernel.

    XLA has no fast CPU kernel for many small groups, but makes one loop of this, and of its gradient.
    """
    window, rates = kernel.shape[:-2], dilation_rate or (1,) * len(strides)
    pads = borders(x.shape[1:-1], window, strides, padding, dilation_rate)
    y: Any = 0.0
    for point, shifted in _shifts(x.astype(kernel.dtype), window, strides, pads, rates):
        y += shifted[..., None] * kernel[point]
    y = y.reshape(*y.shape[:-2], math.prod(kernel.shape[-2:]))
    return y if bias is None else y + bias


def _shifts(
    x: Any, window: Sizes, strides: Sizes, pads: Sequence[tuple[int, int]], rates: Sizes
) -> Iterator[tuple[Sizes, Any]]:
    """Each point of a kernel, with what of x it meets as the kernel slides along."""
    x = jnp.pad(x, [(0, 0), *pads, (0, 0)])
    axes = list(zip(x.shape[1:], window, strides, rates, strict=False))
    reach = [size - (points - 1) * rate for size, points, _, rate in axes]
    for point in product(*map(range, window)):
        starts = [place * rate for place, rate in zip(point, rates, strict=True)]
        shifted = [slice(a, a + length, s) for a, length, s in zip(starts, reach, strides, strict=True)]
        yield point, x[:, *shifted]


def separable_convolution(
    x: jax.Array,
    depthwise_kernel: jax.Array,
    pointwise_kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    dilation_rate: Sizes | None = None,
) -> jax.Array:
    """A convolution of each channel by itself, then a mix of the channels at each point."""
    y = depthwise_convolution(x, depthwise_kernel, strides=strides, padding=padding, dilation_rate=dilation_rate)
    y = y @ pointwise_kernel.reshape(pointwise_kernel.shape[-2:])
    return y if bias is None else y + bias


def separable_convolution_by_shifts(
    x: jax.Array,
    depthwise_kernel: jax.Array,
    pointwise_kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    dilation_rate: Sizes | None = None,
) -> jax.Array:
    """The same as `separable_convolution`, with `depthwise_convolution_by_shifts`."""
    y = depthwise_convolution_by_shifts(
        x, depthwise_kernel, strides=strides, padding=padding, dilation_rate=dilation_rate
    )
    y = y @ pointwise_kernel.reshape(pointwise_kernel.shape[-2:])
    return y if bias is None else y + bias


def transposed_convolution(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    dilation_rate: Sizes | None = None,
) -> jax.Array:
    """The gradient of a convolution as a layer: it makes its input larger by the strides."""
    pads = transposed_borders(kernel.shape[:-2], strides, padding, output_padding, dilation_rate)
    y = lax.conv_transpose(
        x.astype(kernel.dtype),
        kernel,
        strides,
        pads,
        rhs_dilation=dilation_rate,
        dimension_numbers=axis_names(x.ndim),
        transpose_kernel=True,
    )
    return y if bias is None else y + bias


def transposed_borders(
    window: Sizes, strides: Sizes, padding: str, output_padding: Sizes | None, dilation_rate: Sizes | None
) -> list[tuple[int, int]]:
    """How many zeros go before and after each axis of a transposed convolution.

    An axis of length n comes out with a length of (n - 1) * stride + 2 + the zeros - the reach of the window.
    """
    rates = dilation_rate or (1,) * len(window)
    extra = output_padding or (None,) * len(window)
    pads: list[tuple[int, int]] = []
    for size, stride, rate, more in zip(window, strides, rates, extra, strict=True):
        reach = (size - 1) * rate + 1
        if padding == "valid":
            more = max(stride - reach, 0) if more is None else more
            pads.append((reach - 1, reach - 1 + more))
        else:
            total = stride + reach - 2 if more is None else reach + reach % 2 - 2 + more
            before = min(-(-total // 2), reach - 1)
            pads.append((before, total - before))
    return pads
