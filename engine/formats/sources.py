"""Source text of functions together with all that they need from their modules, for programs that stand alone."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

_COPIED = "engine."
"""Names imported from modules below this are copied like those of the module itself."""

Place = tuple[str, str]
"""A module, and a name at its top level."""


@dataclass(frozen=True)
class Definition:
    """A top-level definition of a module: its text, and the names it uses."""

    text: str
    uses: frozenset[str]


@dataclass(frozen=True)
class Source:
    """The definitions of a module in order, and where each name comes from that it has from elsewhere.

    `imports` has the line that imports a name, `copied` the place of one that is copied with its definition.
    """

    definitions: dict[str, Definition]
    imports: dict[str, str] = field(default_factory=dict[str, str])
    copied: dict[str, Place] = field(default_factory=dict[str, Place])


@dataclass(frozen=True)
class Library:
    """What a program needs of other modules: lines that import, definitions in their order, and their names."""

    imports: frozenset[str]
    definitions: tuple[str, ...]
    names: Mapping[Place, str]

    def name(self, function: Callable[..., Any]) -> str:
        """The name that a function has in the program."""
        return self.names[place_of(function)]


@cache
def source_of(module: str) -> Source:
    """The source of an imported module, taken apart."""
    text = inspect.getsource(sys.modules[module])
    source = Source({})
    for statement in ast.parse(text).body:
        for name in _defined(statement):
            source.definitions[name] = Definition(_text(text, statement), _used(statement))
        if isinstance(statement, ast.Import):
            source.imports.update({alias.asname or alias.name: _import(alias) for alias in statement.names})
        elif isinstance(statement, ast.ImportFrom) and statement.module != "__future__":
            _take_imports(source, statement)
    return source


def _take_imports(source: Source, statement: ast.ImportFrom) -> None:
    module = statement.module or ""
    for alias in statement.names:
        name = alias.asname or alias.name
        if not module.startswith(_COPIED):
            source.imports[name] = f"from {module} {_import(alias)}"
        elif alias.asname is None:
            source.copied[name] = (module, name)
        else:
            raise ValueError(f"{alias.name} of {module} cannot be copied under another name, {name}")


def collect(wanted: Iterable[Place]) -> Library:
    """Names of modules, with all they use. What a module takes from another comes before it."""
    found: dict[str, set[str]] = {}
    imports: set[str] = set()
    waiting = list(wanted)
    while waiting:
        module, name = waiting.pop(0)
        source, known = source_of(module), found.setdefault(module, set())
        if name in source.definitions and name not in known:
            known.add(name)
            waiting += [(module, used) for used in sorted(source.definitions[name].uses)]
        elif name in source.imports:
            imports.add(source.imports[name])
        elif name in source.copied:
            waiting.append(source.copied[name])
    return _library(found, imports)


def _library(found: Mapping[str, set[str]], imports: Iterable[str]) -> Library:
    order = list(_order(found))
    places = [
        (module, name) for module in order for name in source_of(module).definitions if name in found[module]
    ]
    names = _names(places)
    texts = {names[place]: _renamed(place, names) for place in places}
    return Library(frozenset(imports), tuple(texts.values()), names)


def _order(found: Mapping[str, set[str]]) -> Iterator[str]:
    """The modules, each after those that it takes something from."""
    done: set[str] = set()

    def visit(module: str) -> Iterator[str]:
        if module not in done:
            done.add(module)
            for other, name in source_of(module).copied.values():
                if name in found.get(other, ()):
                    yield from visit(other)
            yield module

    for module in found:
        yield from visit(module)


def _names(places: Iterable[Place]) -> dict[Place, str]:
    """A name for each definition: its own, unless a different one of another module has it."""
    names: dict[Place, str] = {}
    first: dict[str, Place] = {}
    for place in places:
        module, name = place
        other = first.setdefault(name, place)
        same = other == place or _plain_text(other) == _plain_text(place) != ""
        names[place] = name if same else f"{name.rstrip('_')}_of_{module.rsplit('.', 1)[-1]}"
    return names


def _plain_text(place: Place) -> str:
    """The text of a definition that needs no other one, such as an alias of a type."""
    module, name = place
    source = source_of(module)
    definition = source.definitions[name]
    return "" if definition.uses & (source.definitions.keys() | source.copied.keys()) - {name} else definition.text


def _renamed(place: Place, names: Mapping[Place, str]) -> str:
    """The text of a definition, with the names that things have in the program."""
    module, name = place
    source = source_of(module)
    definition = source.definitions[name]
    changed = {
        used: new
        for used in {*definition.uses, name}
        if (new := names.get(source.copied.get(used, (module, used)), used)) != used
    }
    return _replaced(definition.text, changed) if changed else definition.text


def _replaced(text: str, names: Mapping[str, str]) -> str:
    tree = ast.parse(text)
    local = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    lines = [line.encode() for line in text.splitlines()]
    spots: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names and node.id not in local:
            spots.append((node.lineno - 1, node.col_offset, node.id))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
            line = lines[node.lineno - 1]
            spots.append((node.lineno - 1, line.index(node.name.encode(), node.col_offset + 3), node.name))
    for row, column, name in sorted(spots, reverse=True):
        lines[row] = lines[row][:column] + names[name].encode() + lines[row][column + len(name.encode()) :]
    return b"\n".join(lines).decode()


def place_of(function: Callable[..., Any]) -> Place:
    """Where a function is defined."""
    return module_of(function).__name__, function.__name__


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
            parts.append("\n".join(sorted(_joined(part), key=lambda line: (line.startswith("from"), line))))
    return "\n\n".join(parts)


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Lines that import from one module, made one."""
    names: dict[str, list[str]] = {}
    for line in sorted(lines):
        if line.startswith("from "):
            start, name = line.split(" import ")
            names.setdefault(start, []).append(name)
        else:
            yield line
    yield from (f"{start} import {', '.join(sorted(each, key=_isort_key))}" for start, each in names.items())


def _isort_key(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort has names."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


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
