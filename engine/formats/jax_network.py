"""A graph as a Python function of JAX arrays: a line per layer, which calls the function that the layer runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from engine.formats.keras_config import Calls
from engine.formats.python_text import Group, Names, call, keyword, listing, literal, quoted, statement
from engine.formats.sources import Library
from engine.formats.steps import Step, script
from engine.graph import Node
from engine.layer import Context, Layer, Op
from engine.layers.core import Input
from engine.ops.activations import ACTIVATIONS
from engine.ops.core import identity

WIDTH = 115
"""That of the functions that are copied."""

Function = Callable[..., Any]


def functions_of(layer: Layer, masks: bool = True) -> Iterator[Function]:
    """All functions that the lines of a layer name; `masks` says whether any layer of the graph starts a mask."""
    mask_op = layer.mask_op()
    made = mask_op if mask_op is not None and (masks or not mask_op.all_masks) else None
    for op in filter(None, (layer.op(), made)):
        yield from (function for function in _functions(op.function) if function is not identity)
        for value in op.settings.values():
            yield from _functions(value)
    if _activates(layer):
        yield ACTIVATIONS[layer.activation_name or "linear"]


def _functions(value: Any) -> Iterator[Function]:
    """The functions in a setting: by itself, in a row, or with arguments bound."""
    if isinstance(value, partial):
        yield from _functions(value.func)  # pyright: ignore[reportUnknownMemberType]
        for inner in (*value.args, *value.keywords.values()):
            yield from _functions(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _functions(inner)
    elif callable(value):
        yield value


def _activates(layer: Layer) -> bool:
    return layer.activation_name not in (None, "linear")


@dataclass
class Network:
    """Writes a graph as a function of its weights and inputs."""

    found: Calls
    library: Library
    names: Names
    dtypes: dict[tuple[str, int], Any] = field(default_factory=dict[tuple[str, int], Any])
    masks: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    """The variable that holds the mask of each node's first output."""
    made: dict[str, str] = field(default_factory=dict[str, str])
    """The masks that nodes make: by node, the variable."""

    def write(self, name: str) -> str:
        """The function; its first parameter `w` has the weights of each layer by name."""
        plan = script(self.found, self.names)
        for step in plan.inputs:
            self._enter(step)
        used = self._used(plan.steps)
        parameters = ", ".join(["w", *(step.target for step in plan.inputs)])
        lines = [line for step in plan.steps for line in self._lines(step, used)]
        returned = f"    return {', '.join(plan.outputs)}"
        if len(returned) > WIDTH:
            returned = "    return " + Group("(", plan.outputs, ")").spread("    ", WIDTH)
        return "\n".join([f"def {name}({parameters}):", *lines, returned])

    # What is known of values before the program runs

    def _enter(self, step: Step) -> None:
        layer = step.node.layer
        assert isinstance(layer, Input)
        self.dtypes[step.node.id, 0] = jnp.dtype(layer.dtype)
        self.masks[step.node.id] = None

    def _used(self, steps: Sequence[Step]) -> set[str]:
        """The masks that functions take, or that other such masks are made of."""
        used = {mask for step in steps for mask in self._follow(step)}
        for step in reversed(steps):
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
        mask_op, op = layer.mask_op(), layer.op()
        if mask_op is not None and (not mask_op.all_masks or any(masks)):
            self.masks[node.id] = self.made[node.id] = self.names.new("mask")
        else:
            # Masks pass through layers as what they are, so names can stand for them.
            self.masks[node.id] = layer.compute_mask(step.sources, masks)  # type: ignore[arg-type, assignment]  # pyright: ignore
        return [mask for mask in masks[: None if op.all_masks else int(op.masked)] if mask is not None]

    def _masks(self, node: Node) -> list[str | None]:
        return [
            self.masks[edge.source] if edge.output in self.found.graph[edge.source].layer.masked_outputs else None
            for edge in self.found.sources(node.id)
        ]

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
        made, mask_op = self.made.get(step.node.id), layer.mask_op()
        if made in used and mask_op is not None:
            taken = sources if mask_op.all_masks else sources[:1]
            yield self._statement(f"{made} = ", self._call(mask_op, taken, self._mask_arguments(mask_op, step)))
        op = layer.op()
        activation = f"{self.library.name(ACTIVATIONS[layer.activation_name or ''])}(" if _activates(layer) else ""
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

    def _sources(self, step: Step) -> list[str]:
        """The variables that a step takes; whole numbers are made what the layer computes with."""
        edges = self.found.sources(step.node.id)
        return [
            f"{variable}.astype(jnp.float32)"
            if step.node.layer.casts and not jnp.issubdtype(self.dtypes[edge.source, edge.output], jnp.floating)
            else variable
            for edge, variable in zip(edges, step.sources, strict=True)
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
        if isinstance(value, tuple | list) and any(True for _ in _functions(value)):
            items = [self._value(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
            return listing(items)
        return self.library.name(value) if callable(value) else literal(value)

    def _weights(self, op: Op, node: Node) -> list[str]:
        """Weights as arguments: all at once where the function has parameters of their names, else one by one."""
        owner = self.found.graph.owner(node.id)
        own = {weight.name for weight in self.found.inference[owner.id].weights}
        table = f"w[{quoted(owner.name)}]"
        keywords = [f"{key}={table}[{quoted(name)}]" for key, name in op.keywords.items() if name in own]
        present = [name for name in op.weights if name in own]
        if not present:
            return keywords
        if set(present) == own and own <= inspect.signature(op.function).parameters.keys():
            return [f"**{table}"]
        last = max(op.weights.index(name) for name in present)
        return [f"{table}[{quoted(name)}]" if name in own else "None" for name in op.weights[: last + 1]]

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


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default
