"""The three ways of writing a Keras model: a list of layers, calls of layers, a class of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from engine.errors import StyleError
from engine.formats.keras_config import Calls
from engine.formats.keras_subclass import subclass
from engine.formats.keras_text import applied, make, make_input, program_names, written_names
from engine.formats.python_text import Group, call, listing, spread_call, statement
from engine.formats.steps import script
from engine.graph import Node
from engine.layers.core import Input

Style = Literal["functional", "sequential", "subclass"]

# Calls of layers


def functional(found: Calls) -> str:
    """`x = layers.Dense(64)(x)` for each layer, and a model from inputs to outputs."""
    given = program_names()
    shared = {o.id: given.new(f"{o.name}_layer") for o in found.layers if len(found.calls_of(o.id)) > 1}
    plan = script(found, given)
    owners = dict.fromkeys(found.graph.owner(step.node.id) for step in (*plan.inputs, *plan.steps))
    written = written_names(found, owners)
    lines = [statement(f"{step.target} = ", make_input(step.node, written[step.node.id])) for step in plan.inputs]
    made: set[str] = set()
    for step in plan.steps:
        owner = found.graph.owner(step.node.id)
        making = make(owner.layer, written[owner.id])
        if owner.id not in shared:
            lines.append(statement(f"{step.target} = ", making, applied("", step)))
            continue
        if owner.id not in made:
            made.add(owner.id)
            lines.append(statement(f"{shared[owner.id]} = ", making))
        lines.append(statement(f"{step.target} = ", applied(shared[owner.id], step)))
    inputs, outputs = (_ends(ends) for ends in ([step.target for step in plan.inputs], list(plan.outputs)))
    return "\n".join(lines) + "\n\n" + statement("model = ", call("keras.Model", [inputs, outputs])) + "\n"


def _ends(variables: Sequence[str]) -> str | Group:
    return listing(variables) if len(variables) > 1 else variables[0]


# A list of layers


def sequential(found: Calls) -> str:
    """`keras.Sequential` of a chain; raises `StyleError` where the graph is none."""
    chain = _chain(found)
    written = written_names(found, chain)
    first, *rest = chain
    made = [make_input(first, written[first.id]), *(make(node.layer, written[node.id]) for node in rest)]
    return "model = " + spread_call(call("keras.Sequential", [listing(made)])) + "\n"


def _chain(found: Calls) -> list[Node]:
    for what, count in (("inputs", len(found.inputs)), ("outputs", len(found.outputs))):
        if count > 1:
            raise _no_chain(f"this network has {count} {what}")
    chain = list(found.inputs)
    for node in found.nodes:
        if isinstance(node.layer, Input):
            continue
        if found.graph.owner(node.id).id != node.id or len(found.calls_of(node.id)) > 1:
            raise _no_chain(f"the weights of {found.graph.owner(node.id).name} are used more than once")
        (*_, last) = chain
        edges = found.sources(node.id)
        if len(edges) > 1:
            raise _no_chain(f"{node.name} has {len(edges)} inputs")
        if [edge.source for edge in edges] != [last.id]:
            raise _no_chain(f"{node.name} does not follow {last.name}")
        if len(node.layer.output_names) > 1:
            raise _no_chain(f"{node.name} has {len(node.layer.output_names)} outputs")
        if node.layer.keras_call(["x"]) != (["x"], {}):
            raise _no_chain(f"{node.name} is called with settings of its own")
        chain.append(node)
    (end,) = found.outputs
    if end.source != chain[-1].id:
        raise _no_chain(f"{chain[-1].name} is not what comes out")
    return chain


def _no_chain(reason: str) -> StyleError:
    return StyleError(
        f"A Sequential model is a single chain of layers, but {reason}: take the functional style or a subclass."
    )


STYLES: dict[Style, Callable[[Calls], str]] = {
    "functional": functional,
    "sequential": sequential,
    "subclass": subclass,
}
"""The text that makes `model` in each style."""
