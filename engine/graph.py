"""A network as a value: nodes, the wires between them, and edits that return a new graph."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType

from engine.errors import (
    CycleError,
    DuplicateEdgeError,
    GraphError,
    NameTakenError,
    PortError,
    PortOccupiedError,
    UnknownNodeError,
)
from engine.layer import Layer, holders
from engine.removal import Removal


@dataclass(frozen=True)
class Node:
    """A layer in its place. Linked nodes (`shares`) use the weights of another node, and its settings."""

    id: str
    name: str
    layer: Layer
    shares: str | None = None

    @cached_property
    def kind(self) -> Layer:
        """The layer, the very same object for (almost) all nodes whose layers are equal."""
        if holders(type(self.layer)):
            return self.layer
        try:
            return _first_equal(self.layer)  # pyright: ignore[reportArgumentType]
        except TypeError:  # a placeholder keeps whatever the file says of it, which may have no hash
            return self.layer


@lru_cache(maxsize=4096)
def _first_equal(layer: Layer) -> Layer:
    return layer


@dataclass(frozen=True)
class Edge:
    """A wire from an output of a node to an input port of another. Ports and outputs count from 0."""

    source: str
    target: str
    port: int = 0
    output: int = 0


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they were made, and edges. Frozen: every edit returns a new graph."""

    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    edges: tuple[Edge, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.nodes, MappingProxyType):
            object.__setattr__(self, "nodes", MappingProxyType(dict(self.nodes)))

    def __hash__(self) -> int:
        return hash((tuple(self.nodes.values()), self.edges))

    # Reading

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.nodes

    def __getitem__(self, node_id: str) -> Node:
        try:
            return self.nodes[node_id]
        except KeyError:
            raise UnknownNodeError(f"There is no node {node_id!r}.") from None

    def by_name(self, name: str) -> Node:
        """The node of this name; raises `UnknownNodeError`."""
        for node in self:
            if node.name == name:
                return node
        raise UnknownNodeError(f"There is no node named {name!r}.")

    def of_type(self, layer_type: type[Layer]) -> tuple[Node, ...]:
        """The nodes that hold such a layer, in order."""
        kinds = [nodes for kind, nodes in self._by_type.items() if issubclass(kind, layer_type)]
        if len(kinds) > 1:
            return tuple(node for node in self.nodes.values() if isinstance(node.layer, layer_type))
        return tuple(kinds[0]) if kinds else ()

    @cached_property
    def _by_type(self) -> dict[type[Layer], list[Node]]:
        found: dict[type[Layer], list[Node]] = {}
        for node in self.nodes.values():
            found.setdefault(type(node.layer), []).append(node)
        return found

    @cached_property
    def _incoming(self) -> dict[str, tuple[Edge, ...]]:
        incoming: dict[str, list[Edge]] = {node_id: [] for node_id in self.nodes}
        for edge in self.edges:
            incoming[edge.target].append(edge)
        return {key: tuple(sorted(edges, key=lambda e: e.port)) for key, edges in incoming.items()}

    @cached_property
    def _outgoing(self) -> dict[str, tuple[Edge, ...]]:
        outgoing: dict[str, list[Edge]] = {node_id: [] for node_id in self.nodes}
        for edge in self.edges:
            outgoing[edge.source].append(edge)
        return {key: tuple(edges) for key, edges in outgoing.items()}

    def incoming(self, node_id: str) -> tuple[Edge, ...]:
        """Edges into a node, in the order of its ports."""
        return self._incoming[node_id]

    def outgoing(self, node_id: str) -> tuple[Edge, ...]:
        """Edges out of a node, in the order in which they were drawn."""
        return self._outgoing[node_id]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Identifiers of all nodes, each after those it depends on; otherwise in the order of making."""
        waiting = {node_id: len(edges) for node_id, edges in self._incoming.items()}
        place = {node_id: index for index, node_id in enumerate(self.nodes)}
        ready = [node_id for node_id, count in waiting.items() if not count]
        order: list[str] = []
        while ready:
            node_id = ready.pop(0)
            order.append(node_id)
            free: list[str] = []
            for edge in self._outgoing[node_id]:
                waiting[edge.target] -= 1
                if not waiting[edge.target]:
                    free.append(edge.target)
            ready.extend(sorted(free, key=place.__getitem__))
        return tuple(order)

    @cached_property
    def steps(self) -> tuple[tuple[str, tuple[tuple[str, int, int], ...], tuple[str, ...]], ...]:
        """In this order, each node with what is wired to it (node, output, port), and whom it is wired to."""
        incoming, outgoing = self._incoming, self._outgoing
        return tuple(
            (
                key,
                tuple((edge.source, edge.output, edge.port) for edge in incoming[key]),
                tuple(edge.target for edge in outgoing[key]),
            )
            for key in self.order
        )

    def ancestors(self, node_ids: Iterable[str]) -> frozenset[str]:
        """The nodes that these depend on, themselves included."""
        return self._reach(node_ids, lambda node_id: (edge.source for edge in self._incoming[node_id]))

    def descendants(self, node_ids: Iterable[str]) -> frozenset[str]:
        """The nodes that depend on these, themselves included."""
        return self._reach(node_ids, lambda node_id: (edge.target for edge in self._outgoing[node_id]))

    @staticmethod
    def _reach(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> frozenset[str]:
        seen: set[str] = set()
        waiting = list(start)
        while waiting:
            node_id = waiting.pop()
            if node_id not in seen:
                seen.add(node_id)
                waiting.extend(following(node_id))
        return frozenset(seen)

    def owner(self, node_id: str) -> Node:
        """The node whose weights this one uses: itself, unless it is linked."""
        node = self[node_id]
        return self[node.shares] if node.shares is not None else node

    def linked(self, node_id: str) -> tuple[str, ...]:
        """All nodes that share this one's weights, itself included, the owner first."""
        owner = self.owner(node_id).id
        return (owner, *self._followers.get(owner, ()))

    @cached_property
    def _followers(self) -> dict[str, tuple[str, ...]]:
        """The nodes that are linked to another, by that one."""
        found: dict[str, tuple[str, ...]] = {}
        for node in self.sharing:
            assert node.shares is not None
            found[node.shares] = (*found.get(node.shares, ()), node.id)
        return found

    @cached_property
    def sharing(self) -> tuple[Node, ...]:
        """The nodes that are linked to another."""
        return tuple(node for node in self.nodes.values() if node.shares is not None)

    def free_port(self, node_id: str) -> int | None:
        """The first input port without a wire, None where all are taken."""
        taken = {edge.port for edge in self._incoming[node_id]}
        limit = self[node_id].layer.max_inputs
        port = next(port for port in range(len(taken) + 1) if port not in taken)
        return port if limit is None or port < limit else None

    def port_count(self, node_id: str) -> int:
        """How many input ports to show: those that are needed, and one more than are taken if there is room."""
        layer = self[node_id].layer
        free = 1 + max((edge.port + 1 for edge in self._incoming[node_id]), default=0)
        return max(layer.min_inputs, free if layer.max_inputs is None else min(free, layer.max_inputs))

    # Editing nodes

    def new_node(self, layer: Layer, name: str | None = None, *, shares: str | None = None) -> Node:
        """A node for this graph, with an identifier and a name that are free; not yet part of it."""
        name = self.free_name(name or snake_case(layer.type_name()))
        return Node(f"n{self._next_number()}", name, layer, shares)

    def _next_number(self) -> int:
        """The first number such that it and all that follow are free for identifiers."""
        return 1 + max((int(m[1]) for m in (re.fullmatch(r"n(\d+)", key) for key in self.nodes) if m), default=0)

    def free_name(self, wanted: str) -> str:
        """The name if it is free, else with the first number that makes it so, as Keras counts."""
        return Names(node.name for node in self).take(wanted)

    def add(self, *nodes: Node) -> Graph:
        """With more nodes; raises `NameTakenError` where an identifier or name is taken."""
        result = dict(self.nodes)
        names = {node.name for node in self}
        for node in nodes:
            if node.id in result or node.name in names:
                raise NameTakenError(f"There is already a node named {node.name!r}.")
            check_name(node.name)
            result[node.id] = node
            names.add(node.name)
        return Graph(MappingProxyType(result), self.edges)

    def remove(self, *node_ids: str, heal: bool = False) -> Graph:
        """Without some nodes and their wires; `heal` joins what a chain of them had joined.

        Where the owner of shared weights goes, the first node linked to it takes them over.
        """
        left = Removal(self.nodes, self.edges)
        for node_id in node_ids:
            left.take(node_id, heal)
        return Graph(MappingProxyType(left.nodes), left.edges)

    def _close_gaps(self, node_ids: Iterable[str]) -> Graph:
        """Renumber the ports of layers that take any number of inputs, so that none is skipped."""
        ports: dict[Edge, Edge] = {}
        for node_id in set(node_ids):
            if node_id in self.nodes and self.nodes[node_id].layer.max_inputs is None:
                for port, edge in enumerate(self._incoming[node_id]):
                    ports[edge] = replace(edge, port=port)
        return Graph(self.nodes, tuple(ports.get(edge, edge) for edge in self.edges)) if ports else self

    def rename(self, node_id: str, name: str) -> Graph:
        """With another name for a node; raises `NameTakenError`."""
        node = self[node_id]
        if name == node.name:
            return self
        check_name(name)
        if any(other.name == name for other in self):
            raise NameTakenError(f"There is already a node named {name!r}.")
        return self._with(replace(node, name=name))

    def set_layer(self, node_id: str, layer: Layer) -> Graph:
        """With other settings, or another layer, for a node and all that are linked to it.

        The nodes are linked no more where data enters or ends at the new layer. Raises `PortError` where it has no
        place for wires that are there.
        """
        shared = layer.max_inputs != 0 and layer.has_output
        for key in self.linked(node_id):
            limit = layer.max_inputs
            if limit is not None and any(edge.port >= limit for edge in self._incoming[key]):
                raise PortError(f"{layer.type_name()} has no place for the wires into {self[key].name}.")
            outputs = len(layer.output_names) if layer.has_output else 0
            if any(edge.output >= outputs for edge in self._outgoing[key]):
                raise PortError(f"{layer.type_name()} has no place for the wires out of {self[key].name}.")
        nodes = (self[key] for key in self.linked(node_id))
        return self._with(*(replace(node, layer=layer, shares=node.shares if shared else None) for node in nodes))

    def _with(self, *changed: Node) -> Graph:
        made = Graph(MappingProxyType({**self.nodes, **{node.id: node for node in changed}}), self.edges)
        for name in ("_incoming", "_outgoing", "order", "steps"):  # what follows from the wires is known already
            if name in self.__dict__:
                made.__dict__[name] = self.__dict__[name]
        return made

    # Editing wires

    def check_connect(self, source: str, target: str, port: int | None = None, output: int = 0) -> Edge:
        """The edge that would join two nodes (at the first free port if none is given).

        Raises `PortError`, `DuplicateEdgeError`, `PortOccupiedError` or `CycleError`.
        """
        giver, taker = self[source], self[target]
        if not giver.layer.has_output:
            raise PortError(f"{giver.name} gives no output: nothing comes after {giver.layer.type_name()}.")
        if not 0 <= output < len(giver.layer.output_names):
            raise PortError(f"{giver.name} has no output {output + 1}.")
        if taker.layer.max_inputs == 0:
            raise PortError(f"{taker.name} takes no wire: {taker.layer.type_name()} is where data enters.")
        if source == target:
            raise CycleError(f"{giver.name} cannot feed itself.")
        taken = {edge.port: edge for edge in self._incoming[target]}
        if taker.layer.max_inputs == 1 and any(edge.source == source for edge in taken.values()):
            raise DuplicateEdgeError(f"{giver.name} is wired to {taker.name} already.")
        if port is None:
            port = self.free_port(target)
        if port is None or port in taken:
            raise PortOccupiedError(f"The input of {taker.name} is taken by {self[taken[port or 0].source].name}.")
        if port < 0 or (taker.layer.max_inputs is not None and port >= taker.layer.max_inputs):
            raise PortError(f"{taker.name} has no input {port + 1}.")
        if source in self.descendants([target]):
            raise CycleError(f"A wire from {giver.name} to {taker.name} would close a circle.")
        return Edge(source, target, port, output)

    def connect(self, source: str, target: str, port: int | None = None, output: int = 0) -> Graph:
        """With one more wire; raises what `check_connect` raises."""
        edge = self.check_connect(source, target, port, output)
        graph = Graph(self.nodes, (*self.edges, edge))
        return graph._close_gaps([target])

    def can_connect(self, source: str, target: str, port: int | None = None, output: int = 0) -> str | None:
        """None if `connect` would succeed, else the reason why not, as a sentence."""
        try:
            self.check_connect(source, target, port, output)
        except GraphError as error:
            return str(error)
        return None

    def disconnect(self, *edges: Edge) -> Graph:
        """Without some wires; raises `UnknownNodeError` where there is no such wire."""
        known, gone = frozenset(self.edges), frozenset(edges)
        for edge in edges:
            if edge not in known:
                raise UnknownNodeError(f"There is no wire from {edge.source!r} to {edge.target!r}.")
        graph = Graph(self.nodes, tuple(edge for edge in self.edges if edge not in gone))
        return graph._close_gaps(edge.target for edge in edges)

    def insert(self, node: Node, edge: Edge) -> Graph:
        """With a node on a wire; the node may be new or already here. Raises `PortError` where it cannot sit."""
        if node.layer.max_inputs == 0 or not node.layer.has_output:
            raise PortError(f"{node.layer.type_name()} cannot sit on a wire.")
        graph = self if node.id in self.nodes else self.add(node)
        edges = tuple(e for e in graph.edges if e != edge)
        without = Graph(graph.nodes, edges)
        entered = without.check_connect(edge.source, node.id, output=edge.output)
        half = Graph(graph.nodes, (*edges, entered))
        left = half.check_connect(node.id, edge.target, edge.port)
        return Graph(graph.nodes, (*edges, entered, left))

    # Parts

    def part(self, node_ids: Iterable[str], *, close_gaps: bool = True) -> Graph:
        """Some of the nodes and the wires among them. A linked node whose owner stays behind owns its weights.

        Without `close_gaps`, the ports of wires from outside stay free.
        """
        wanted = set(node_ids)
        kept: dict[str, Node] = {}
        heirs: dict[str, str] = {}
        for node in self:
            if node.id in wanted:
                shares = node.shares
                if shares is not None and shares not in wanted:
                    first = heirs.setdefault(shares, node.id)
                    shares = None if first == node.id else first
                kept[node.id] = replace(node, shares=shares)
        edges = tuple(edge for edge in self.edges if edge.source in kept and edge.target in kept)
        part = Graph(MappingProxyType(kept), edges)
        return part._close_gaps(kept) if close_gaps else part

    def merge(self, other: Graph) -> tuple[Graph, dict[str, str]]:
        """With another graph beside this one, under free names; also where each of its nodes went."""
        names = Names(node.name for node in self)
        ids = {node.id: f"n{number}" for number, node in enumerate(other, self._next_number())}
        new = [
            Node(ids[node.id], names.take(node.name), node.layer, ids[node.shares] if node.shares else None)
            for node in other
        ]
        edges = tuple(Edge(ids[e.source], ids[e.target], e.port, e.output) for e in other.edges)
        return Graph(self.add(*new).nodes, (*self.edges, *edges)), ids


class Names:
    """Names that are taken, and the free ones beside them, counted as Keras counts."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._reached: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """The name if it is free, else with the first number that makes it so; it is taken from now on."""
        name = wanted
        stem = re.sub(r"_\d+$", "", wanted)
        while name in self._taken:
            self._reached[stem] = number = self._reached.get(stem, 0) + 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name


def snake_case(name: str) -> str:
    """Keras's default name of a layer: `Conv2D` becomes `conv2d`, `MaxPooling2D` `max_pooling2d`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


_UNSAFE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories of what no name may hold: controls, halves of characters, line and paragraph ends."""


def check_name(name: str) -> None:
    """Raise `NameTakenError` for a name that no file could hold."""
    if not name.strip():
        raise NameTakenError("A node needs a name.")
    if len(name) > 200:
        raise NameTakenError("A name may have 200 characters at most.")
    if "/" in name or any(unicodedata.category(character) in _UNSAFE for character in name):
        raise NameTakenError("A name may hold neither slashes nor line breaks nor other control characters.")
    if name in (".", "top_level_model_weights"):
        raise NameTakenError(f"{name!r} cannot be a name: it means something else in a model file.")
