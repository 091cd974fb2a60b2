"""Geometry of pictures (batch, height, width, channels): resizing, cropping, taking them from other places."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.ndimage import map_coordinates

# Sizes


def window_of_ratio(
    size: tuple[int, int], height: int, width: int, *, outer: bool = False
) -> tuple[int, int, int, int]:
    """Top, left, height, width of the largest centred window of the ratio height : width, as Keras rounds it.

    With `outer`, the smallest window that holds the whole picture; top and left say how far it reaches out.
    """
    wanted = int(size[1] * height / width), int(size[0] * width / height)
    if outer:
        rows, columns = max(size[0], wanted[0]), max(size[1], wanted[1])
        return int((rows - size[0]) / 2), int((columns - size[1]) / 2), rows, columns
    rows, columns = max(min(size[0], wanted[0]), 1), max(min(size[1], wanted[1]), 1)
    return int((size[0] - rows) / 2), int((size[1] - columns) / 2), rows, columns


def resizing(
    x: jax.Array,
    *,
    height: int,
    width: int,
    interpolation: str = "bilinear",
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_value: float = 0.0,
    antialias: bool = False,
) -> jax.Array:
    """The pictures in another size. Whole numbers come back as whole numbers of the same kind."""
    kind = x.dtype
    if crop_to_aspect_ratio:
        top, left, rows, columns = window_of_ratio((x.shape[1], x.shape[2]), height, width)
        x = x[:, top : top + rows, left : left + columns]
    elif pad_to_aspect_ratio:
        top, left, *_ = window_of_ratio((x.shape[1], x.shape[2]), height, width, outer=True)
        x = x if interpolation == "nearest" else x.astype(jnp.promote_types(kind, jnp.float32))
        x = jnp.pad(x, ((0, 0), (top, top), (left, left), (0, 0)), constant_values=fill_value)
    y = jax.image.resize(x, (x.shape[0], height, width, x.shape[3]), interpolation, antialias)
    if y.dtype == kind or not jnp.issubdtype(kind, jnp.integer):
        return y
    limits = jnp.iinfo(kind)
    return jnp.clip(jnp.round(y), limits.min, limits.max).astype(kind)


def center_crop(x: jax.Array, *, height: int, width: int) -> jax.Array:
    """The middle of the pictures; where they are too small, their largest window of that ratio, resized."""
    down, across = x.shape[1] - height, x.shape[2] - width
    if down < 0 or across < 0:
        return resizing(x, height=height, width=width, crop_to_aspect_ratio=True)
    return x[:, down // 2 : down // 2 + height, across // 2 : across // 2 + width]


def ratio_crop(x: jax.Array, *, height: int, width: int) -> jax.Array:
    """The largest window of that ratio in the middle of the pictures, resized."""
    return resizing(x, height=height, width=width, crop_to_aspect_ratio=True)


# Moving points


def sample(
    x: jax.Array,
    rows: jax.Array,
    columns: jax.Array,
    *,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
) -> jax.Array:
    """Pictures whose points are taken from the places `rows` and `columns` (batch, height, width) of others."""
    order = {"nearest": 0, "bilinear": 1}[interpolation]

    def plane(values: jax.Array, row: jax.Array, column: jax.Array) -> jax.Array:
        return map_coordinates(values, (row, column), order, fill_mode, fill_value)

    return jax.vmap(jax.vmap(plane, (2, None, None), 2))(x, rows, columns)


def affine(
    x: jax.Array,
    matrix: jax.Array,
    *,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
) -> jax.Array:
    """Each picture with the point (x, y) taken from (ax + by + c, dx + ey + f); `matrix` is (batch, 6)."""
    across, down = jnp.meshgrid(jnp.arange(x.shape[2]), jnp.arange(x.shape[1]))
    a, b, c, d, e, f = jnp.moveaxis(matrix, 1, 0)[:, :, None, None]
    rows, columns = d * across + e * down + f, a * across + b * down + c
    return sample(x, rows, columns, interpolation=interpolation, fill_mode=fill_mode, fill_value=fill_value)


def rotation(angle: jax.Array, height: int, width: int) -> jax.Array:
    """The matrices that turn pictures about their middle by angles (batch,) in radians."""
    x, y = (width - 1) / 2, (height - 1) / 2
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos], 1)


def zooming(down: jax.Array, across: jax.Array, height: int, width: int) -> jax.Array:
    """The matrices that stretch the distances from the middle by factors (batch,)."""
    zero = jnp.zeros_like(down)
    x, y = (width - 1) / 2 * (1 - across), (height - 1) / 2 * (1 - down)
    return jnp.stack([across, zero, x, zero, down, y], 1)


def shifting(x: jax.Array, y: jax.Array) -> jax.Array:
    """The matrices that move pictures by x points to the right and y points down (batch,)."""
    one, zero = jnp.ones_like(x), jnp.zeros_like(x)
    return jnp.stack([one, zero, -x, zero, one, -y], 1)


def shearing(x: jax.Array, y: jax.Array) -> jax.Array:
    """The matrices that slant pictures by x points a row and y points a column (batch,)."""
    one, zero = jnp.ones_like(x), jnp.zeros_like(x)
    return jnp.stack([one, x, zero, y, one, zero], 1)


def perspective(
    x: jax.Array,
    start: jax.Array,
    end: jax.Array,
    *,
    interpolation: str = "bilinear",
    fill_value: float = 0.0,
) -> jax.Array:
    """Pictures seen from elsewhere: their points `start` (batch, 4, x and y) come to lie at `end`."""
    height, width = x.shape[1:3]
    across, down = jnp.meshgrid(jnp.arange(width), jnp.arange(height))
    a, b, c, d, e, f, g, h = jnp.moveaxis(homography(start, end), 1, 0)[:, :, None, None]
    depth = g * across + h * down + 1.0
    rows, columns = (d * across + e * down + f) / depth, (a * across + b * down + c) / depth
    return sample(x, rows, columns, interpolation=interpolation, fill_value=fill_value)


def homography(start: jax.Array, end: jax.Array) -> jax.Array:
    """The eight numbers (batch, 8) of the projections that map the points `end` to `start`.

    https://en.wikipedia.org/wiki/Homography_(computer_vision)
    """
    x, y = end[..., 0], end[..., 1]
    u, v = start[..., 0], start[..., 1]
    one, zero = jnp.ones_like(x), jnp.zeros_like(x)
    first = jnp.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    second = jnp.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    found = jnp.linalg.solve(jnp.concatenate([first, second], 1), jnp.concatenate([u, v], 1)[..., None])
    return found[..., 0]


def elastic(
    x: jax.Array,
    noise: jax.Array,
    factor: jax.Array,
    *,
    reach: int,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
) -> jax.Array:
    """Pictures drawn out of shape by smoothed noise (batch, height, width), all by one factor.

    Points move along the diagonal: the noise is that of rows and of columns, as in Keras. `reach` is that of the
    smoothing for the largest factor. https://en.wikipedia.org/wiki/Elastic_deformation
    """
    height, width = x.shape[1:3]
    alpha, sigma = max(height, width) * (0.1 * factor), min(height, width) * (0.05 * factor)
    taps = jnp.arange(-reach, reach + 1)
    kernel = jnp.where(jnp.abs(taps) <= jnp.floor(6 * sigma) // 2, jnp.exp(-0.5 * (taps / sigma) ** 2), 0.0)
    kernel /= kernel.sum()
    shift = alpha * blur(noise[..., None] * sigma, kernel, kernel)[..., 0]
    across, down = jnp.meshgrid(jnp.arange(width), jnp.arange(height))
    settings = {"interpolation": interpolation, "fill_mode": fill_mode}
    return sample(x, down + shift, across + shift, fill_value=fill_value, **settings)


# Neighbours


def gaussian(size: int, sigma: jax.Array) -> jax.Array:
    """A bell of `size` numbers that add up to 1."""
    places = jnp.linspace(-(size - 1) / 2, (size - 1) / 2, size)
    bell = jnp.exp(-0.5 * (places / sigma) ** 2)
    return bell / bell.sum()


def blur(x: jax.Array, down: jax.Array, across: jax.Array) -> jax.Array:
    """Each point made of its neighbours, by weights down and across, in every channel; zeros beyond the border."""
    channels = x.shape[3]
    for kernel in (down[:, None], across[None, :]):
        kernel = jnp.tile(kernel[:, :, None, None], (1, 1, 1, channels))
        numbers = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=numbers, feature_group_count=channels
        )
    return x
