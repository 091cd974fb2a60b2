"""What stands in brackets behind a tensor, such as `x[:, 0]`: read, checked, written and applied."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Slice:
    """A part of an axis."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None


Key = tuple[int | Slice | None, ...]
"""For each of the first axes a place or a part; None for a new one of size 1.

There is no `...`: Keras writes it into files, which it cannot read then.
"""

_NOT_A_KEY = "takes something other than whole numbers and slices such as 1:3 out of a tensor"


def read_key(node: ast.expr) -> Key:
    """What a text has in brackets; raises `ValueError` with a sentence."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return _checked(
        Slice(_constant(part.lower), _constant(part.upper), _constant(part.step))
        if isinstance(part, ast.Slice)
        else _constant(part)
        for part in parts
    )


def _constant(node: ast.expr | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError(_NOT_A_KEY) from None


def key_from_keras(value: Any, rank: int) -> Key:
    """What a Keras file says is taken of a tensor with so many axes; raises `ValueError` with a sentence."""
    parts: list[Any] = []
    given: list[Any] = value if isinstance(value, list) else [value]
    for number, part in enumerate(given):
        if isinstance(part, dict) and part.get("class_name") == "__ellipsis__":  # pyright: ignore
            others = [other for other in given[:number] + given[number + 1 :] if other is not None]
            parts += [Slice()] * (rank - len(others))
        else:
            parts.append(_part_from_keras(part))
    return _checked(parts)


def _part_from_keras(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    fields: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    config = fields.get("config")
    if fields.get("class_name") != "__slice__" or not isinstance(config, Mapping):
        raise ValueError(_NOT_A_KEY)
    return Slice(*(config.get(name) for name in ("start", "stop", "step")))  # pyright: ignore


def _checked(parts: Any) -> Key:
    key = tuple(parts)
    for part in key:
        numbers = (part.start, part.stop, part.step) if isinstance(part, Slice) else (part,)
        if any(not (n is None or (type(n) is int and abs(n) < 2**31)) for n in numbers):
            raise ValueError(_NOT_A_KEY)
        if isinstance(part, Slice) and part.step == 0:
            raise ValueError(_NOT_A_KEY)
    if not key or len(key) > 16:
        raise ValueError(_NOT_A_KEY)
    return key


def show_key(key: Key) -> str:
    """The key as Python has it in brackets, which is how the language has it."""
    return ", ".join(_show(part) for part in key)


def _show(part: Any) -> str:
    if not isinstance(part, Slice):
        return str(part)
    start, stop, step = ("" if number is None else str(number) for number in (part.start, part.stop, part.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


def keras_key(key: Key) -> list[Any]:
    """The key as a Keras file has it."""
    return [
        {"class_name": "__slice__", "config": asdict(part)} if isinstance(part, Slice) else part for part in key
    ]


def take(x: Any, key: Key) -> Any:
    """`x[key]` of an array."""
    return x[tuple(slice(p.start, p.stop, p.step) if isinstance(p, Slice) else p for p in key)]
