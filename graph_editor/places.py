"""Reckoning with places of cards."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.layout import Position


def mean(places: Collection[Position]) -> Position:
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def middle_of_all(places: Mapping[str, Position]) -> Position:
    """The middle of the rectangle around places."""
    xs, ys = zip(*places.values(), strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def shifted(places: Mapping[str, Position], right: float, down: float) -> dict[str, Position]:
    return {key: (x + right, y + down) for key, (x, y) in places.items()}
