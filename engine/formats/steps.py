"""The calls of a graph as a person would write them down: in which order, and in which variables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest

from engine.formats.keras_config import Calls
from engine.formats.python_text import Names
from engine.graph import Node
from engine.layers.core import Input, Output


@dataclass(frozen=True)
class Step:
    """A line of the program: the node, the variables that its outputs go into, and those it takes."""

    node: Node
    targets: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def target(self) -> str:
        """The left side of the line."""
        return ", ".join(self.targets)


@dataclass(frozen=True)
class Script:
    """Inputs, then one step per call; `outputs` are the variables of the Output nodes."""

    inputs: tuple[Step, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]


def script(found: Calls, names: Names) -> Script:
    """Name the values of a graph.

    A value that is all that the next line takes, and that no other takes, is `x`; any other has the name of its
    node, with that of its output if there are several. The only input and the only output are `inputs` and
    `outputs`. Each branch is written whole before the next.
    """
    order = _order(found)
    uses = _uses(found)
    ends = {(edge.source, edge.output) for edge in found.outputs}
    variables: dict[tuple[str, int], str] = {}
    for node in found.inputs:
        variables[node.id, 0] = "inputs" if len(found.inputs) == 1 else names.new(node.name)
    steps: list[Step] = []
    for node, following in zip_longest(order, order[1:]):
        sources = tuple(variables[edge.source, edge.output] for edge in found.sources(node.id))
        alone = following is not None and _sources(found, following) == [node.id]
        for output, output_name in enumerate(node.layer.output_names):
            if (node.id, output) in ends:
                name = "outputs" if len(found.outputs) == 1 else names.new(node.name)
            elif not output and alone and uses[node.id] == 1:
                name = "x"
            else:
                name = names.new(f"{node.name}_{output_name}" if output_name else node.name)
            variables[node.id, output] = name
        targets = tuple(variables[node.id, output] for output in range(len(node.layer.output_names)))
        steps.append(Step(node, targets, sources))
    inputs = tuple(Step(node, (variables[node.id, 0],), ()) for node in found.inputs)
    return Script(inputs, tuple(steps), tuple(variables[edge.source, edge.output] for edge in found.outputs))


def _sources(found: Calls, node: Node) -> list[str]:
    return [edge.source for edge in found.sources(node.id)]


def _uses(found: Calls) -> Counter[str]:
    """How often the value of each node is used; an output of the model counts as a use."""
    uses = Counter(source for node in found.nodes for source in _sources(found, node))
    uses.update(edge.source for edge in found.outputs)
    return uses


def _order(found: Calls) -> list[Node]:
    """The calls, chain by chain: each node is followed by the one that alone uses it, if that is all it uses."""
    uses = _uses(found)
    following: dict[str, Node] = {}
    for node in found.nodes:
        sources = _sources(found, node)
        if len(sources) == 1 and uses[sources[0]] == 1:
            following[sources[0]] = node
    order: dict[str, Node] = {}
    for node in found.nodes:
        here: Node | None = node
        while here is not None and here.id not in order:
            if not isinstance(here.layer, Input | Output):
                order[here.id] = here
            here = following.get(here.id) if not isinstance(here.layer, Input) else None
    return list(order.values())
