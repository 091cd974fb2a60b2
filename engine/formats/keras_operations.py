"""Formulas as the operations that Keras models hold for `x + 3.0` or `keras.ops.relu(x)`, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.expression import FUNCTIONS, VARIABLES, Call, Formula, Variable, applied, checked_setting, show
from engine.formats.reading import Place, shown
from engine.layer import Layer
from engine.layers.core import Activation, Identity
from engine.layers.expression import Lambda
from engine.layers.merging import Add, Concatenate, Maximum, Minimum, Multiply, Subtract
from engine.ops.activations import ACTIVATIONS

_MODULES = ("keras.src.ops.", "keras.ops.")

_BY_CLASS = {function.operation: function.name for function in FUNCTIONS.values()} | {
    "Divide": "true_divide",
    "Abs": "abs",
}
"""The names of functions by Keras's classes of operations."""

_MERGING: dict[str, type[Layer]] = {
    "Add": Add, "Subtract": Subtract, "Multiply": Multiply, "Maximum": Maximum, "Minimum": Minimum,
}  # fmt: skip
"""Operations on two tensors that are layers here, too."""


# Writing


def operation_entry(formula: Call, name: str) -> dict[str, Any]:
    """One operation as Keras writes it."""
    function = formula.function
    settings = {**function.settings, **dict(formula.settings)}
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
    and is called on tensors, not on lists of them.
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
    return isinstance(calls, list) and bool(calls) and all(map(_takes_tensors, calls))  # pyright: ignore


def _takes_tensors(call: Any) -> bool:
    args = call.get("args") if isinstance(call, dict) else None  # pyright: ignore
    return isinstance(args, list) and bool(args) and not isinstance(args[0], list)  # pyright: ignore


def operation_layer(
    entry: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any], place: Place
) -> tuple[Layer, list[Any]]:
    """What an operation is here, and the tensors that it takes; raises `UnsupportedError`."""
    name = str(entry.get("class_name"))
    config = {key: value for key, value in place.mapping(entry.get("config")).items() if key != "name"}
    values: list[Any] = [*args, *(kwargs[key] for key in ("x", "x1", "x2") if key in kwargs)]
    words = {key: value for key, value in kwargs.items() if key not in ("x", "x1", "x2")}
    if (
        name == "Concatenate"
        and len(values) == 1
        and isinstance(values[0], list)
        and all(map(_is_tensor, values[0]))
    ):
        return place.settings(Concatenate, {"axis": config.get("axis", -1)}), values[0]
    if name == "Cast" and config.get("dtype") == "float32" and len(values) == 1:
        return Identity(), values
    if name not in _BY_CLASS:
        raise place.unsupported(f"is the operation {shown(name)}, which this version does not have.")
    tensors: list[Any] = []
    formula = _formula(_BY_CLASS[name], values, {**config, **words}, tensors, place)
    return _layer(name, formula, tensors), tensors


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
        inputs = [_input(value, tensors) for value in values[: function.inputs]]
        formula = applied(name, inputs, {key: checked_setting(value) for key, value in settings.items()})
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


def _layer(name: str, formula: Call, tensors: Sequence[Any]) -> Layer:
    ranks = {len(_shape(tensor)) for tensor in tensors}
    if name in _MERGING and len(tensors) == 2 and len(ranks) == 1:  # other ranks meet in another way in layers
        return _MERGING[name]()
    if len(tensors) == 1 and not formula.settings and formula.name in ACTIVATIONS and formula.name != "gelu":
        return Activation(activation=formula.name)
    return Lambda(expression=show(formula))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"  # pyright: ignore


def _shape(tensor: Any) -> Sequence[Any]:
    config: Any = tensor.get("config")
    shape = config.get("shape") if isinstance(config, dict) else None  # pyright: ignore
    return shape if isinstance(shape, list) else ()  # pyright: ignore
