"""The ports of a card: how many there are, where they lie, what each is called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QCoreApplication, QPointF

from engine.graph import Graph, Node
from engine.inference import NodeFacts
from engine.shapes import show_shape
from graph_editor.captions import output_name
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH

Port = tuple[Literal["in", "out"], int]

REACH = 11.0
"""How near to a port the pointer takes it."""
_IN_STEP = 36.0
_OUT_STEP = 60.0
"""Outputs lie farther apart than inputs: the shape of each is written on its wire."""
_ROOM = CARD_WIDTH - 48


@dataclass(frozen=True)
class Ports:
    """The ports of one card, in its own coordinates. Inputs lie on its upper edge, outputs on the lower."""

    inputs: int = 1
    """Those that are shown: the last may be one more than is needed."""
    centred: int = 1
    """Those that lie in the middle; one more that may be wired lies at their side."""
    outputs: int = 1
    variadic: bool = False
    required: int = 1
    taken: frozenset[Port] = field(default_factory=frozenset)
    below: float = 0.0
    """How far below the card the outputs lie, where the inside of a group is shown between."""

    @classmethod
    def of(cls, graph: Graph, node: Node, below: float = 0.0) -> Ports:
        """The ports of a node as it is wired now."""
        layer, incoming, outgoing = node.layer, graph.incoming(node.id), graph.outgoing(node.id)
        shown = graph.port_count(node.id)
        needed = max(layer.min_inputs, *(edge.port + 1 for edge in incoming)) if incoming else layer.min_inputs
        ends: list[Port] = [("in", edge.port) for edge in incoming]
        starts: list[Port] = [("out", edge.output) for edge in outgoing]
        return cls(
            shown,
            min(shown, max(needed, 1)),
            len(layer.output_names) if layer.has_output else 0,
            layer.max_inputs is None,
            layer.min_inputs,
            frozenset([*ends, *starts]),
            below,
        )

    def all(self) -> tuple[Port, ...]:
        """All ports, inputs first."""
        inputs: tuple[Port, ...] = tuple(("in", index) for index in range(self.inputs))
        outputs: tuple[Port, ...] = tuple(("out", index) for index in range(self.outputs))
        return (*inputs, *outputs)

    def place(self, port: Port) -> QPointF:
        """Where a port lies, seen from the middle of the card."""
        side, index = port
        if side == "out":
            step = min(_OUT_STEP, _ROOM / max(self.outputs - 1, 1))
            return QPointF((index - (self.outputs - 1) / 2) * step, CARD_HEIGHT / 2 + self.below)
        step = min(_IN_STEP, _ROOM / max(self.inputs, 1))
        return QPointF((index - (self.centred - 1) / 2) * step, -CARD_HEIGHT / 2)

    def near(self, spot: QPointF) -> Port | None:
        """The port that a pointer at this place of the card would take."""
        found = [(_distance(self.place(port), spot), port) for port in self.all()]
        distance, port = min(found, default=(REACH, None), key=lambda pair: pair[0])
        return port if distance < REACH else None

    def optional(self, port: Port) -> bool:
        """Whether the card can do without a wire at a port."""
        return port[0] == "in" and port[1] >= max(self.required, 1)

    def spare(self, port: Port) -> bool:
        """Whether a port is one more of a kind that there may be any number of, free so far."""
        return self.variadic and port[0] == "in" and port[1] >= self.centred


def describe_port(node: Node, facts: NodeFacts, ports: Ports, port: Port) -> tuple[str, ...]:
    """What a tooltip says of a port: its name, whether it must be wired, its shape."""
    side, index = port
    shapes = facts.inputs if side == "in" else facts.shapes
    name = node.layer.port_name(index) if side == "in" else output_name(node.layer, index)
    known = (side == "out" or port in ports.taken) and index < len(shapes)
    shape = show_shape(shapes[index]) if known else ""
    title = name or (_tr("input") if side == "in" else _tr("output"))
    spare = _tr("may be left free") if ports.optional(port) else _tr("free")
    free = "" if port in ports.taken or side == "out" else spare
    return tuple(text for text in (title, shape, free) if text)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Ports", text)


def _distance(a: QPointF, b: QPointF) -> float:
    return ((a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2) ** 0.5
