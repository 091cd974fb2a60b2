"""Convolution of pictures, channels last."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
from jax import lax


def conv2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: tuple[int, int] = (1, 1),
    padding: str = "valid",
    dilation_rate: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> jax.Array:
    y = lax.conv_general_dilated(
        x.astype(kernel.dtype),
        kernel,
        window_strides=strides,
        padding=padding.upper(),
        rhs_dilation=dilation_rate,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )
    return y if bias is None else y + bias


def conv2d_for_training(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    strides: tuple[int, int] = (1, 1),
    padding: str = "valid",
    dilation_rate: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> jax.Array:
    """The same as `conv2d`, with a gradient of the kernel that XLA compiles well on a CPU inside a loop.

    XLA brings convolutions into the one form that its fast CPU kernels take only outside of loops; within one,
    the gradient that JAX derives runs up to twenty times slower. So it is written here in that form.
    """
    if groups != 1:
        return conv2d(
            x, kernel, bias, strides=strides, padding=padding, dilation_rate=dilation_rate, groups=groups
        )
    reach = [(size - 1) * rate + 1 for size, rate in zip(kernel.shape[:2], dilation_rate, strict=True)]
    pads = tuple(lax.padtype_to_pads(x.shape[1:3], reach, strides, padding.upper()))
    y: Any = _convolve(x, kernel, strides, pads, dilation_rate)
    return y if bias is None else y + bias


Pads = tuple[tuple[int, int], ...]
_FORM = ("NHWC", "HWIO", "NHWC")


@partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _convolve(x: Any, kernel: Any, strides: tuple[int, int], pads: Pads, dilation: tuple[int, int]) -> Any:
    return lax.conv_general_dilated(x, kernel, strides, pads, rhs_dilation=dilation, dimension_numbers=_FORM)


def _convolve_forward(x: Any, kernel: Any, strides: Any, pads: Any, dilation: Any) -> Any:
    return _convolve(x, kernel, strides, pads, dilation), (x, kernel)


def _convolve_backward(strides: Any, pads: Any, dilation: Any, saved: Any, dy: Any) -> Any:
    x, kernel = saved
    plain = partial(
        lax.conv_general_dilated,
        window_strides=strides,
        padding=pads,
        rhs_dilation=dilation,
        dimension_numbers=_FORM,
    )
    (dx,) = jax.linear_transpose(lambda x: plain(x, kernel), x)(dy)
    # The kernel's gradient slides dy over x: channels take the place of the batch, the batch that of channels.
    sizes = zip(kernel.shape, x.shape[1:], dy.shape[1:], strides, dilation, pads, strict=False)
    needed = [(low, (k - 1) * d + (o - 1) * s + 1 - n - low) for k, n, o, s, d, (low, _) in sizes]
    dk = lax.conv_general_dilated(
        x.transpose(3, 1, 2, 0),
        dy.transpose(1, 2, 0, 3),
        dilation,
        needed,
        rhs_dilation=strides,
        dimension_numbers=_FORM,
    )
    return dx, dk.transpose(1, 2, 0, 3)


_convolve.defvjp(_convolve_forward, _convolve_backward)
