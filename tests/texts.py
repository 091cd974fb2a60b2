"""The texts that a person at the window may read, found in the source: for translations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import engine.layers  # noqa: F401  # fills LAYERS
from engine.fields import describe
from engine.registry import LAYERS
from graph_editor.captions import first_sentence

ROOT = Path(__file__).parents[1]
TOLD = (
    "Problem", "Fix", "set_field", "error", "unsupported", "ShapeError", "StyleError", "GraphError", "DataError",
    "TrainingError", "FileError", "FileFormatError", "CycleError", "PortError", "PortOccupiedError",
    "DuplicateEdgeError", "NameTakenError", "ValueError",
)  # fmt: skip
"""What takes a sentence of the engine as one of its arguments."""


def window_texts() -> set[str]:
    """All that goes through tr()."""
    return {text for folder in ("app", "graph_editor") for tree in trees(folder) for text in _translated(tree)}


def engine_texts() -> set[str]:
    """Sentences of layers and settings, and what the engine says of graphs, with places for names: {0}, {1}."""
    found = {first_sentence(layer) for layer in LAYERS.values()} | {layer.category for layer in LAYERS.values()}
    found |= {spec.description for layer in LAYERS.values() for spec in describe(layer) if spec.description}
    for path in ("problems", "output_problems", "fixes", "shapes", "graph", "splitting", "grouping"):
        found |= set(_told(ast.parse((ROOT / "engine" / f"{path}.py").read_text(encoding="utf-8"))))
    for tree in trees("engine/layers"):
        found |= set(_told(tree))
    return {text for text in found if text.strip("{}0123456789 .,:")}


def trees(folder: str) -> Iterator[ast.Module]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def _translated(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "tr" and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant):
                yield str(text.value)


def _told(tree: ast.AST) -> Iterator[str]:
    """Texts given to what tells them, directly or by a name that is assigned before."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in TOLD:
            for argument in (*node.args, *(word.value for word in node.keywords)):
                values = assigned.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]
                yield from (text for value in values for text in _texts(value))


def _texts(value: ast.expr) -> Iterator[str]:
    """A text as a pattern: what is filled in becomes {0}, {1}, ... in its order."""
    if isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value:
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        places, out = dict[str, int](), ""
        for part in value.values:
            if isinstance(part, ast.FormattedValue):
                out += f"{{{places.setdefault(ast.unparse(part), len(places))}}}"
            elif isinstance(part, ast.Constant):
                out += str(part.value)
        yield out


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
