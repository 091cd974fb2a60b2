"""A small language of formulas, such as "relu(x + 3) / 6": read, checked, computed and written, never executed.

Its functions are those of `keras.ops` by their names. x, y and z stand for the inputs, with the batch as axis 0;
the fourth is a, and so on to w.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from engine.slicing import read_key, show_key, take

VARIABLES = ("x", "y", "z", *"abcdefghijklmnopqrstuvw")

_LENGTH, _DEPTH, _LARGEST = 500, 30, 1e30

_NEEDED: Any = object()
"""The default of a setting that must be given."""


@dataclass(frozen=True)
class Function:
    """A function of the language: how JAX and Keras call it, what it is given, and its sign if it has one."""

    name: str
    jax: str
    operation: str
    """The class of the operation in Keras."""
    inputs: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sign: str = ""
    strength: int = 9
    """How strongly the sign binds."""
    listed: bool = False
    """Whether it takes any number of inputs, in one list."""

    @property
    def brackets(self) -> bool:
        """Whether this is `x[key]`."""
        return self.sign == "[]"

    @property
    def keras_module(self) -> str:
        return "keras.src.ops.nn" if self.jax.startswith("jax.nn.") else "keras.src.ops.numpy"

    def resolve(self) -> Callable[..., Any]:
        """The function of JAX."""
        import jax
        import jax.numpy as jnp

        module, name = self.jax.rsplit(".", 1)
        return getattr({"jnp": jnp, "jax.nn": jax.nn}[module], name)


def _table() -> Iterator[Function]:
    for name in (
        "exp", "expm1", "log", "log1p", "sqrt", "square", "sign", "floor", "ceil", "sin", "cos", "tan", "tanh",
        "sinh", "cosh", "arctan", "reciprocal",
    ):  # fmt: skip
        yield Function(name, f"jnp.{name}", _camel(name))
    yield Function("abs", "jnp.abs", "Absolute")
    for name in ("maximum", "minimum"):
        yield Function(name, f"jnp.{name}", _camel(name), 2)
    yield Function("where", "jnp.where", "Where", 3)
    yield Function("concatenate", "jnp.concatenate", "Concatenate", settings={"axis": _NEEDED}, listed=True)
    for name in ("mean", "sum", "max", "min", "prod", "std", "var"):
        yield Function(name, f"jnp.{name}", _camel(name), settings={"axis": None, "keepdims": False})
    yield Function("clip", "jnp.clip", "Clip", settings={"x_min": _NEEDED, "x_max": _NEEDED})
    yield Function("reshape", "jnp.reshape", "Reshape", settings={"newshape": _NEEDED})
    yield Function("transpose", "jnp.transpose", "Transpose", settings={"axes": _NEEDED})
    yield Function("squeeze", "jnp.squeeze", "Squeeze", settings={"axis": _NEEDED})
    yield Function("expand_dims", "jnp.expand_dims", "ExpandDims", settings={"axis": _NEEDED})
    for name in (
        "relu",
        "relu6",
        "sigmoid",
        "silu",
        "softplus",
        "selu",
        "hard_sigmoid",
        "hard_silu",
        "log_sigmoid",
    ):
        yield Function(name, f"jax.nn.{name}", _camel(name))
    yield Function("softsign", "jax.nn.soft_sign", "Softsign")
    for name in ("elu", "celu"):
        yield Function(name, f"jax.nn.{name}", _camel(name), settings={"alpha": 1.0})
    for name in ("softmax", "log_softmax"):
        yield Function(name, f"jax.nn.{name}", _camel(name), settings={"axis": -1})
    yield Function("gelu", "jax.nn.gelu", "Gelu", settings={"approximate": True})
    yield Function("leaky_relu", "jax.nn.leaky_relu", "LeakyRelu", settings={"negative_slope": _NEEDED})
    yield Function("get_item", "operator.getitem", "GetItem", settings={"key": _NEEDED}, sign="[]")
    yield Function("negative", "jnp.negative", "Negative", sign="-", strength=4)
    for sign, name, strength in _SIGNS:
        yield Function(name, f"jnp.{name}", _camel(name), 2, sign=sign, strength=strength)


_SIGNS = (
    ("+", "add", 2), ("-", "subtract", 2), ("*", "multiply", 3), ("/", "true_divide", 3), ("%", "mod", 3),
    ("//", "floor_divide", 3), ("@", "matmul", 3), ("**", "power", 5), (">", "greater", 1), ("<", "less", 1),
    (">=", "greater_equal", 1), ("<=", "less_equal", 1), ("==", "equal", 1), ("!=", "not_equal", 1),
)  # fmt: skip

_NAMES_IN_JAX = {"x_min": "min", "x_max": "max", "newshape": "shape"}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


FUNCTIONS: dict[str, Function] = {function.name: function for function in _table()}
"""All functions by name; signs are functions, too."""


@dataclass(frozen=True)
class Variable:
    """An input, by its number."""

    number: int


@dataclass(frozen=True)
class Call:
    """A function of the language, applied. `settings` are those that differ from their defaults."""

    name: str
    inputs: tuple[Formula, ...]
    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def function(self) -> Function:
        return FUNCTIONS[self.name]

    @property
    def variables(self) -> int:
        """How many inputs the formula has."""
        return 1 + max(part.number for part in _parts(self) if isinstance(part, Variable))

    @property
    def single(self) -> bool:
        """Whether this is one operation, not several."""
        return not any(isinstance(part, Call) for part in self.inputs)


Formula = Call | Variable | float


def calls(formula: Formula) -> int:
    """How many functions a formula applies."""
    return sum(isinstance(part, Call) for part in _parts(formula))


def _parts(formula: Formula) -> Iterator[Formula]:
    yield formula
    if isinstance(formula, Call):
        for part in formula.inputs:
            yield from _parts(part)


# Reading


@cache
def parse(text: str) -> Call:
    """The formula that a text stands for; raises `ValueError` with a sentence."""
    if len(text) > _LENGTH:
        raise ValueError(f"is longer than {_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError("is not a formula such as relu(x + 3) / 6") from None
    formula = _read(tree, 0)
    if not isinstance(formula, Call):
        raise ValueError("must compute something of x")
    used = {part.number for part in _parts(formula) if isinstance(part, Variable)}
    if used != set(range(len(used))) or not used:
        raise ValueError("must use the inputs in their order: x, then y, then z")
    return formula


def _read(node: ast.expr, depth: int) -> Formula:
    if depth > _DEPTH:
        raise ValueError(f"is nested more than {_DEPTH} deep")
    if isinstance(node, ast.Constant):
        return _number(node.value)
    if isinstance(node, ast.Name):
        if node.id not in VARIABLES:
            raise ValueError(f"has the name {node.id[:40]!r}; the inputs are x, y, z, a, b and so on")
        return Variable(VARIABLES.index(node.id))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _read(node.operand, depth + 1)
        if isinstance(node.op, ast.UAdd):
            return inner
        return Call("negative", (inner,)) if isinstance(inner, Call | Variable) else -inner
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _applied(_OPERATORS[type(node.op)], _read(node.left, depth + 1), _read(node.right, depth + 1))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPERATORS:
        (right,) = node.comparators
        return _applied(_OPERATORS[type(node.ops[0])], _read(node.left, depth + 1), _read(right, depth + 1))
    if isinstance(node, ast.Subscript):
        return applied("get_item", [_read(node.value, depth + 1)], {"key": read_key(node.slice)})
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _read_call(node, node.func.id, depth)
    raise ValueError("may hold numbers, x, y, z, signs and functions only")


_OPERATORS: dict[type[Any], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "true_divide",
    ast.FloorDiv: "floor_divide", ast.Mod: "mod", ast.MatMult: "matmul", ast.Pow: "power", ast.Gt: "greater",
    ast.Lt: "less", ast.GtE: "greater_equal", ast.LtE: "less_equal", ast.Eq: "equal", ast.NotEq: "not_equal",
}  # fmt: skip


def _read_call(node: ast.Call, name: str, depth: int) -> Formula:
    function = FUNCTIONS.get(name)
    if function is None or function.brackets:
        raise ValueError(f"has the function {name[:40]!r}; there are {', '.join(FUNCTIONS)}")
    given = node.args[: function.inputs]
    if function.listed:
        if not given or not isinstance(given[0], ast.List | ast.Tuple):
            raise ValueError(f"must give {name} its inputs in brackets, such as [x, y]")
        given = given[0].elts
    inputs = [_read(argument, depth + 1) for argument in given]
    settings = dict(zip(function.settings, map(_setting, node.args[function.inputs :]), strict=False))
    for word in node.keywords:
        if word.arg is None or word.arg in settings:
            raise ValueError(f"gives {name} a setting twice")
        settings[word.arg] = _setting(word.value)
    if len(node.args) > function.inputs + len(function.settings):
        raise ValueError(f"gives {name} more than it takes")
    return applied(name, inputs, settings)


def applied(name: str, inputs: Sequence[Formula], settings: Mapping[str, Any]) -> Formula:
    """A function applied; raises `ValueError` where it is not given what it takes."""
    function = FUNCTIONS[name]
    if not function.listed and len(inputs) != function.inputs:
        raise ValueError(f"must give {name} {function.inputs} inputs, not {len(inputs)}")
    unknown = [key for key in settings if key not in function.settings]
    missing = [key for key, value in function.settings.items() if value is _NEEDED and key not in settings]
    if unknown or missing:
        raise ValueError(f"gives {name} {unknown[0]}" if unknown else f"must give {name} its {missing[0]}")
    changed = ((key, value) for key, value in settings.items() if not _same(value, function.settings[key]))
    return _applied(name, *inputs, settings=tuple(sorted(changed)))


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def _applied(name: str, *inputs: Formula, settings: tuple[tuple[str, Any], ...] = ()) -> Formula:
    """A call, or the number that it gives where it is one of numbers."""
    if any(isinstance(part, Call | Variable) for part in inputs):
        return Call(name, inputs, settings)
    compute = _OF_NUMBERS.get(name)
    if compute is None:
        raise ValueError(f"applies {name} to numbers only")
    try:
        return _number(compute(*inputs))
    except (ArithmeticError, ValueError):
        raise ValueError(f"has a number that cannot be computed or is larger than {_LARGEST:g}") from None


_OF_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "true_divide": operator.truediv,
    "power": lambda base, exponent: float(base) ** float(exponent),
}


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or abs(value) > _LARGEST:
        raise ValueError(f"may hold finite numbers up to {_LARGEST:g}, not {str(value)[:40]}")
    return value


def _setting(node: ast.expr) -> Any:
    """A setting: a number, True, False, None, or whole numbers in brackets."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError("has a setting that is not a number, True, False or a row of whole numbers") from None
    return checked_setting(value)


