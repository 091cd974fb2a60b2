"""Where cards go: automatic layout of a whole graph, and a place for a card that has none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from fast_sugiyama import from_edges

from engine.graph import Graph
from engine.layout import Layout, Position
from graph_editor.folding import folded
from graph_editor.places import shifted

CARD_WIDTH = 200.0
CARD_HEIGHT = 54.0
GRID = 10.0
ROW = 90.0
COLUMN = 240.0
_SPACING = 4
_ASIDE = 60.0
_TIGHT = 2 * 80.0
"""The least distance between two cards that a third fits between."""


def snap(value: float) -> float:
    """The nearest line of the grid."""
    return GRID * round(value / GRID)


def arrange(graph: Graph) -> dict[str, Position]:
    """A place for every node of a graph, flowing from top to bottom, parts without a wire between them apart.

    What is very tall goes on in a next column.
    """
    ids = list(graph.nodes)
    number = {key: index for index, key in enumerate(ids)}
    edges = [(number[edge.source], number[edge.target]) for edge in graph.edges]
    # Numbers instead of names, because the library sorts by hash, and that of a text differs in every run.
    parts = [_rows(positions) for positions, *_ in from_edges(dict.fromkeys(edges), vertex_spacing=_SPACING)]
    parts = [{ids[index]: place for index, place in part.items() if index < len(ids)} for part in parts]
    parts = [folded(graph, _in_port_order(graph, _straightened(graph, part)), ROW) for part in parts]
    parts.sort(key=lambda part: min(number[key] for key in part))
    lonely = [key for key in ids if not graph.incoming(key) and not graph.outgoing(key)]
    parts += [_stack(lonely[start : start + 8]) for start in range(0, len(lonely), 8)]
    return _beside(parts)


def _rows(positions: Iterable[tuple[object, tuple[float, float]]]) -> dict[int, Position]:
    """The library's places, which count rows from the bottom, in canvas units and on the grid."""
    found = [(int(str(index)), x, y) for index, (x, y) in positions]
    top = max(y for _, _, y in found)
    rows: dict[float, list[tuple[float, int]]] = defaultdict(list)
    for index, x, y in found:
        rows[(top - y) / _SPACING].append((x / _SPACING * COLUMN, index))
    result: dict[int, Position] = {}
    for row, cards in rows.items():
        last = float("-inf")
        for x, index in sorted(cards):
            last = max(snap(x), last + (COLUMN - 2 * GRID))
            result[index] = (last, row * ROW)
    return result


def _straightened(graph: Graph, part: dict[str, Position]) -> dict[str, Position]:
    """With the cards that are alone in their row in one column, so that a trunk with shortcuts is straight."""
    rows: dict[float, list[str]] = defaultdict(list)
    for key, (_, y) in part.items():
        rows[y].append(key)
    alone = [cards[0] for _, cards in sorted(rows.items()) if len(cards) == 1]
    trunk: set[str] = set()
    for key in alone:
        before = graph.incoming(key)
        if len(before) != 1 or before[0].source in trunk:
            trunk.add(key)
    if not trunk:
        return part
    middle = part[next(key for key in alone if key in trunk)][0]
    places = {key: (middle, y) if key in trunk else (x, y) for key, (x, y) in part.items()}
    for y in sorted(rows):
        for key in rows[y]:
            _line_up(graph, key, places, rows[y])
    return places


def _line_up(graph: Graph, key: str, places: dict[str, Position], row: list[str]) -> None:
    """Right below the card before it, where that is but a step aside."""
    before = graph.incoming(key)
    if len(before) != 1:
        return
    x, y = places[key]
    wanted = places[before[0].source][0]
    others = (places[other][0] for other in row if other != key)
    if 0 < abs(wanted - x) <= _ASIDE and all(abs(other - wanted) >= CARD_WIDTH + GRID for other in others):
        places[key] = (wanted, y)


def _in_port_order(graph: Graph, part: dict[str, Position]) -> dict[str, Position]:
    """Mirrored where that lets more wires arrive in the order of their ports."""
    uncrossed = 0
    for key in part:
        xs = [part[edge.source][0] for edge in graph.incoming(key)]
        uncrossed += sum((a < b) - (a > b) for a, b in pairwise(xs))
    return part if uncrossed >= 0 else {key: (-x, y) for key, (x, y) in part.items()}


