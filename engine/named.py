"""Functions chosen by name, with arguments: `glorot_uniform`, `random_normal(stddev=0.02)`, `l2(0.001)`.

Initializers, regularizers and constraints are settings of this kind: a text, written as Python would call the
function. Nothing is evaluated: only a known name and plain numbers, texts and lists are read.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from textwrap import shorten
from typing import Any

Functions = Mapping[str, Callable[..., Any]]


def settings_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments that a function may be given by name, with their defaults."""
    return dict(_settings_of(function))


@cache
def _settings_of(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


def parse(text: str, functions: Functions) -> tuple[str, dict[str, Any]]:
    """Name and arguments that a text stands for, defaults included; raises `ValueError` with a sentence."""
    name, positional, named = read_call(text)
    if name not in functions:
        raise ValueError(f"must be one of {', '.join(functions)}, not {shorten(repr(text), 60)}")
    settings = settings_of(functions[name])
    if len(positional) > len(settings):
        raise ValueError(f"{name} takes {_arguments(settings)}, not {len(positional)} values")
    given = {**dict(zip(settings, positional, strict=False)), **named}
    for key, value in given.items():
        if key not in settings:
            raise ValueError(f"{name} takes {_arguments(settings)}, not {key}")
        if not _same_kind(value, settings[key]):
            raise ValueError(f"{key} of {name} must be like {settings[key]!r}, not {shorten(repr(value), 60)}")
    return name, {**settings, **given}


def show(name: str, settings: Mapping[str, Any], functions: Functions) -> str:
    """The text for a function with arguments, of which only those that differ from the defaults are written."""
    defaults = settings_of(functions[name])
    written = [f"{key}={value!r}" for key, value in settings.items() if value != defaults[key]]
    return f"{name}({', '.join(written)})" if written else name


def function_of(text: str, functions: Functions) -> Callable[..., Any]:
    """The function that a text stands for, its arguments bound; raises `ValueError`."""
    name, settings = parse(text, functions)
    defaults = settings_of(functions[name])
    changed = {key: value for key, value in settings.items() if value != defaults[key]}
    return partial(functions[name], **changed) if changed else functions[name]


def read_call(text: str, example: str = "l2(0.01)") -> tuple[str, list[Any], dict[str, Any]]:
    """The name in a text, its arguments in order and those by name; raises `ValueError` with a sentence."""
    if text.isidentifier():
        return text, [], {}
    try:
        call = ast.parse(text[:500], mode="eval").body
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            named = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg is not None}
            if len(named) == len(call.keywords):
                return call.func.id, [ast.literal_eval(value) for value in call.args], named
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass
    raise ValueError(f"must be a name, or a name with arguments such as {example}, not {shorten(repr(text), 60)}")


def _arguments(settings: Mapping[str, Any]) -> str:
    return ", ".join(settings) or "no arguments"


def _same_kind(value: Any, default: Any) -> bool:
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30
    if isinstance(default, bool) or not isinstance(default, int):
        return isinstance(value, type(default))
    if isinstance(value, list | tuple):  # axes
        return all(isinstance(item, int) for item in value)  # pyright: ignore[reportUnknownVariableType]
    return isinstance(value, int) and not isinstance(value, bool)
