"""The masks that Keras 3 writes into its files: the operations that make them, and the layers that take them.

Here, as in Keras, a layer has the mask of its input without being told. A file tells it all the same: as an
argument of the call that comes out of operations such as `not_equal(tokens, 0)`. These are left out where they say
what holds anyway, and refused where somebody has made a mask of another kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.formats.reading import Place, shown
from engine.graph import Graph, Node
from engine.layers.embedding import Masking

Call = tuple[str, int]

Origin = tuple[Any, int, Any]
"""What a mask is made of: the call, the number of its output, and the value that stands for no step."""

Told = Mapping[Call, tuple[frozenset[Origin], ...]]
"""What the masks are made of that calls are told: for the first input, or for each of them."""


def without_masks(layers: list[Any], outputs: Any) -> tuple[list[Any], Told]:
    """The layers of a functional model without arguments that are masks, and without what makes only these."""
    operations = {_name(entry): entry for entry in layers if _is_operation(entry)}
    told: dict[Call, tuple[frozenset[Origin], ...]] = {}
    kept: list[Any] = []
    for entry in layers:
        calls: list[Any] = []
        for number, call in enumerate(_calls(entry)):
            words: Any = call.get("kwargs") if isinstance(call, dict) else None
            masks = _masks(words.get("mask"), operations) if isinstance(words, dict) else ()
            if any(masks):
                told[_name(entry), number] = masks
                call = {**call, "kwargs": {key: value for key, value in words.items() if key != "mask"}}
            calls.append(call)
        kept.append({**entry, "inbound_nodes": calls} if calls else entry)
    return (_without_unused(kept, outputs, set(operations)) if told else layers), told


def _masks(value: Any, operations: Mapping[str, Any]) -> tuple[frozenset[Origin], ...]:
    """What the masks of a call are made of: one, or a list with one or none for each input; else nothing."""
    values: list[Any] = value if isinstance(value, list) else [value]
    histories = [_history(item) for item in values]
    known = [
        item is None or (history is not None and history[0] in operations)
        for item, history in zip(values, histories, strict=True)
    ]
    if not all(known):
        return ()
    return tuple(frozenset(_origins(history[0], operations) if history else ()) for history in histories)


def _without_unused(layers: list[Any], outputs: Any, operations: set[str]) -> list[Any]:
    while True:
        used = {name for entry in layers for name in _named(_calls(entry))} | set(_named(outputs))
        kept = [entry for entry in layers if _name(entry) in used or _name(entry) not in operations]
        if len(kept) == len(layers):
            return kept
        layers = kept


def _is_operation(entry: Any) -> bool:
    """Whether an entry is an operation: layers have settings that those have not."""
    config = entry.get("config") if isinstance(entry, dict) else None
    return isinstance(config, dict) and "trainable" not in config and entry.get("class_name") != "InputLayer"


def _name(entry: Any) -> str:
    config = entry.get("config") if isinstance(entry, dict) else None
    return str(entry.get("name", config.get("name"))) if isinstance(config, dict) else ""


def _calls(entry: Any) -> list[Any]:
    calls = entry.get("inbound_nodes") if isinstance(entry, dict) else None
    return calls if isinstance(calls, list) else []


def _history(value: Any) -> list[Any] | None:
    """Where a tensor comes from; None for what is none."""
    config = value.get("config") if isinstance(value, dict) else None
    found = config.get("keras_history") if isinstance(config, dict) else None
    return found if isinstance(found, list) and len(found) == 3 and isinstance(found[0], str) else None


def _named(value: Any, depth: int = 0) -> Iterator[str]:
    """All layers that tensors in a value come from, in the words of Keras 3 or of Keras 2."""
    history = _history(value)
    if history is not None:
        yield history[0]
    elif isinstance(value, list) and value and isinstance(value[0], str):
        yield value[0]
    elif isinstance(value, dict | list) and depth < 20:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _named(item, depth + 1)


def _origins(name: str, operations: Mapping[str, Any], depth: int = 0) -> Iterator[Origin]:
    """What an operation makes a mask of, directly or through others."""
    for call in _calls(operations[name]):
        args = call.get("args") if isinstance(call, dict) else None
        if not isinstance(args, list) or depth > 20:
            continue
        first = _history(args[0]) if args else None
        if operations[name].get("class_name") == "NotEqual" and len(args) == 2 and first is not None:
            yield (first[0], first[1]), first[2], args[1] if isinstance(args[1], int | float) else None
            continue
        for argument in args:
            history = _history(argument)
            if history is not None and history[0] in operations:
                yield from _origins(history[0], operations, depth + 1)
            elif history is not None:
                yield (history[0], history[1]), history[2], None


def check_masks(graph: Graph, nodes: Mapping[Call, Node], told: Told, place: Place) -> None:
    """Raise `FileFormatError` where a call is told a mask that it would not have anyway."""
    makers = _makers(graph) if told else {}
    for call, told_masks in told.items():
        node = nodes.get(call)
        if node is None:
            continue
        masks = [_mask(graph, makers, edge.source, edge.output) for edge in graph.incoming(node.id)]
        own = [{_origin(graph, maker) for maker in mask or ()} for mask in masks[: len(told_masks)]]
        said = [{(nodes[of].id if of in nodes else None, *rest) for of, *rest in mask} for mask in told_masks]
        if own != said:
            here = place.at(f"layer {shown(call[0])}")
            raise here.error("is called with a mask of its own making, which this version cannot do.")


def _makers(graph: Graph) -> dict[str, frozenset[str] | None]:
    """The nodes that the mask of each node is made by, None where it has none."""
    found: dict[str, frozenset[str] | None] = {}
    for key in graph.order:
        layer, edges = graph[key].layer, graph.incoming(key)
        masks = [_mask(graph, found, edge.source, edge.output) for edge in edges]
        made = layer.mask_op()
        if made is not None and not made.all_masks:
            found[key] = frozenset({key})
        elif made is not None or not layer.has_output:
            found[key] = frozenset().union(*filter(None, masks)) or None
        else:
            found[key] = layer.compute_mask(edges, masks)  # type: ignore[arg-type]  # pyright: ignore
    return found


def _mask(graph: Graph, makers: Mapping[str, Any], source: str, output: int) -> frozenset[str] | None:
    return makers[source] if output in graph[source].layer.masked_outputs else None


def _origin(graph: Graph, maker: str) -> Origin:
    edge, layer = graph.incoming(maker)[0], graph[maker].layer
    return edge.source, edge.output, layer.mask_value if isinstance(layer, Masking) else 0