def _stack(node_ids: list[str]) -> dict[str, Position]:
    return {key: (0.0, ROW * index) for index, key in enumerate(node_ids)}


def _beside(parts: list[dict[str, Position]]) -> dict[str, Position]:
    result: dict[str, Position] = {}
    left = 0.0
    for part in parts:
        shift = snap(left - min(x for x, _ in part.values()))
        result |= {key: (x + shift, y) for key, (x, y) in part.items()}
        left = max(x + shift for x, _ in part.values()) + COLUMN + 60
    return result


def place_missing(
    graph: Graph, layout: Layout, feet: Mapping[str, Position] | None = None, resting: Iterable[Position] = ()
) -> Layout:
    """The layout with a place for each node that has none; the very same layout where all have one.

    `feet` are places that rows below some cards are counted from, where not from the cards; `resting` are more
    places that are taken.
    """
    if graph.nodes.keys() <= layout.positions.keys():
        return layout
    missing = [key for key in graph.order if key not in layout.positions]
    if len(missing) == len(graph):
        return layout.moved(arrange(graph))
    places = dict(layout.positions)
    lows, others = feet or {}, tuple(resting)
    for key in missing:
        sources = [edge.source for edge in graph.incoming(key) if edge.source in places]
        before = [lows.get(source, places[source]) for source in sources]
        after = [places[edge.target] for edge in graph.outgoing(key) if edge.target in places]
        if before and after:
            places[key] = _between(graph, key, before, after, places)
        else:
            places[key] = free_place(_beyond(before, after, places), (*places.values(), *others))
    return layout.moved(places)


def without(layout: Layout, node_id: str) -> Layout:
    """The layout in which one node is to be placed anew."""
    return replace(layout, positions={key: place for key, place in layout.positions.items() if key != node_id})


def free_place(wanted: Position, taken: Iterable[Position]) -> Position:
    """The wanted place, or the next one to the right of it that is on no other card."""
    x, y = snap(wanted[0]), snap(wanted[1])
    near = sorted(place[0] for place in taken if abs(place[1] - y) < CARD_HEIGHT + GRID)
    for other in near:
        if abs(other - x) < CARD_WIDTH + GRID:
            x = snap(other + COLUMN)
    return x, y


def make_room(
    wanted: Mapping[str, Position], taken: Iterable[Position], aside: float = 0.0
) -> dict[str, Position]:
    """Cards as they lie among themselves, on the grid, as near to the wanted places as they cover no others.

    `aside` says how far right of the wanted places they are to lie at least.
    """
    resting = [*taken]
    x, y = next(iter(wanted.values()), (0.0, 0.0))
    dx, dy = snap(x) - x + aside, snap(y) - y
    step = _nearest(shifted(wanted, dx, dy), resting, only_right=aside > 0)
    if step is not None:
        return shifted(wanted, dx + step[0], dy + step[1])
    right = max((px for px, _ in resting), default=0.0) + COLUMN - min(px for px, _ in wanted.values())
    return {key: (snap(px + right), py + dy) for key, (px, py) in wanted.items()}


_RIGHT, _DOWN = 40.0, 30.0
_LEFTMOST, _RIGHTMOST, _HIGHEST, _LOWEST = -30, 60, -30, 30
_NEARBY = sorted(
    ((right, down) for right in range(_LEFTMOST, _RIGHTMOST + 1) for down in range(_HIGHEST, _LOWEST + 1)),
    key=lambda step: (
        abs(step[0]) * _RIGHT + abs(step[1]) * _DOWN + 0.5 * (step[0] < 0) + 0.5 * (step[1] < 0),
        step,
    ),
)
"""Steps of `_RIGHT` and `_DOWN` away from a place, the nearest first; to the right rather than to the left."""


_SEARCHED = 100
"""More cards than these are put beside everything, if they cannot lie where they are wanted."""


def _nearest(wanted: Mapping[str, Position], resting: list[Position], *, only_right: bool) -> Position | None:
    """The smallest shift after which cards lie on no others, if there is one nearby."""
    free = _free_steps(wanted, resting)
    for right, down in _NEARBY if len(wanted) <= _SEARCHED else _NEARBY[:1]:
        if free[right - _LEFTMOST, down - _HIGHEST] and (right >= 0 or not only_right):
            return right * _RIGHT, down * _DOWN
    return None


