"""A graph as a Python function of JAX arrays: a line per layer, which calls the function that the layer runs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from engine.expression import jax_text
from engine.formats.jax_functions import WIDTH, Functions, activates, functions_in
from engine.formats.keras_config import Calls, calls_within
from engine.formats.python_text import Group, call, keyword, listing, literal, quoted, statement
from engine.formats.sources import Library
from engine.formats.steps import Step, script
from engine.graph import Edge, Node
from engine.layer import Layer
from engine.layers.core import Input
from engine.layers.nested import Functional
from engine.op import Context, Op
from engine.ops.activations import ACTIVATIONS
from engine.ops.core import identity


@dataclass(eq=False)
class Network:
    """Writes a graph as a function of its weights and inputs.

    A model within the model is a network of its own, `within` that of the graph around it; `given` says which of
    its inputs have masks there.
    """

    found: Calls
    functions: Functions
    name: str
    within: bool = False
    given: tuple[bool, ...] = ()
    dtypes: dict[tuple[str, int], Any] = field(default_factory=dict[tuple[str, int], Any])
    masks: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    """The variable that holds the mask of each node's first output."""
    made: dict[str, str] = field(default_factory=dict[str, str])
    """The masks that nodes make: by node, the variable."""

    def __post_init__(self) -> None:
        self.nested: dict[str, Network] = {}
        """The networks of the nodes that hold models; calls that differ in nothing share one."""
        self.free = {
            node.id: self.functions.names.new(self.found.graph.owner(node.id).name)
            for node in self.found.nodes
            if isinstance(node.layer, Functional)
        }
        self.names = self.functions.scope(*self.free.values())
        self.plan = script(self.found, self.names)
        for number, step in enumerate(self.plan.inputs):
            self._enter(step, number)
        self.takes = {mask for step in self.plan.steps for mask in self._follow(step)}
        self.gives_mask = self.within and self.mask is not None

    @property
    def library(self) -> Library:
        return self.functions.library

    @property
    def mask(self) -> str | None:
        """The variable that holds the mask of the first output."""
        (edge, *_) = self.found.outputs
        return self._mask(edge)

    @property
    def inputs(self) -> list[str | None]:
        """The masks of the inputs."""
        return [self.masks[step.node.id] for step in self.plan.inputs]

    @property
    def taken(self) -> list[int]:
        """The inputs whose masks this function takes."""
        used = self._used(self.mask)
        return [number for number, mask in enumerate(self.inputs) if mask in used]

    def write(self, gives_mask: bool = False) -> None:
        """Write the function; its first parameter `w` has the weights of each layer by name."""
        self.gives_mask = gives_mask
        used = self._used(self.mask if gives_mask else None)
        for network in dict.fromkeys(self.nested.values()):
            masks = {self.made.get(key) for key, other in self.nested.items() if other is network}
            network.write(bool(masks & used))
        lines = [line for step in self.plan.steps for line in self._lines(step, used)]
        inputs = [step.target for step in self.plan.inputs]
        masks = [str(self.inputs[number]) for number in self.taken]
        outputs = (*self.plan.outputs, str(self.mask)) if gives_mask else self.plan.outputs
        returned = f"    return {', '.join(outputs)}"
        if len(returned) > WIDTH:
            returned = "    return " + Group("(", outputs, ")").spread("    ", WIDTH)
        header = f"def {self.name}({', '.join(['w', *inputs, *masks])}):"
        self.functions.written.append("\n".join([header, *lines, returned]))

    # What is known of values before the program runs

    def _enter(self, step: Step, number: int) -> None:
        layer = step.node.layer
        assert isinstance(layer, Input)
        self.dtypes[step.node.id, 0] = jnp.dtype(layer.dtype)
        has_mask = bool(self.given) and self.given[number]
        self.masks[step.node.id] = self.names.new("mask") if has_mask else None

    def _used(self, given: str | None) -> set[str]:
        """The masks that functions take, or that other such masks are made of, or `given`, which comes out."""
        used = self.takes | ({given} if given is not None and given not in self.inputs else set())
        for step in reversed(self.plan.steps):
            mask_op = step.node.layer.mask_op()
            if self.made.get(step.node.id) in used and mask_op is not None and mask_op.all_masks:
                used |= set(filter(None, self._masks(step.node)))
        return used

    def _follow(self, step: Step) -> list[str]:
        """Note the types and the mask of what a step gives; the masks that it uses itself."""
        node, layer = step.node, step.node.layer
        for output, dtype in enumerate(self._types(node)):
            self.dtypes[node.id, output] = dtype
        masks = self._masks(node)
        if isinstance(layer, Functional):
            return self._follow_model(node, masks)
        mask_op, op = layer.mask_op(), layer.op()
        if mask_op is not None and (not mask_op.all_masks or any(masks)):
            self.masks[node.id] = self.made[node.id] = self.names.new("mask")
        else:
            # Masks pass through layers as what they are, so names can stand for them.
            self.masks[node.id] = layer.compute_mask(step.sources, masks)  # type: ignore[arg-type, assignment]  # pyright: ignore
        return [mask for mask in masks[: None if op.all_masks else int(op.masked)] if mask is not None]

    def _follow_model(self, node: Node, masks: list[str | None]) -> list[str]:
        given = tuple(mask is not None for mask in masks)
        linked = [self.nested[key] for key in self.found.graph.linked(node.id) if key in self.nested]
        inner = next((network for network in linked if network.given == given), None)
        if inner is None:
            within = calls_within(self.found, node)
            inner = Network(within, self.functions, self.free[node.id], within=True, given=given)
        self.nested[node.id] = inner
        self.masks[node.id] = None
        if inner.mask in inner.inputs:
            self.masks[node.id] = masks[inner.inputs.index(inner.mask)]
        elif inner.mask is not None:
            self.masks[node.id] = self.made[node.id] = self.names.new("mask")
        return [str(masks[number]) for number in inner.taken]

    def _mask(self, edge: Edge) -> str | None:
        """The mask of what a wire carries."""
        outputs = self.found.graph[edge.source].layer.masked_outputs
        return self.masks[edge.source] if edge.output in outputs else None

    def _masks(self, node: Node) -> list[str | None]:
        return [self._mask(edge) for edge in self.found.sources(node.id)]

    def _types(self, node: Node) -> list[Any]:
        layer = node.layer
        if layer.casts:
            return [jnp.dtype("float32") for _ in layer.output_names]
        inputs = [
            jax.ShapeDtypeStruct((2, *(size or 2 for size in shape)), self.dtypes[edge.source, edge.output])
            for edge, shape in zip(self.found.sources(node.id), self.found.inference[node.id].inputs, strict=True)
        ]
        owner = self.found.graph.owner(node.id).id
        weights = {w.name: jax.ShapeDtypeStruct(w.shape, w.dtype) for w in self.found.inference[owner].weights}
        values = jax.eval_shape(lambda w, x: layer.apply(w, *x, ctx=Context()), weights, inputs)
        return [value.dtype for value in (values if isinstance(values, tuple) else (values,))]

    # Lines

    def _lines(self, step: Step, used: set[str]) -> Iterator[str]:
        layer, sources = step.node.layer, self._sources(step)
        if isinstance(layer, Functional):
            yield self._model_line(step, sources)
            return
        made, mask_op = self.made.get(step.node.id), layer.mask_op()
        if made in used and mask_op is not None:
            taken = sources if mask_op.all_masks else sources[:1]
            yield self._statement(f"{made} = ", self._call(mask_op, taken, self._mask_arguments(mask_op, step)))
        if layer.formula is not None:
            yield f"    {step.target} = {jax_text(layer.formula, sources)}"
            return
        op = layer.op()
        activation = f"{self.library.name(ACTIVATIONS[layer.activation_name or ''])}(" if activates(layer) else ""
        if op.function is identity:
            value = f"{activation}{sources[0]}{')' if activation else ''}"
            if value != step.target:
                yield f"    {step.target} = {value}"
            return
        inner = self._call(op, [*sources, *self._weights(op, step.node)], self._mask_arguments(op, step))
        if not activation:
            yield self._statement(f"{step.target} = ", inner)
        else:
            yield self._activated(step.target, activation, inner)

    def _mask_arguments(self, op: Op, step: Step) -> list[str]:
        masks = self._masks(step.node)
        if op.all_masks and any(masks):
            return [f"masks=({', '.join(map(str, masks))})"]
        return [f"mask={masks[0]}"] if op.masked and any(masks[:1]) else []

    def _model_line(self, step: Step, sources: Sequence[str]) -> str:
        """The call of the function of a model within the model."""
        inner, owner = self.nested[step.node.id], self.found.graph.owner(step.node.id)
        masks = self._masks(step.node)
        table = self._table(owner) if self.found.inference[owner.id].weights else "{}"
        targets = [*step.targets, self.made[step.node.id]] if inner.gives_mask else step.targets
        arguments = [table, *sources, *(str(masks[number]) for number in inner.taken)]
        return self._statement(f"{', '.join(targets)} = ", call(inner.name, arguments))

    def _sources(self, step: Step) -> list[str]:
        """The variables that a step takes, as the type of numbers that the layer computes with."""
        edges = self.found.sources(step.node.id)
        given = [self.dtypes[edge.source, edge.output] for edge in edges]
        taken = _taken_types(step.node.layer, given)
        return [
            variable if own == wanted else f"{variable}.astype(jnp.{wanted.name})"
            for variable, own, wanted in zip(step.sources, given, taken, strict=True)
        ]

    def _call(self, op: Op, arguments: Sequence[str], more: Sequence[str] = ()) -> Group:
        parameters = inspect.signature(op.function).parameters
        changed = {
            name: value
            for name, value in op.settings.items()
            if name not in parameters or not _same(value, parameters[name].default)
        }
        settings = [keyword(name, self._value(value)) for name, value in changed.items()]
        return call(self.library.name(op.function), [*arguments, *settings, *more])

    def _value(self, value: Any) -> str | Group:
        """A setting as Python: functions by their names, also with arguments bound."""
        if isinstance(value, partial):
            bound = [keyword(key, self._value(inner)) for key, inner in value.keywords.items()]
            function = self.library.name(value.func)  # pyright: ignore[reportUnknownMemberType]
            return call("partial", [function, *map(self._value, value.args), *bound])
        if isinstance(value, tuple | list) and any(True for _ in functions_in(value)):
            items = [self._value(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
            return listing(items)
        return self.library.name(value) if callable(value) else literal(value)

    def _weights(self, op: Op, node: Node) -> list[str]:
        """Weights as arguments: all at once where the function has parameters of their names, else one by one."""
        owner = self.found.graph.owner(node.id)
        own = {weight.name for weight in self.found.inference[owner.id].weights}
        keywords = [f"{key}={self._weight(owner, name)}" for key, name in op.keywords.items() if name in own]
        present = [name for name in op.weights if name in own]
        if not present:
            return keywords
        if set(present) == own and own <= inspect.signature(op.function).parameters.keys():
            return [f"**{self._table(owner)}"]
        last = max(op.weights.index(name) for name in present)
        return [self._weight(owner, name) if name in own else "None" for name in op.weights[: last + 1]]

    def _table(self, owner: Node) -> str:
        """The weights of a layer by name."""
        return f"within(w, {quoted(owner.name)})" if self.within else f"w[{quoted(owner.name)}]"

    def _weight(self, owner: Node, name: str) -> str:
        if self.within:
            return f"w[{quoted(f'{owner.name}/{name}')}]"
        return f"w[{quoted(owner.name)}][{quoted(name)}]"

    @staticmethod
    def _statement(start: str, group: Group) -> str:
        return statement(start, group, indent="    ", width=WIDTH)

    @staticmethod
    def _activated(target: str, activation: str, inner: Group) -> str:
        flat = f"    {target} = {activation}{inner.flat()})"
        if len(flat) <= WIDTH:
            return flat
        value = inner.flat() if len(inner.flat()) + 8 <= WIDTH else inner.spread("        ", WIDTH)
        return f"    {target} = {activation}\n        {value}\n    )"


def _taken_types(layer: Layer, given: Sequence[Any]) -> list[Any]:
    """The types that a layer computes with, for inputs of these types."""
    if isinstance(layer, Functional):
        return [jnp.dtype(node.layer.dtype) for node in layer.inputs if isinstance(node.layer, Input)]
    return [jnp.dtype("float32") if layer.casts and not jnp.issubdtype(d, jnp.floating) else d for d in given]


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default
