"""Source text of functions together with all that they need from their modules, for programs that stand alone."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType


@dataclass(frozen=True)
class Definition:
    """A top-level definition of a module: its text, and the names it uses."""

    text: str
    uses: frozenset[str]


@dataclass(frozen=True)
class Source:
    """The definitions of a module in order, and the line that imports each name it has from elsewhere."""

    definitions: dict[str, Definition]
    imports: dict[str, str]


@cache
def source_of(module: str) -> Source:
    """The source of an imported module, taken apart."""
    text = inspect.getsource(sys.modules[module])
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    for statement in ast.parse(text).body:
        for name in _defined(statement):
            definitions[name] = Definition(_text(text, statement), _used(statement))
        if isinstance(statement, ast.Import):
            imports |= {alias.asname or alias.name: _import(alias) for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.module != "__future__":
            start = f"from {statement.module} "
            imports |= {alias.asname or alias.name: start + _import(alias) for alias in statement.names}
    return Source(definitions, imports)


def collect(wanted: Iterable[tuple[str, str]]) -> tuple[set[str], list[str]]:
    """Import lines and definitions for names of modules, with all they use, in the order of their modules."""
    modules: dict[str, set[str]] = {}
    imports: set[str] = set()
    waiting = list(wanted)
    while waiting:
        module, name = waiting.pop(0)
        source, found = source_of(module), modules.setdefault(module, set())
        if name in source.definitions and name not in found:
            found.add(name)
            waiting += [(module, used) for used in sorted(source.definitions[name].uses)]
        elif name in source.imports:
            imports.add(source.imports[name])
    texts = [
        definition.text
        for module, found in modules.items()
        for name, definition in source_of(module).definitions.items()
        if name in found
    ]
    return imports, texts


def module_of(function: object) -> ModuleType:
    """The module that defines a function."""
    module = inspect.getmodule(function)
    assert module is not None
    return module


def sorted_imports(lines: Iterable[str]) -> str:
    """Import lines in the order of isort: the standard library, a blank line, the rest."""
    parts: list[str] = []
    for standard in (True, False):
        part = [
            line for line in set(lines) if (line.split()[1].split(".")[0] in sys.stdlib_module_names) == standard
        ]
        if part:
            parts.append("\n".join(sorted(part, key=lambda line: (line.startswith("from"), line))))
    return "\n\n".join(parts)


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _text(source: str, statement: ast.stmt) -> str:
    decorators = getattr(statement, "decorator_list", None) or [statement]
    lines = source.splitlines()[decorators[0].lineno - 1 : statement.end_lineno]
    return "\n".join(lines)


def _used(node: ast.AST) -> frozenset[str]:
    return frozenset(inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _import(alias: ast.alias) -> str:
    return f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