def _free_steps(wanted: Mapping[str, Position], resting: list[Position]) -> np.ndarray[Any, Any]:
    """Which steps, right and down, bring no card upon another.

    Each pair of cards forbids a rectangle of steps, counted at its corners; sums over both axes fill it.
    """
    marks = np.zeros((_RIGHTMOST - _LEFTMOST + 2, _LOWEST - _HIGHEST + 2), int)
    if wanted and resting:
        new, near = np.array([*wanted.values()]), np.array(resting)
        least = np.add(new.min(0), (_LEFTMOST * _RIGHT - COLUMN, _HIGHEST * _DOWN - ROW))
        most = np.add(new.max(0), (_RIGHTMOST * _RIGHT + COLUMN, _LOWEST * _DOWN + ROW))
        near = near[((near > least) & (near < most)).all(1)]
        apart = (new[:, None] - near[None]).reshape(-1, 2)
        left, past_right = _touching(apart[:, 0], CARD_WIDTH + GRID, _RIGHT, _LEFTMOST, _RIGHTMOST)
        top, past_low = _touching(apart[:, 1], CARD_HEIGHT + GRID, _DOWN, _HIGHEST, _LOWEST)
        for across, along, sign in (
            (left, top, 1),
            (past_right, past_low, 1),
            (left, past_low, -1),
            (past_right, top, -1),
        ):
            counts = np.bincount(across * marks.shape[1] + along, minlength=marks.size)
            marks += sign * counts.reshape(marks.shape)
    return marks.cumsum(0).cumsum(1)[:-1, :-1] == 0


def _touching(
    apart: np.ndarray[Any, Any], reach: float, step: float, first: int, last: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The steps, counted from the first, from which and before which cards so far apart are within reach."""
    begin = np.floor((-reach - apart) / step) + 1
    end = np.ceil((reach - apart) / step)
    return tuple(np.clip(bound - first, 0, last - first + 1).astype(int) for bound in (begin, end))  # type: ignore


def _beyond(before: list[Position], after: list[Position], places: Mapping[str, Position]) -> Position:
    """Below what comes before, above what comes after, or right of everything."""
    if before:
        return _middle(before), max(y for _, y in before) + ROW
    if after:
        return _middle(after), min(y for _, y in after) - ROW
    return max(x for x, _ in places.values()) + COLUMN, min(y for _, y in places.values())


def _between(
    graph: Graph, key: str, before: list[Position], after: list[Position], places: dict[str, Position]
) -> Position:
    """Halfway between two cards; pushes down what follows where there is no room."""
    top, bottom = max(y for _, y in before), min(y for _, y in after)
    x = (_middle(before) + _middle(after)) / 2
    if bottom <= top:
        return free_place((x, top + ROW), places.values())
    if bottom - top < _TIGHT:
        _push_down(graph, key, bottom, snap(2 * ROW - (bottom - top)), places)
        bottom = top + 2 * ROW
    return free_place((x, (top + bottom) / 2), places.values())


def _push_down(graph: Graph, key: str, limit: float, by: float, places: dict[str, Position]) -> None:
    following = _below(graph, key, places)
    moved = {other for other in following if places[other][1] >= limit - 1}
    resting = [place for other, place in places.items() if other not in moved]
    if any(_touches((places[o][0], places[o][1] + by), place) for o in moved for place in resting):
        moved = {other for other, (_, y) in places.items() if y >= limit - 1}
    for other in moved:
        places[other] = (places[other][0], places[other][1] + by)


def _below(graph: Graph, key: str, places: Mapping[str, Position]) -> set[str]:
    """What follows a node down to where a wire leads up again, to another column."""
    found, waiting = set[str](), [edge.target for edge in graph.outgoing(key)]
    while waiting:
        here = waiting.pop()
        if here in places and here not in found:
            found.add(here)
            after = [edge.target for edge in graph.outgoing(here)]
            waiting += [other for other in after if other in places and places[other][1] > places[here][1]]
    return found


def _touches(a: Position, b: Position) -> bool:
    return abs(a[0] - b[0]) < CARD_WIDTH + GRID and abs(a[1] - b[1]) < CARD_HEIGHT + GRID


def _middle(places: list[Position]) -> float:
    return sum(x for x, _ in places) / len(places)
