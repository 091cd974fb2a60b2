"""A tall graph in columns side by side, as a text is set: all of it can be seen at once, and each card in it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

from engine.graph import Graph
from engine.layout import Position

TALLEST = 20
"""Rows that are not folded: they can be seen together, and read a screen at a time."""

GAP = 440.0
"""From the cards of a column to those of the next: room for wires beside both, and for the one between them."""

_ASPECT = 1.6
"""How much wider than high the whole is to be."""


def folded(graph: Graph, part: dict[str, Position], row: float) -> dict[str, Position]:
    """The places of a part with no column much higher than the whole is wide; cut where wires of one card pass."""
    heights = sorted({y for _, y in part.values()})
    xs = [x for x, _ in part.values()]
    width = max(xs) - min(xs) + GAP
    columns = round(math.sqrt(_ASPECT * len(heights) * row / width))
    if len(heights) <= TALLEST or columns < 2:
        return part
    cuts = _cuts(_narrow(graph, part, heights), len(heights), columns)
    starts = [0, *cuts]
    places: dict[str, Position] = {}
    for key, (x, y) in part.items():
        number = bisect_left(heights, y)
        column = sum(number >= cut for cut in cuts)
        places[key] = (x + column * width, y - heights[starts[column]])
    return places


def _narrow(graph: Graph, part: dict[str, Position], heights: Sequence[float]) -> list[int]:
    """The rows that take all that comes from above, and that from just one card: its wires run together."""
    row = {key: bisect_left(heights, y) for key, (_, y) in part.items()}
    change, reach = [0] * (len(heights) + 1), [0] * (len(heights) + 1)
    for key in part:
        if targets := [row[edge.target] for edge in graph.outgoing(key)]:
            change[row[key] + 1] += 1
            change[max(targets) + 1] -= 1
            reach[row[key] + 1] = max(reach[row[key] + 1], *targets)
    cards, farthest = accumulate(change), accumulate(reach, max)
    return [
        number for number, (one, far) in enumerate(zip(cards, farthest, strict=True)) if one == 1 and far == number
    ]


def _cuts(narrow: Sequence[int], rows: int, columns: int) -> list[int]:
    """The rows to begin a column with, each as near as can be to where an even share of them ends."""
    wanted = [round(rows * number / columns) for number in range(1, columns)]
    found = sorted({min(narrow, key=lambda row: abs(row - place)) for place in wanted}) if narrow else []
    least = rows / columns / 2
    return [cut for before, cut in pairwise([0, *found]) if cut - before >= least and rows - cut >= least]
