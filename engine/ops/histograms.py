"""Equalization of pictures (batch, height, width, channels): all brightnesses made equally frequent."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from engine.ops.colours import to_range


def equalize(x: jax.Array, *, value_range: tuple[float, float] = (0, 255), bins: int = 256) -> jax.Array:
    """Each channel equalized, by the histogram of all pictures of the batch together, as in Keras.

    https://en.wikipedia.org/wiki/Histogram_equalization
    """
    channels = x.shape[-1]
    y = to_range(x, value_range, (0, 255))
    values, channel = y.reshape(-1, channels), jnp.arange(channels)
    counted = jnp.clip((values * (bins - 1) / 255).astype(jnp.int32), 0, bins - 1)
    counts = jnp.zeros((bins, channels), jnp.int32).at[counted, channel].add(1)
    total = jnp.cumsum(counts, 0)
    least = jnp.where(counts > 0, total, total[-1]).min(0)
    above = (total[-1] - least).astype(x.dtype)
    table = jnp.round((total - least).astype(x.dtype) * 255 / jnp.where(above == 0, 1, above))
    places = jnp.clip(values / 255.0 * (bins - 1), 0, bins - 1).astype(jnp.int32)
    equal = jnp.clip(table, 0, 255)[places, channel].reshape(x.shape)
    return to_range(jnp.where((counts > 0).sum(0) <= 1, y, equal), (0, 255), value_range)


def clahe(
    x: jax.Array,
    *,
    value_range: tuple[float, float] = (0, 255),
    clip_limit: float = 4.0,
    tile_grid_size: tuple[int, int] = (8, 8),
) -> jax.Array:
    """Contrast-limited adaptive equalization: by the histogram of each tile, those of neighbours blended.

    https://en.wikipedia.org/wiki/Adaptive_histogram_equalization. Whole numbers come back as such, cut off.
    """
    _, height, width, _ = x.shape
    rows, columns = tile_grid_size
    tile = -(-height // rows), -(-width // columns)
    y = to_range(x.astype(jnp.promote_types(x.dtype, jnp.float32)), value_range, (0, 255))
    beyond = ((0, 0), (0, tile[0] * rows - height), (0, tile[1] * columns - width), (0, 0))
    levels = jnp.clip(jnp.pad(y, beyond, mode="symmetric"), 0, 255).astype(jnp.int32)
    tables = tile_tables(levels, tile_grid_size, clip_limit)
    y = blend_tables(tables, levels, tile)[:, :height, :width]
    return to_range(y, (0, 255), value_range).astype(x.dtype)


def tile_tables(levels: jax.Array, grid: tuple[int, int], clip_limit: float) -> jax.Array:
    """What each of 256 levels becomes, by tile: (batch, rows, columns, channels, 256)."""
    batch, height, width, channels = levels.shape
    size = height * width // (grid[0] * grid[1])
    tiles = levels.reshape(batch, grid[0], height // grid[0], grid[1], width // grid[1], channels)
    tiles = tiles.transpose(0, 1, 3, 5, 2, 4).reshape(-1, size)
    counts = jnp.zeros((tiles.shape[0], 256)).at[jnp.arange(tiles.shape[0])[:, None], tiles].add(1.0)
    if clip_limit > 0:
        kept = jnp.minimum(counts, clip_limit * size / 256)
        counts = kept + (counts - kept).sum(-1, keepdims=True) / 256
    total = jnp.cumsum(counts, -1)
    least = total.min(-1, keepdims=True)
    above = size - least
    table = jnp.clip((total - least) * 255 / jnp.where(above == 0, 1, above), 0, 255)
    return table.reshape(batch, grid[0], grid[1], channels, 256)


def blend_tables(tables: jax.Array, levels: jax.Array, tile: tuple[int, int]) -> jax.Array:
    """Each point by the tables of the four tiles whose middles are nearest, by its distance from them."""
    batch, height, width, channels = levels.shape
    top, bottom, down = neighbours(height, tile[0], tables.shape[1])
    left, right, across = neighbours(width, tile[1], tables.shape[2])
    pictures = jnp.arange(batch)[:, None, None, None]

    def looked_up(row: jax.Array, column: jax.Array) -> jax.Array:
        return tables[pictures, row[:, None, None], column[:, None], jnp.arange(channels), levels]

    across = across[:, None]
    above = looked_up(top, left) * (1 - across) + looked_up(top, right) * across
    below = looked_up(bottom, left) * (1 - across) + looked_up(bottom, right) * across
    return above * (1 - down[:, None, None]) + below * down[:, None, None]


def neighbours(size: int, tile: int, count: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """For each place along an axis: the tiles before and after it, and how far it is on the way between them."""
    place = (jnp.arange(size) - tile / 2) / tile
    before = jnp.floor(place)
    limits = 0, count - 1
    first, second = jnp.clip(before, *limits), jnp.clip(before + 1, *limits)
    return first.astype(jnp.int32), second.astype(jnp.int32), place - before
