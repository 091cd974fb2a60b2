"""The three ways of writing a Keras model: a list of layers, calls of layers, a class of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from engine.errors import StyleError
from engine.formats.keras_config import Calls
from engine.formats.keras_program import Program, name_words, scope, with_functions
from engine.formats.keras_subclass import subclass
from engine.formats.python_text import call, listing, spread_call, statement
from engine.graph import Node
from engine.layers.core import Input

Style = Literal["functional", "sequential", "subclass"]

# Calls of layers


def functional(found: Calls, name: str) -> str:
    """`x = layers.Dense(64)(x)` for each layer, and a model from inputs to outputs."""
    program = Program()
    body = program.body(found, scope())
    made = statement("model = ", call("keras.Model", [body.inputs, body.outputs, *name_words(name)]))
    return with_functions(program, "\n".join(body.lines) + f"\n\n{made}\n")


# A list of layers


def sequential(found: Calls, name: str) -> str:
    """`keras.Sequential` of a chain; raises `StyleError` where the graph is none."""
    chain = _chain(found)
    program = Program()
    first, *rest = chain
    made = [program.input(found, first), *(program.owner(found, node) for node in rest)]
    return with_functions(
        program, "model = " + spread_call(call("keras.Sequential", [listing(made), *name_words(name)])) + "\n"
    )


def _chain(found: Calls) -> list[Node]:
    if len(found.inputs) > 1:
        raise _no_chain(f"this network has {len(found.inputs)} inputs")
    if len(found.outputs) > 1:
        raise _no_chain(f"this network has {len(found.outputs)} outputs")
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
        if node.layer.formula is None and node.layer.keras_call(["x"]) != (["x"], {}):
            raise _no_chain(f"{node.name} is called with settings of its own")
        chain.append(node)
    if any(end.source != chain[-1].id for end in found.outputs):
        raise _no_chain(f"{chain[-1].name} is not what comes out")
    return chain


def _no_chain(reason: str) -> StyleError:
    return StyleError(
        f"A Sequential model is a single chain of layers, but {reason}: take the functional style or a subclass."
    )


STYLES: dict[Style, Callable[[Calls, str], str]] = {
    "functional": functional,
    "sequential": sequential,
    "subclass": subclass,
}
"""The text that makes `model` in each style."""
