"""Formulas taken apart: Keras's functional models hold a node for each operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.expression import Call, Formula, Variable, show
from engine.graph import Edge, Graph, Node, snake_case
from engine.layer import Layer
from engine.layers.expression import Lambda


def split(graph: Graph) -> Graph:
    """The graph with a node for each operation of its formulas; the last keeps the identifier and name."""
    for node in [node for node in graph if _several(node.layer)]:
        formula = node.layer.formula
        assert formula is not None
        sources = [(edge.source, edge.output) for edge in graph.incoming(node.id)]
        graph = Graph(graph.nodes, tuple(edge for edge in graph.edges if edge.target != node.id))
        graph = _Splitting(graph, node, sources).run(formula)
    return graph


def _several(layer: Layer) -> bool:
    return layer.formula is not None and not layer.formula.single


class _Splitting:
    """Puts nodes for the operations of one node into a graph."""

    def __init__(self, graph: Graph, node: Node, sources: Sequence[tuple[str, int]]) -> None:
        self.graph, self.node, self.sources = graph, node, sources
        self.made: dict[Call, tuple[str, int]] = {}

    def run(self, formula: Call) -> Graph:
        layer, sources = self._operation(formula)
        nodes = {**self.graph.nodes, self.node.id: replace(self.node, layer=layer, shares=None)}
        self.graph = Graph(nodes, self.graph.edges)
        self._wire(self.node.id, sources)
        return self.graph

    def _tensor(self, formula: Call) -> tuple[str, int]:
        if formula not in self.made:
            layer, sources = self._operation(formula)
            name = f"{self.node.name}_{snake_case(formula.function.operation)}"
            node = self.graph.new_node(layer, name)
            self.graph = self.graph.add(node)
            self._wire(node.id, sources)
            self.made[formula] = (node.id, 0)
        return self.made[formula]

    def _operation(self, formula: Call) -> tuple[Lambda, list[tuple[str, int]]]:
        """The last operation of a formula as a layer of its own, and where its inputs come from."""
        sources: dict[tuple[str, int], int] = {}
        inputs: list[Formula] = []
        for part in formula.inputs:
            if isinstance(part, Call | Variable):
                source = self._tensor(part) if isinstance(part, Call) else self.sources[part.number]
                part = Variable(sources.setdefault(source, len(sources)))
            inputs.append(part)
        return Lambda(expression=show(replace(formula, inputs=tuple(inputs)))), list(sources)

    def _wire(self, target: str, sources: Sequence[tuple[str, int]]) -> None:
        edges = (Edge(source, target, port, output) for port, (source, output) in enumerate(sources))
        self.graph = Graph(self.graph.nodes, (*self.graph.edges, *edges))
