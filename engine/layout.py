"""What a canvas keeps of a graph besides the graph: places of cards, groups that are open, notes and frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

Position = tuple[float, float]

RemarkColor = Literal["yellow", "green", "blue", "red", "grey"]
REMARK_COLORS: tuple[RemarkColor, ...] = get_args(RemarkColor)


@dataclass(frozen=True)
class Remark:
    """What a person has put on the canvas besides the network: a note, or a frame with a title."""

    kind: Literal["note", "frame"]
    text: str
    rect: tuple[float, float, float, float]
    """Left, top, width, height."""
    color: RemarkColor = "yellow"


@dataclass(frozen=True)
class Layout:
    """Where cards lie on the canvas, by node, in canvas units (the middle of a card), and what lies beside."""

    positions: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))
    remarks: Mapping[str, Remark] = field(default_factory=lambda: MappingProxyType({}))
    expanded: frozenset[str] = frozenset()
    """Groups whose inside is shown below their cards."""

    def moved(self, positions: Mapping[str, Position]) -> Layout:
        """With other places for some nodes."""
        return replace(self, positions=MappingProxyType({**self.positions, **positions}))

    def keeping(self, nodes: Mapping[str, object]) -> Layout:
        """Without what is said of nodes that are gone."""
        if self.positions.keys() <= nodes.keys() and self.expanded <= nodes.keys():
            return self
        kept = {key: place for key, place in self.positions.items() if key in nodes}
        return replace(self, positions=MappingProxyType(kept), expanded=self.expanded.intersection(nodes))
