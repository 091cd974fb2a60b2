"""Formulas as the operations that Keras models hold for `x + 3.0` or `keras.ops.relu(x)`, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from engine.expression import FUNCTIONS, VARIABLES, Call, Formula, Variable, applied, checked_setting, show
from engine.formats.reading import Place, shown
from engine.layer import Layer
from engine.layers.core import Identity
from engine.layers.expression import Lambda
from engine.slicing import key_from_keras

_MODULES = ("keras.src.ops.", "keras.ops.")

_TENSORS = ("x", "x1", "x2", "xs")
"""What Keras's operations call the tensors that they take."""

_BY_CLASS = {function.operation: function.name for function in FUNCTIONS.values()} | {
    "Divide": "true_divide",
    "Abs": "abs",
}
"""The names of functions by Keras's classes of operations."""


# Writing


def operation_entry(formula: Call, name: str) -> dict[str, Any]:
    """One operation as Keras writes it."""
    function = formula.function
    settings = {} if function.brackets else {**function.settings, **dict(formula.settings)}
    written = {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()}
    return {
        "module": function.keras_module,
        "class_name": function.operation,
        "config": {"name": name, **written},
        "registered_name": function.operation,
    }


# Reading


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a model is an operation, which has the class name of a layer at times.

    In `.h5` files Keras leaves the module out: there an operation is what has no settings that all layers have,
    and is called on tensors, not on lists of them unless it joins a list.
    """
    module = entry.get("module")
    if module is not None:
        return isinstance(module, str) and module.startswith(_MODULES)
    config, calls = entry.get("config"), entry.get("inbound_nodes")
    if (
        entry.get("class_name") not in (*_BY_CLASS, "Cast")
        or not isinstance(config, dict)
        or "trainable" in config
    ):
        return False
    listed = entry.get("class_name") == FUNCTIONS["concatenate"].operation
    return isinstance(calls, list) and bool(calls) and all(_takes_tensors(call, listed) for call in calls)  # pyright: ignore


def _takes_tensors(call: Any, listed: bool) -> bool:
    args = call.get("args") if isinstance(call, dict) else None  # pyright: ignore
    return isinstance(args, list) and bool(args) and isinstance(args[0], list) == listed  # pyright: ignore


def operation_layer(
    entry: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any], place: Place
) -> tuple[Layer, list[Any]]:
    """What an operation is here, and the tensors that it takes; raises `UnsupportedError`."""
    name = str(entry.get("class_name"))
    config = {key: value for key, value in place.mapping(entry.get("config")).items() if key != "name"}
    values: list[Any] = [*args, *(kwargs[key] for key in _TENSORS if key in kwargs)]
    words = {key: value for key, value in kwargs.items() if key not in _TENSORS}
    if name == "Cast" and config.get("dtype") == "float32" and len(values) == 1:
        return Identity(), values
    if name not in _BY_CLASS:
        raise place.unsupported(f"is the operation {shown(name)}, which this version does not have.")
    tensors: list[Any] = []
    formula = _formula(_BY_CLASS[name], values, {**config, **words}, tensors, place)
    return Lambda(expression=show(formula)), tensors


def _formula(
    name: str, values: Sequence[Any], config: Mapping[str, Any], tensors: list[Any], place: Place
) -> Call:
    function = FUNCTIONS[name]
    named = dict(zip(function.settings, values[function.inputs :], strict=False))
    settings = {key: value for key, value in {**named, **config}.items() if key in function.settings}
    other = {key: value for key, value in config.items() if key not in settings and value not in (None, False)}
    try:
        if other:
            raise ValueError(f"is given {', '.join(other)}")
        given = values[: function.inputs]
        if function.listed:
            given = place.listing(given[0] if given else None)
        inputs = [_input(value, tensors) for value in given]
        check = partial(key_from_keras, rank=_rank(tensors)) if function.brackets else checked_setting
        formula = applied(name, inputs, {key: check(value) for key, value in settings.items()})
    except ValueError as error:
        raise place.unsupported(f"is an operation that this version does not have: it {error}.") from None
    if not isinstance(formula, Call) or len(tensors) > len(VARIABLES):
        raise place.unsupported("is an operation that this version does not have.")
    return formula


def _input(value: Any, tensors: list[Any]) -> Formula:
    if _is_tensor(value):
        if value not in tensors:
            tensors.append(value)
        return Variable(tensors.index(value))
    number = checked_setting(value)
    if number is None or isinstance(number, bool | tuple):
        raise ValueError(f"is given {shown(value)}")
    return number


def _rank(tensors: Sequence[Any]) -> int:
    """How many axes the first tensor has, the batch among them."""
    config: Any = tensors[0].get("config") if tensors else None
    shape = config.get("shape") if isinstance(config, dict) else None  # pyright: ignore
    return len(shape) if isinstance(shape, list) else 0  # pyright: ignore


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"  # pyright: ignore
