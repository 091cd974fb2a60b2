"""Cards brought into line with one another, or to equal distances; all are of one size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from engine.layout import Position

Line = Literal["left", "centre", "right", "top", "middle", "bottom"]
Way = Literal["across", "down"]
LINES: tuple[Line, ...] = get_args(Line)
WAYS: tuple[Way, ...] = get_args(Way)


def aligned(places: Mapping[str, Position], line: Line) -> dict[str, Position]:
    """Cards at one x (left, centre, right) or one y (top, middle, bottom)."""
    xs, ys = zip(*places.values(), strict=True)
    x = {"left": min(xs), "centre": (min(xs) + max(xs)) / 2, "right": max(xs)}.get(line)
    y = {"top": min(ys), "middle": (min(ys) + max(ys)) / 2, "bottom": max(ys)}.get(line)
    return {key: (px if x is None else x, py if y is None else y) for key, (px, py) in places.items()}


def distributed(places: Mapping[str, Position], way: Way) -> dict[str, Position]:
    """Cards at equal distances between the two outermost."""
    axis = 0 if way == "across" else 1
    order = sorted(places, key=lambda key: places[key][axis])
    first, last = places[order[0]][axis], places[order[-1]][axis]
    step = (last - first) / max(len(order) - 1, 1)
    result: dict[str, Position] = {}
    for number, key in enumerate(order):
        x, y = places[key]
        value = first + number * step
        result[key] = (value, y) if axis == 0 else (x, value)
    return result
