"""Groups that are open in place: the room that their inside takes below their cards, and how others give way."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
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
_LANE = 44.0
"""More ground at the sides where wires pass there: for the shapes on them."""

_GAP = COLUMN + GRID - CARD_WIDTH
"""Columns with a gap narrower than this between them are one block."""

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

    @property
    def size(self) -> tuple[float, float]:
        return self.width, self.height


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
    aside = _ASIDE + (_LANE if _has_lanes(layer, layout, ends) else 0.0)
    return Room(right - left + 2 * aside, _ABOVE + bottom - top + _BELOW, shift, layout)


def _has_lanes(layer: Functional, layout: Layout, ends: set[str]) -> bool:
    """Whether a wire inside passes a card in its column, so that it runs beside, where its shape needs room."""
    places = {key: place for key, place in layout.positions.items() if key not in ends}
    for edge in layer.graph.edges:
        x, bottom = places.get(edge.target, (None, math.inf))
        start, top = places.get(edge.source, (x, -math.inf))
        x = start if x is None else x
        for px, py in places.values():
            if x is not None and top < py < bottom and abs(px - x) < CARD_WIDTH:
                return True
    return False


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
        if isinstance(graph[key].layer, Functional) and key not in layout.expanded:
            layout = _given_way(graph, replace(layout, expanded=layout.expanded | {key}), key)
    return layout


def collapsed(graph: Graph, layout: Layout, node_ids: Iterable[str]) -> Layout:
    """With the insides of groups hidden; what had given way comes back."""
    for key in node_ids:
        if expanded_room(graph, layout, key) is not None:
            layout = _given_way(graph, layout, key, back=True)
        layout = replace(layout, expanded=layout.expanded - {key})
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
        elif room_of(new.layer).size != room_of(old.layer).size:
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


def _given_way(graph: Graph, layout: Layout, node_id: str, *, back: bool = False) -> Layout:
    """With place for the room of an open group, as `_Way` says; `back` without it, so that all come back."""
    if node_id not in layout.positions:
        return layout
    way = _Way.of(graph, layout, node_id, back=back)
    places = {key: way.place(*place) for key, place in layout.positions.items()}
    remarks = {key: way.remark(remark) for key, remark in layout.remarks.items()}
    return replace(layout, positions=MappingProxyType(places), remarks=MappingProxyType(remarks))


@dataclass(frozen=True)
class _Way:
    """How what lies around an open group gives way to its room.

    Cards that hang together seen from above are a block. Of the block of the group, what lies in its row goes to
    the sides; what lies below goes down, as far as the deepest room of the row reaches; blocks beside go aside, as
    far as this one grows.
    """

    place_of_group: Position
    block: tuple[float, float]
    aside: float
    down: float
    left: float
    right: float

    @classmethod
    def of(cls, graph: Graph, layout: Layout, node_id: str, *, back: bool) -> _Way:
        rooms = {key: room for key in layout.expanded if (room := expanded_room(graph, layout, key)) is not None}
        wide = {key: rooms[key].width / 2 if key in rooms else CARD_WIDTH / 2 for key in layout.positions}
        closed = wide | {node_id: CARD_WIDTH / 2}
        x, y = layout.positions[node_id]
        room, sign = rooms[node_id], -1 if back else 1
        members = _block(layout, wide if back else closed, node_id)
        block = min(layout.positions[key][0] for key in members), max(layout.positions[key][0] for key in members)
        row = [key for key in members if key in rooms and key != node_id and _beside(layout.positions[key][1], y)]
        depth = max((layout.positions[key][1] - y + rooms[key].height for key in row), default=0.0)
        way = cls(
            (x, y), block, sign * (room.width - CARD_WIDTH) / 2, sign * max(0.0, room.height - depth), 0.0, 0.0
        )
        before = _extent(layout.positions, members, wide if back else closed)
        moved = {key: way.place(*layout.positions[key]) for key in members}
        after = _extent(moved, members, closed if back else wide)
        return replace(way, left=after[0] - before[0], right=after[1] - before[1])

    def place(self, px: float, py: float) -> Position:
        """Where a card goes."""
        x, y = self.place_of_group
        if px < self.block[0]:
            return px + self.left, py
        if px > self.block[1]:
            return px + self.right, py
        if _beside(py, y):
            return (px if (px, py) == (x, y) else px + self.aside if px >= x else px - self.aside), py
        return px, py + self.down if py > y else py

    def remark(self, remark: Remark) -> Remark:
        """A note moved with what lies there; a frame around what it was around."""
        left, top, width, height = remark.rect
        x, y = self.place_of_group
        right, bottom = left + width, top + height
        if remark.kind == "frame" and left < x < right and top < y < bottom:
            deeper = self.down if bottom > y + CARD_HEIGHT else 0.0
            return replace(remark, rect=(left - self.aside, top, width + 2 * self.aside, height + deeper))
        if remark.kind == "frame" and top < y < bottom:
            top = y  # what it is around lies in the row of the group
        at = (left + right) / 2, (top + bottom) / 2 if remark.kind == "note" else top
        to = self.place(*at)
        return replace(remark, rect=(left + to[0] - at[0], remark.rect[1] + to[1] - at[1], width, height))


def _beside(py: float, y: float) -> bool:
    """Whether two heights are those of one row."""
    return abs(py - y) < CARD_HEIGHT


def _block(layout: Layout, wide: Mapping[str, float], node_id: str) -> list[str]:
    """The cards that hang together with one seen from above: no gap between them goes from top to bottom."""
    sides = sorted((place[0] - wide[key], place[0] + wide[key], key) for key, place in layout.positions.items())
    members: list[str] = []
    reach = -math.inf
    for start, end, key in sides:
        if start - reach >= _GAP:
            if node_id in members:
                break
            members = []
        members.append(key)
        reach = max(reach, end)
    return members


def _extent(places: Mapping[str, Position], members: Iterable[str], wide: Mapping[str, float]) -> Position:
    """From where to where cards reach, with their rooms."""
    sides = [(places[key][0] - wide[key], places[key][0] + wide[key]) for key in members]
    return min(side[0] for side in sides), max(side[1] for side in sides)
