"""The texts that a person at the window may read, found in the source: for translations.

What is filled into a text becomes {0}, {1}, ... in its order.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import engine.data  # pyright: ignore[reportUnusedImport]  # fills SOURCES
import engine.layers  # noqa: F401  # pyright: ignore[reportUnusedImport]  # fills LAYERS
from engine.callbacks import CALLBACKS, Callbacks
from engine.data.source import SOURCES
from engine.fields import Settings, describe
from engine.metrics import METRICS
from engine.optimizers import OPTIMIZERS
from engine.optimizers.schedules import SCHEDULES
from engine.project import DataSettings, TrainingSettings
from engine.registry import LAYERS
from engine.templates import TEMPLATES
from graph_editor.captions import first_sentence

ROOT = Path(__file__).parents[1]
TRANSLATED = ("tr", "_tr", "noted")
TOLD = (
    "Problem", "Fix", "set_field", "error", "unsupported", "ShapeError", "StyleError", "GraphError", "DataError",
    "TrainingError", "ConsentError", "FileError", "DownloadError", "FileFormatError", "CycleError", "PortError",
    "PortOccupiedError", "ValueError", "DuplicateEdgeError", "NameTakenError", "LayerloomError", "Progress",
    "Proof", "append", "_no_chain", "BadRow", "BadSample", "NotRowsError", "Chart", "Series", "Altered",
    "Remarked", "UnreadableError", "Left", "Misstep", "Symptom", "MemoryShortError",
)  # fmt: skip
"""What takes a sentence of the engine as one of its arguments."""
_WORDS = re.compile(r"[A-Za-z]{2}")
_PLACE = re.compile(r"\{\d+\}")


def window_texts() -> set[str]:
    """All that goes through tr(); behind a text that means several things, "|" and which."""
    return {text for folder in ("app", "graph_editor") for tree in trees(folder) for text in _translated(tree)}


def hidden_texts() -> list[str]:
    """Calls of tr() with a text that stands elsewhere, in modules that mark none with noted()."""
    found: list[str] = []
    for folder in ("app", "graph_editor"):
        for tree in trees(folder):
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
            marked = any(_name(call.func) == "noted" for call in calls)
            told = [call for call in calls if _name(call.func) in ("tr", "_tr")]
            parts = [(call, part) for call in told for part in _branches(call.args[0])]
            found += [
                ast.unparse(call) for call, part in parts if not isinstance(part, ast.Constant) and not marked
            ]
    return found


def engine_texts() -> set[str]:
    """What is said of layers, settings, data and templates, and the sentences about graphs and files."""
    found = {first_sentence(layer) for layer in (*LAYERS.values(), *SCHEDULES.values())}
    found |= {layer.category for layer in LAYERS.values()}
    found |= {text for t in TEMPLATES.values() for text in (t.title, t.description, t.group)}
    found |= {" ".join((inspect.getdoc(source) or "").split()) for source in SOURCES.values()}
    found |= {source.title for source in SOURCES.values()}
    worded: tuple[type[Settings], ...] = (DataSettings, TrainingSettings, Callbacks, *SOURCES.values())
    worded += tuple(CALLBACKS.values())
    chosen = {metric.settings: None for metric in METRICS.values()}
    for settings in (*LAYERS.values(), *OPTIMIZERS.values(), *SCHEDULES.values(), *chosen, *worded):
        found |= {spec.description for spec in describe(settings)}
    found |= {spec.label for settings in worded for spec in describe(settings)}
    found |= {text for metric in METRICS.values() for text in (metric.description, metric.shown)}
    found |= {text for kind in CALLBACKS.values() for text in (kind.title, first_sentence(kind))}
    for folder in ("engine", "graph_editor", "app"):
        found |= {text for tree in trees(folder) for text in _told(tree) if not text.startswith("<")}
    return {text for text in found if _WORDS.search(_PLACE.sub("", text))}


def trees(folder: str) -> Iterator[ast.Module]:
    """The modules in a folder."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def _translated(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _name(node.func) in TRANSLATED:
            meaning = "".join(f"|{ast.literal_eval(told)}" for told in node.args[1:2])
            for part in _branches(node.args[0]):
                if isinstance(part, ast.Constant):
                    yield f"{part.value}{meaning}"


def _told(tree: ast.Module) -> Iterator[str]:
    """Texts given to what tells them, directly or by a name assigned before; and what objects are as text."""
    constants = dict(_assigned(tree.body))
    everywhere: dict[str, list[ast.expr]] = {}
    for name, value in _assigned(ast.walk(tree)):
        everywhere.setdefault(name, []).append(value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in TOLD:
            for argument in (*node.args, *(word.value for word in node.keywords)):
                values = everywhere.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]
                yield from (text for value in values for text in _texts(value, constants))
        elif isinstance(node, ast.FunctionDef) and node.name in ("__str__", "_reason"):
            for part in ast.walk(node):
                if isinstance(part, ast.Return | ast.Assign) and part.value is not None:
                    yield from _texts(part.value, constants)


def _assigned(nodes: object) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:  # type: ignore[attr-defined]
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _branches(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from _branches(value.body)
        yield from _branches(value.orelse)
    else:
        yield value


def _texts(value: ast.expr, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    for part in _branches(value):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value:
            yield part.value
        elif isinstance(part, ast.JoinedStr):
            if " " in (text := _pattern(part, constants)).strip():
                yield text
            yield from _of_tables(part, constants)


def _pattern(value: ast.JoinedStr, constants: Mapping[str, ast.expr]) -> str:
    places, out = dict[str, int](), ""
    for part in value.values:
        if isinstance(part, ast.FormattedValue):
            known = constants.get(part.value.id) if isinstance(part.value, ast.Name) else None
            if isinstance(known, ast.Constant) and isinstance(known.value, str):
                out += known.value
            else:
                out += f"{{{places.setdefault(ast.unparse(part), len(places))}}}"
        elif isinstance(part, ast.Constant):
            out += str(part.value)
    return out


def _of_tables(value: ast.JoinedStr, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    """Words out of a table of the module, which are filled into a text."""
    for part in value.values:
        if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Subscript):
            table = constants.get(ast.unparse(part.value.value))
            if isinstance(table, ast.Dict):
                for entry in table.values:
                    yield from _texts(entry, {})


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def complete(path: Path, translations: Mapping[str, str]) -> None:
    """Put translations where a table wants them, and drop what it needs no more."""
    table = json.loads(path.read_text(encoding="utf-8"))
    wanted = {"engine": engine_texts(), "window": window_texts()}
    known = {**table, **table["engine"], **table["window"], **translations}
    kept = {part: {text: known[text] for text in texts if text in known} for part, texts in wanted.items()}
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    # python -m tests.texts zh_CN '{"English": "..."}'
    complete(ROOT / "resources" / "languages" / f"{sys.argv[1]}.json", json.loads(sys.argv[2]))