def checked_setting(value: Any) -> Any:
    """A setting as the language has it; raises `ValueError` for what it cannot be."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        items: tuple[Any, ...] = tuple(value)  # pyright: ignore[reportUnknownArgumentType]
        if len(items) > 16 or not all(type(item) is int and abs(item) < 2**31 for item in items):
            raise ValueError("has a row that does not consist of whole numbers")
        return items
    return _number(value)


# Computing


def compute(formula: Formula, inputs: Sequence[Any]) -> Any:
    """The value of a formula for arrays."""
    if isinstance(formula, Variable):
        return inputs[formula.number]
    if not isinstance(formula, Call):
        return formula
    parts = [compute(part, inputs) for part in formula.inputs]
    if formula.function.brackets:
        return take(parts[0], dict(formula.settings)["key"])
    settings = {_NAMES_IN_JAX.get(key, key): value for key, value in formula.settings}
    return formula.function.resolve()(*([parts] if formula.function.listed else parts), **settings)


# Writing


def show(formula: Formula) -> str:
    """The formula as the language has it."""
    return _write(formula, VARIABLES, lambda function: function.name, {})[0]


def keras_text(formula: Formula, variables: Sequence[str]) -> str:
    """The formula as Python that computes it with Keras."""
    return _write(formula, variables, lambda function: f"keras.ops.{function.name}", {})[0]


def jax_text(formula: Formula, variables: Sequence[str]) -> str:
    """The formula as Python that computes it with JAX; truth is written as the numbers 1 and 0."""
    text, strength = _write(formula, variables, lambda function: function.jax, _NAMES_IN_JAX)
    return f"({text}).astype(jnp.float32)" if strength == 1 else text


def _write(
    formula: Formula, variables: Sequence[str], name: Callable[[Function], str], names: Mapping[str, str]
) -> tuple[str, int]:
    """The text of a formula and how strongly its outermost sign binds."""
    if isinstance(formula, Variable):
        return variables[formula.number], 9
    if not isinstance(formula, Call):
        return repr(formula), 9 if formula >= 0 else 4
    function = formula.function
    parts = [_write(part, variables, name, names) for part in formula.inputs]
    sign, own = function.sign, function.strength
    if not sign:
        settings = [f"{names.get(key, key)}={value!r}" for key, value in formula.settings]
        texts = [text for text, _ in parts]
        texts = [f"[{', '.join(texts)}]"] if function.listed else texts
        return f"{name(function)}({', '.join([*texts, *settings])})", 9
    if function.brackets:
        return f"{_held(*parts[0], own)}[{show_key(dict(formula.settings)['key'])}]", own
    if len(parts) == 1:
        return f"{sign}{_held(*parts[0], own)}", own
    left, right = (own + 1, own) if sign == "**" else (own + (own == 1), own + 1)
    return f"{_held(*parts[0], left)} {sign} {_held(*parts[1], right)}", own


def _held(text: str, strength: int, needed: int) -> str:
    return text if strength >= needed else f"({text})"
