"""Groups that are open in place: the room that their inside takes below their cards, and how others give way."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

from PySide6.QtCore import QRectF

from engine.graph import Graph
from engine.grouping import Path
from engine.layers.nested import Functional
from engine.layout import Layout, Position, Remark
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH, COLUMN, GRID, place_missing

_ABOVE, _BELOW, _ASIDE = 50.0, 46.0, 44.0
"""Ground around the cards inside: for the wires that come in and leave, and for those that pass at a side."""

_NEAR = COLUMN + GRID
"""Columns nearer to each other than this are one block."""

_MOST = 256


@dataclass(frozen=True)
class Room:
    """The room below the card of a group in which its inside is shown. Inputs and Outputs are its ports there."""

    width: float
    height: float
    shift: Position
    """From places inside to places seen from the middle of the card."""
    layout: Layout
    """Of the inside, with a place for every card."""


_known: OrderedDict[int, tuple[Functional, Room]] = OrderedDict()


def room_of(layer: Functional) -> Room:
    """The room that the inside of a group takes; kept for as long as there are not many others."""
    kept = _known.get(id(layer))
    if kept is None or kept[0] is not layer:
        kept = _known[id(layer)] = layer, _measured(layer)
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return kept[1]


def _measured(layer: Functional) -> Room:
    layout = place_missing(layer.graph, layer.layout.keeping(layer.graph.nodes))
    ends = {node.id for node in (*layer.inputs, *layer.outputs)}
    sides: list[tuple[float, float, float, float]] = []
    for key, (x, y) in layout.positions.items():
        if key not in ends:
            inner = expanded_room(layer.graph, layout, key)
            half = max(CARD_WIDTH, inner.width if inner else 0.0) / 2
            low = y + CARD_HEIGHT / 2 + (inner.height if inner else 0.0)
            sides.append((x - half, y - CARD_HEIGHT / 2, x + half, low))
    if not sides:
        return Room(CARD_WIDTH, _ABOVE, (0.0, 0.0), layout)
    left, top = min(side[0] for side in sides), min(side[1] for side in sides)
    right, bottom = max(side[2] for side in sides), max(side[3] for side in sides)
    shift = -(left + right) / 2, CARD_HEIGHT / 2 + _ABOVE - top
    return Room(right - left + 2 * _ASIDE, _ABOVE + bottom - top + _BELOW, shift, layout)


def expanded_room(graph: Graph, layout: Layout, node_id: str) -> Room | None:
    """The room below a card; None where it is no group, or not open."""
    if node_id not in layout.expanded:
        return None
    node = graph.nodes.get(node_id)
    return room_of(node.layer) if node is not None and isinstance(node.layer, Functional) else None


def cells(place: Position, room: Room) -> list[Position]:
    """Places of cards that would fill a room: whoever looks for free ground finds none between them."""
    across, down = math.ceil(room.width / CARD_WIDTH), math.ceil(room.height / CARD_HEIGHT)
    wide, high = room.width - CARD_WIDTH, room.height - CARD_HEIGHT
    left, top = place[0] - wide / 2, place[1] + CARD_HEIGHT
    xs = [left + wide * index / max(across - 1, 1) for index in range(across)]
    ys = [top + high * index / max(down - 1, 1) for index in range(down)]
    return [(x, y) for y in ys for x in xs]


def taken(graph: Graph, layout: Layout) -> list[Position]:
    """Places where a card lies, or a part of a room."""
    places = list(layout.positions.values())
    for key in layout.expanded:
        room = expanded_room(graph, layout, key)
        if room is not None and key in layout.positions:
            places += cells(layout.positions[key], room)
    return places


def open_rooms(graph: Graph, layout: Layout) -> list[QRectF]:
    """Where the insides of groups are shown."""
    found: list[QRectF] = []
    for key in layout.expanded:
        room = expanded_room(graph, layout, key)
        if room is not None:
            x, y = layout.positions[key]
            found.append(QRectF(x - room.width / 2, y + CARD_HEIGHT / 2, room.width, room.height))
    return found


def foot(graph: Graph, layout: Layout, node_id: str) -> Position:
    """Where the lowest row of a card is, from which rows below it are counted."""
    x, y = layout.positions[node_id]
    room = expanded_room(graph, layout, node_id)
    return x, y + (room.height if room is not None else 0.0)


def fully_placed(graph: Graph, layout: Layout) -> Layout:
    """The layout with a place for each node that has none; the very same layout where all have one."""
    if graph.nodes.keys() <= layout.positions.keys():
        return layout
    open_rooms = [key for key in layout.expanded if key in layout.positions]
    feet = {key: foot(graph, layout, key) for key in open_rooms}
    return place_missing(graph, layout, feet, taken(graph, layout) if open_rooms else ())


# Giving way


def expanded(graph: Graph, layout: Layout, node_ids: Iterable[str]) -> Layout:
    """With the insides of groups shown below their cards; what lies below and aside gives way."""
    for key in node_ids:
        layer = graph[key].layer
        if isinstance(layer, Functional) and key not in layout.expanded:
            layout = _given_way(graph, layout, key, room_of(layer))
            layout = replace(layout, expanded=layout.expanded | {key})
    return layout


def collapsed(graph: Graph, layout: Layout, node_ids: Iterable[str]) -> Layout:
    """With the insides of groups hidden; what had given way comes back."""
    for key in node_ids:
        room = expanded_room(graph, layout, key)
        layout = replace(layout, expanded=layout.expanded - {key})
        if room is not None:
            layout = _given_way(graph, layout, key, room, back=True)
    return layout


def spread(graph: Graph, layout: Layout) -> Layout:
    """A layout that was made as if all groups were closed, with room for those that are not."""
    groups = sorted(layout.expanded, key=lambda key: layout.positions[key][1])
    return expanded(graph, replace(layout, expanded=frozenset()), groups)


def fitted(before: Graph, after: Graph, layout: Layout) -> Layout:
    """The layout of a graph after an edit: no room for groups that are gone, for others what they take now."""
    for key in layout.expanded:
        old, new = before.nodes.get(key), after.nodes.get(key)
        if old is None or not isinstance(old.layer, Functional) or (new is not None and new.layer is old.layer):
            continue
        if new is None or not isinstance(new.layer, Functional):
            layout = collapsed(before, layout, [key])
        elif (room_of(new.layer).width, room_of(new.layer).height) != (
            room_of(old.layer).width,
            room_of(old.layer).height,
        ):
            layout = expanded(after, collapsed(before, layout, [key]), [key])
    return layout


def fitted_along(before: Graph, after: Graph, layout: Layout, path: Path) -> tuple[Graph, Layout]:
    """The same for every graph on the way into groups, after an edit at its end."""
    if not path:
        return after, layout
    old, new = before[path[0]].layer, after[path[0]].layer
    assert isinstance(old, Functional)
    assert isinstance(new, Functional)
    inner, within = fitted_along(old.graph, new.graph, new.layout, path[1:])
    if within is not new.layout:
        kept = new if inner is new.graph else new.replace(graph=inner)
        after = after.set_layer(path[0], kept.laid_out(within))
    return after, fitted(before, after, layout)


def _given_way(graph: Graph, layout: Layout, node_id: str, room: Room, *, back: bool = False) -> Layout:
    """With place for a room: what lies below its card in the same block lies lower, blocks beside it farther off.

    `back` undoes that, so that a group which is opened and closed leaves all others where they were.
    """
    if node_id not in layout.positions:
        return layout
    block = _Block.around(node_id, graph, layout)
    x, y = layout.positions[node_id]
    low = y + GRID / 2 + (room.height if back else 0.0)
    sign = -1 if back else 1
    left = -sign * max(0.0, block.reach[0] - (x - room.width / 2))
    right = sign * max(0.0, x + room.width / 2 - block.reach[1])

    def aside(px: float) -> float:
        return left if px < block.left else right if px > block.right else 0.0

    def down(py: float) -> float:
        return sign * room.height if py > low else 0.0

    def around(remark: Remark) -> Remark:
        px, py, width, height = remark.rect
        if px + width < block.left or px > block.right:
            return replace(remark, rect=(px + aside(px), py, width, height))
        if remark.kind == "note":
            return replace(remark, rect=(px, py + down(py + height / 2), width, height))
        wide = px < x < px + width and py < y < py + height
        start, end = (aside(px), aside(px + width)) if wide else (0.0, 0.0)
        top, bottom = down(py), down(py + height)
        return replace(remark, rect=(px + start, py + top, width + end - start, height + bottom - top))

    places = {
        key: (px + beside, py if beside or not block.left <= px <= block.right else py + down(py))
        for key, (px, py) in layout.positions.items()
        for beside in [aside(px)]
    }
    remarks = {key: around(remark) for key, remark in layout.remarks.items()}
    return replace(layout, positions=MappingProxyType(places), remarks=MappingProxyType(remarks))


@dataclass(frozen=True)
class _Block:
    """Cards that hang together seen from above, with no gap from the top to the bottom of the graph."""

    left: float
    right: float
    """The middles of the outermost cards."""
    reach: tuple[float, float]
    """How far cards reach, and the rooms of groups among them."""

    @classmethod
    def around(cls, node_id: str, graph: Graph, layout: Layout) -> _Block:
        """The block that a card belongs to."""
        xs = sorted({px for px, _ in layout.positions.values()})
        place = xs.index(layout.positions[node_id][0])
        first = last = place
        while first > 0 and xs[first] - xs[first - 1] < _NEAR:
            first -= 1
        while last < len(xs) - 1 and xs[last + 1] - xs[last] < _NEAR:
            last += 1
        left, right = xs[first], xs[last]
        reach = left - CARD_WIDTH / 2, right + CARD_WIDTH / 2
        for key in layout.expanded:
            x, other = layout.positions[key][0], expanded_room(graph, layout, key)
            if other is not None and left <= x <= right:
                reach = min(reach[0], x - other.width / 2), max(reach[1], x + other.width / 2)
        return cls(left, right, reach)
