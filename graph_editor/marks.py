"""What a person reads on the canvas at the moment, over what the graph is: figures, finds and a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem

from engine.graph import Edge

FADED = 0.55
"""How much is left of what does not belong to a path that is shown."""


@dataclass(frozen=True)
class Reading:
    """What a card shows of a figure: the colour of its ground (none where it has none), and the texts."""

    fill: str = ""
    figure: str = ""
    """In place of the number of parameters."""
    line: str = ""
    """In place of the settings."""


class Readings(Protocol):
    """The figures of cards, worked out for those that are looked at."""

    def get(self, node_id: str) -> Reading | None: ...

    def block(self, node_id: str) -> str: ...


class Pictures(Protocol):
    """What cards show of the inside of the network, drawn for those that are looked at."""

    def place(self, node_id: str) -> QRectF | None: ...

    def paint(self, painter: QPainter, node_id: str) -> None: ...

    def text(self, node_id: str) -> str: ...


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a layer in training, a sentence."""

    severity: Literal["error", "warning"]
    text: str


@dataclass(frozen=True)
class Path:
    """The cards and wires that lead from the Inputs to a card."""

    nodes: frozenset[str]
    edges: frozenset[Edge]


@dataclass
class Marks:
    """The marks of a scene. Cards and wires ask for theirs when they are painted, so that to set them is cheap."""

    readings: Readings | None = None
    found: frozenset[str] = frozenset()
    """Cards that a search has found."""
    current: str | None = None
    """The one of them that the search stands at."""
    path: Path | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])
    """What training has shown to be wrong with cards."""
    sights: Pictures | None = None

    def verdict(self, node_id: str) -> Verdict | None:
        """What training has shown of a card."""
        return self.verdicts.get(node_id)

    def reading(self, node_id: str) -> Reading | None:
        """The figure of a card."""
        return None if self.readings is None else self.readings.get(node_id)

    def block(self, node_id: str) -> str:
        """The colour that a figure gives a card seen from far off; none where it gives none."""
        return "" if self.readings is None else self.readings.block(node_id)

    def opacity(self, what: str | Edge) -> float:
        """How much of a card or a wire is seen."""
        if self.path is None:
            return 1.0
        members = self.path.edges if isinstance(what, Edge) else self.path.nodes
        return 1.0 if what in members else FADED

    def outlines(self, node_id: str) -> bool:
        """Whether a card has a frame around it."""
        return node_id in self.found or self.on_path(node_id)

    def on_path(self, what: str | Edge) -> bool:
        """Whether a card or a wire belongs to the path that is shown."""
        return self.path is not None and what in (self.path.edges if isinstance(what, Edge) else self.path.nodes)


_NONE = Marks()


def marks_of(item: QGraphicsItem) -> Marks:
    """The marks of the scene that an item lies in."""
    return getattr(item.scene(), "marks", _NONE)
