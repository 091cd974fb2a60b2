"""Calls of Keras layers as Python: what they take, and what they fill."""

from __future__ import annotations

from typing import Any

from engine.formats.python_text import Group, call, keyword, listing, literal
from engine.formats.steps import Step


def applied(function: str, step: Step, *words: str) -> Group:
    """The call of a layer on the variables of a step."""
    if step.node.layer.formula is not None:
        first, *others = step.sources
        return call(function, [listing(step.sources) if others else first])
    args, kwargs = step.node.layer.keras_call(step.sources)
    names = step.node.layer.input_names
    settings = [keyword(key, _argument(value) if key in names else _word(value)) for key, value in kwargs.items()]
    return call(function, [*map(_argument, args), *settings, *words])


def targets(step: Step) -> str:
    """The variables that a step fills, nested as Keras nests what its layer gives."""
    return _unpacked(step.node.layer.keras_outputs(step.targets))


def _unpacked(values: list[Any]) -> str:
    """Variables to the left of an assignment."""
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return ", ".join(value if isinstance(value, str) else _inner(value) for value in values)


def _inner(values: list[Any]) -> str:
    return f"({_unpacked(values)}{',' if len(values) == 1 else ''})"


def _argument(value: Any) -> str | Group:
    """Variables, alone or in lists."""
    return listing(map(_argument, value)) if isinstance(value, list) else str(value)


def _word(value: Any) -> str:
    return listing(map(str, value)).flat() if isinstance(value, list) else literal(value)
