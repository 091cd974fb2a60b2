"""How two projects differ: layers that came, went or were changed, wires, and settings with both values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.data.source import source_name
from engine.fields import describe
from engine.graph import Graph, Node
from engine.layer import Layer
from engine.project import Project

Part = Literal["layer", "wire", "training", "data", "model"]
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Difference:
    """One thing in which a project differs from another; `before` and `after` are empty where there is nothing."""

    part: Part
    kind: Kind
    place: str = ""
    """The layer, with those that hold it before it: `block/dense`. For a wire, both its ends."""
    field: str = ""
    before: str = ""
    after: str = ""


def differences(before: Project, after: Project) -> tuple[Difference, ...]:
    """What one would change in a project to make it another; where the cards lie does not count."""
    return (
        *_graphs(before.graph, after.graph, ""),
        *_changed("training", "", _training(before), _training(after)),
        *_changed("data", "", _data(before), _data(after)),
        *_changed("model", "", {"name": before.name}, {"name": after.name}),
    )


def settings_of(project: Project) -> dict[str, str]:
    """All settings of a project as text, by where they stand: `training.epochs`, `layers.dense.units`."""
    found = {f"training.{name}": value for name, value in _training(project).items()}
    found |= {f"data.{name}": value for name, value in _data(project).items()}
    for place, node in _all_nodes(project.graph, ""):
        found |= {f"layers.{place}.{name}": value for name, value in _settings(node).items()}
    return found


def varying(projects: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Which of the settings of several projects differ among them, in the order in which they stand there."""
    listed = list(projects)
    names = dict.fromkeys(name for settings in listed for name in settings)
    return tuple(name for name in names if len({settings.get(name) for settings in listed}) > 1)


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names of settings as short as they can be told apart: `units`, or `dense.units` and `dense_1.units`."""

    def ending(name: str, length: int) -> str:
        return ".".join(name.split(".")[-length:])

    def shortest(name: str) -> str:
        lengths = range(1, name.count(".") + 2)
        return next(
            (end for n in lengths if sum(ending(other, n) == (end := ending(name, n)) for other in names) == 1),
            name,
        )

    return tuple(map(shortest, names))


# Settings as text


def _training(project: Project) -> dict[str, str]:
    return _flat(project.training.model_dump(mode="json"))


def _data(project: Project) -> dict[str, str]:
    data = project.data
    source = {"source": source_name(data.source), **data.source.model_dump(mode="json")}
    return _flat({**source, **data.model_dump(mode="json", exclude={"source"})})


def _settings(node: Node) -> dict[str, str]:
    specs, inner = describe(type(node.layer)), _graph_fields(node.layer)
    left_out = {spec.name for spec in specs if spec.name in inner or (inner and spec.kind == "hidden")}
    return _flat({"type": node.layer.type_name(), **node.layer.model_dump(mode="json", exclude=left_out)})


def _graph_fields(layer: Layer) -> tuple[str, ...]:
    return tuple(spec.name for spec in describe(type(layer)) if spec.kind == "graph")


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Settings within settings, by names with a dot; all as text."""
    found: dict[str, str] = {}
    for name, value in values.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping):
            found |= _flat(value, f"{key}.")  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):  # pyright: ignore[reportUnknownVariableType]
            found |= _flat({str(place): part for place, part in enumerate(value, 1)}, f"{key}.")  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        else:
            found[key] = _text(value)
    return found


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " × ".join(_text(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


# Comparing


def _changed(part: Part, place: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            yield Difference(part, "changed", place, name, old, new)


def _graphs(before: Graph, after: Graph, holder: str) -> Iterator[Difference]:
    pairs = _pairs(before, after)
    old, new = {a.id for a, _ in pairs}, {b.id for _, b in pairs}
    for node in before:
        if node.id not in old:
            yield Difference("layer", "removed", holder + node.name, before=node.layer.type_name())
    for node in after:
        if node.id not in new:
            yield Difference("layer", "added", holder + node.name, after=node.layer.type_name())
    for a, b in pairs:
        yield from _nodes(a, b, holder, before, after)
    yield from _wires(before, after, pairs, holder)


def _nodes(a: Node, b: Node, holder: str, before: Graph, after: Graph) -> Iterator[Difference]:
    place = holder + b.name
    names = {"name": a.name, "weights of": before.owner(a.id).name if a.shares else ""}
    others = {"name": b.name, "weights of": after.owner(b.id).name if b.shares else ""}
    yield from _changed("layer", place, {**names, **_settings(a)}, {**others, **_settings(b)})
    if type(a.layer) is type(b.layer):
        for field in _graph_fields(a.layer):
            yield from _graphs(getattr(a.layer, field), getattr(b.layer, field), f"{place}/")


def _pairs(before: Graph, after: Graph) -> list[tuple[Node, Node]]:
    """Which node became which: that of the same identifier if name or kind are the same too, else of the name."""
    pairs: list[tuple[Node, Node]] = []
    for node in before:
        other = after.nodes.get(node.id)
        if other is not None and (other.name == node.name or type(other.layer) is type(node.layer)):
            pairs.append((node, other))
    old, new = {a.id for a, _ in pairs}, {b.id for _, b in pairs}
    names = {node.name: node for node in after if node.id not in new}
    pairs += [(node, names[node.name]) for node in before if node.id not in old and node.name in names]
    place = {node_id: n for n, node_id in enumerate(before.nodes)}
    return sorted(pairs, key=lambda pair: place[pair[0].id])


def _wires(before: Graph, after: Graph, pairs: Sequence[tuple[Node, Node]], holder: str) -> Iterator[Difference]:
    """Wires between layers that both graphs have; those of a layer that came or went say nothing more."""
    names = {a.id: b.name for a, b in pairs}
    kept = {b.id: b.name for _, b in pairs}
    old, new = _ends(before, names), _ends(after, kept)
    for ends in old - new:
        yield Difference("wire", "removed", f"{holder}{ends[0]} → {ends[1]}")
    for ends in new - old:
        yield Difference("wire", "added", f"{holder}{ends[0]} → {ends[1]}")


def _ends(graph: Graph, names: Mapping[str, str]) -> set[tuple[str, str, int, int]]:
    return {
        (names[edge.source], names[edge.target], edge.port, edge.output)
        for edge in graph.edges
        if edge.source in names and edge.target in names
    }


def _all_nodes(graph: Graph, holder: str) -> Iterator[tuple[str, Node]]:
    for node in graph:
        yield holder + node.name, node
        for field in _graph_fields(node.layer):
            yield from _all_nodes(getattr(node.layer, field), f"{holder}{node.name}/")
