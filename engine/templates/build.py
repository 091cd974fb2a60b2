"""Graphs written down by hand: a line per layer, as in Keras's functional style."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from engine.graph import Edge, Graph, Node, snake_case
from engine.layer import Layer
from engine.registry import LAYERS


def chain(*layers: Layer, graph: Graph | None = None, after: str | None = None) -> tuple[Graph, str]:
    """A graph (or a longer one) with layers wired one behind the other; also the identifier of the last."""
    graph, last = graph or Graph(), after
    for layer in layers:
        node = graph.new_node(layer)
        graph = graph.add(node)
        graph = graph if last is None else graph.connect(last, node.id)
        last = node.id
    assert last is not None
    return graph, last


class Build:
    """Collects layers and wires: `x = net("Dense", x, units=64)`; `graph` is what came of it.

    Faster than edits of a frozen graph, which copy it each time: some architectures have 500 layers.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._edges: list[Edge] = []
        self._counts: dict[str, int] = {}

    def __call__(self, kind: str, *sources: str, name: str = "", **settings: Any) -> str:
        """Add a layer of this type, wired to earlier ones; gives its identifier."""
        layer = LAYERS[kind].model_validate(settings)
        node = Node(f"n{len(self._nodes) + 1}", name or self._name(snake_case(kind)), layer)
        self._nodes[node.id] = node
        self._edges += [Edge(source, node.id, port) for port, source in enumerate(sources)]
        return node.id

    def _name(self, stem: str) -> str:
        """The next name of a layer type, as Keras counts: dense, dense_1, dense_2."""
        number = self._counts[stem] = self._counts.get(stem, -1) + 1
        return f"{stem}_{number}" if number else stem

    @property
    def graph(self) -> Graph:
        return Graph(MappingProxyType(dict(self._nodes)), tuple(self._edges))
