"""The layout of a graph as data for JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from engine.formats.reading import Place, shown
from engine.layout import REMARK_COLORS, Layout, Position, Remark

LAYOUT_KEYS = ("positions", "remarks", "expanded")
"""What a file says of a layout; all of it may be missing."""


def layout_data(layout: Layout) -> dict[str, Any]:
    """A layout as data for JSON."""
    remarks = {key: asdict(remark) for key, remark in layout.remarks.items()}
    return {"positions": dict(layout.positions), "remarks": remarks, "expanded": sorted(layout.expanded)}


def read_layout(fields: Mapping[str, Any], place: Place) -> Layout:
    """The layout that some of these fields tell of; raises `FileFormatError`."""
    groups = place.at("expanded")
    return Layout(
        read_positions(fields.get("positions", {}), place.at("positions")),
        _remarks(fields.get("remarks", {}), place.at("remarks")),
        frozenset(map(groups.text, groups.listing(fields.get("expanded", [])))),
    )


def read_positions(value: Any, place: Place) -> Mapping[str, Position]:
    """Places by node; raises `FileFormatError`."""
    positions: dict[str, Position] = {}
    for key, pair in place.mapping(value).items():
        x, y = read_numbers(pair, 2, place.at(f"node {shown(key)}"))
        positions[key] = (x, y)
    return MappingProxyType(positions)


def _remarks(value: Any, place: Place) -> Mapping[str, Remark]:
    """Notes and frames."""
    found: dict[str, Remark] = {}
    for key, entry in place.mapping(value).items():
        here = place.at(shown(key))
        fields = here.mapping(entry, ("kind", "text", "rect", "color"), ())
        if fields["kind"] not in ("note", "frame") or fields["color"] not in REMARK_COLORS:
            raise here.error("is neither a note nor a frame of a known colour.")
        sides = read_numbers(fields["rect"], 4, here.at("rect"))
        if sides[2] <= 0 or sides[3] <= 0:
            raise here.at("rect").error("has no size.")
        text = here.at("text").text(fields["text"])
        found[key] = Remark(fields["kind"], text, (sides[0], sides[1], sides[2], sides[3]), fields["color"])
    return MappingProxyType(found)


def read_numbers(value: Any, count: int, place: Place) -> tuple[float, ...]:
    """So many numbers that could be places; raises `FileFormatError`."""
    if len(place.listing(value)) != count or not all(_is_number(number) for number in value):
        raise place.error(f"must be {'two' if count == 2 else count} numbers, not {shown(value)}.")
    return tuple(map(float, value))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e9 and math.isfinite(value)
