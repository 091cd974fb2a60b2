"""A graph without groups: what is inside them stands among the other nodes, with the weights it had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.events import HostWeights, OptimizerState
from engine.graph import Graph
from engine.grouping import unfolded
from engine.layers.nested import Functional
from engine.project import Project


@dataclass(frozen=True)
class Flattened:
    """A graph without groups, and which weights of the one with groups its nodes have."""

    graph: Graph
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of nodes that were in a group: the outermost group, and what the names of their weights begin with there."""

    def weights(self, weights: HostWeights) -> HostWeights:
        """The weights of the graph with groups, as this one keeps them."""
        found = {key: own for key, own in weights.items() if key in self.graph}
        for key, (group, prefix) in self.origins.items():
            named = weights.get(group, {}).items()
            own = {name.removeprefix(prefix): array for name, array in named if name.startswith(prefix)}
            if own and self.graph[key].shares is None:
                found[key] = own
        return found

    def state(self, state: OptimizerState | None) -> OptimizerState | None:
        """What the optimizer remembers of the graph with groups, as this one keeps it."""
        if state is None:
            return None
        return state._replace(slots={slot: self.weights(arrays) for slot, arrays in state.slots.items()})


def has_groups(graph: Graph) -> bool:
    """Whether a graph holds others."""
    return bool(graph.of_type(Functional))


def flattened(graph: Graph) -> Flattened:
    """A graph with all its groups taken apart, those within others too; what they shared stays shared."""
    origins: dict[str, tuple[str, str]] = {}
    while owner := next((node for node in graph.of_type(Functional) if node.shares is None), None):
        first, *others = graph.linked(owner.id)
        group, prefix = origins.pop(first, (first, ""))
        graph, ids = unfolded(graph, first)
        for old, new in ids.items():
            assert isinstance(owner.layer, Functional)
            origins[new] = (group, f"{prefix}{owner.layer.graph[old].name}/")
        for other in others:
            graph, _ = unfolded(graph, other, ids)
    return Flattened(graph, origins)


def flattened_project(project: Project) -> Project:
    """A project with all groups of its graph taken apart."""
    return replace(project, graph=flattened(project.graph).graph)
