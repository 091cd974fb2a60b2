"""Layers of a Keras model that this program does not have, kept as placeholders. Their configs stay data."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.errors import ShapeError, UnsupportedError
from engine.formats.keras_layers import layer_entry
from engine.formats.reading import Place, shown
from engine.graph import Edge, Graph, Node
from engine.inference import infer
from engine.layer import Layer
from engine.layers.core import Output
from engine.layers.placeholder import Placeholder
from engine.shapes import Shape

_DANGEROUS = ("TFSMLayer",)
"""Classes that read files or run programs: refused, not kept."""

_OUTSIDE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*://|/|~|\.\.?/|\\\\|[a-z]:[\\/])", re.IGNORECASE)
"""How texts begin that lead out of a file: addresses and paths."""

_KEPT = ("module", "class_name", "config", "registered_name", "build_config")

_PROBES = ((101,), (103, 107), (109, 113, 127), (131, 137, 139, 149))
"""Shapes that no setting names: a layer that changes shapes changes these."""

Ends = Mapping[tuple[str, int], Shape | None]
"""The shapes that a file tells of the outputs of its layers."""


def placeholder(entry: Mapping[str, Any], error: UnsupportedError, place: Place) -> Placeholder:
    """What stands for a layer that cannot be read; raises where its config leads out of the file."""
    if entry.get("class_name") in _DANGEROUS:
        raise place.error(f"is a {entry['class_name']}, which runs a program from another file; it is not opened.")
    for key, text in _texts(entry.get("config")):
        if _OUTSIDE.match(text) and "\n" not in text:
            raise place.error(f"has {key} = {shown(text)}: nothing outside the file is opened.")
    kept = {key: entry[key] for key in _KEPT if key in entry}
    return place.settings(Placeholder, {"entry": kept, "reason": error.cause})


def _texts(value: Any, key: str = "config") -> Iterator[tuple[str, str]]:
    """All texts in a value, with the key that each stands under."""
    waiting: list[tuple[str, Any]] = [(key, value)]
    while waiting:
        name, item = waiting.pop()
        if isinstance(item, str):
            yield name, item
        elif isinstance(item, dict):
            waiting += [(str(inner), part) for inner, part in item.items()]  # pyright: ignore
        elif isinstance(item, list):
            waiting += [(name, part) for part in item]  # pyright: ignore


def call_template(args: list[Any], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The arguments of a call with a number in place of each tensor, and the tensors."""
    tensors: list[Any] = []

    def numbered(value: Any) -> Any:
        if _is_tensor(value):
            tensors.append(value)
            return {"port": len(tensors) - 1}
        if isinstance(value, dict):
            return {key: numbered(item) for key, item in value.items()}  # pyright: ignore
        return [numbered(item) for item in value] if isinstance(value, list) else value  # pyright: ignore

    return {"args": numbered(args), "kwargs": numbered(dict(kwargs))}, tensors


def _is_tensor(value: Any) -> bool:
    """Whether a value is a tensor as Keras 3 writes it, or its origin as Keras 2 does: `["dense", 0, 0]`."""
    if isinstance(value, dict):
        return value.get("class_name") == "__keras_tensor__"  # pyright: ignore
    if not isinstance(value, list) or len(value) != 3:  # pyright: ignore
        return False
    name, call, output = value  # pyright: ignore
    return isinstance(name, str) and type(call) is int and type(output) is int


def told_shapes(layers: list[Any]) -> Ends:
    """The shapes of outputs as the calls of a Keras 3 config tell them."""
    found: dict[tuple[str, int], Shape | None] = {}
    waiting = [entry.get("inbound_nodes") for entry in layers if isinstance(entry, dict)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            config: Any = value.get("config")
            history, shape = (
                (config.get("keras_history"), config.get("shape")) if isinstance(config, dict) else (0, 0)
            )
            if isinstance(history, list) and len(history) == 3 and isinstance(history[0], str):  # pyright: ignore
                found[history[0], history[2]] = told_shape(shape)  # pyright: ignore
        elif isinstance(value, dict):
            waiting += value.values()  # pyright: ignore
        elif isinstance(value, list):
            waiting += value  # pyright: ignore
    return found


def told_input(entry: Mapping[str, Any]) -> Shape | None:
    """The shape that an entry of a config says its layer was built on."""
    build = entry.get("build_config")
    return told_shape(build.get("input_shape")) if isinstance(build, dict) else None  # pyright: ignore


def given_shapes(sequence: Sequence[tuple[Layer, Shape | None]]) -> list[Shape | None]:
    """What each layer of a sequence gives, for the layers and what each was built on, as far as that is told.

    Layers without weights may tell nothing: what comes after those that keep shapes tells it.
    """
    given: list[Shape | None] = [None]
    for layer, taken in reversed(sequence[1:]):
        given.append(given[-1] if taken is None and _keeps_shapes(layer) else taken)
    return given[::-1]


def _keeps_shapes(layer: Layer) -> bool:
    kept: list[bool] = []
    for shape in _PROBES:
        with contextlib.suppress(ShapeError, NotImplementedError):
            kept.append(layer.output_shape(shape) == shape)
    return any(kept) and all(kept)


def told_shape(value: Any) -> Shape | None:
    """A shape without the batch; None where it is none that a tensor could have."""
    if not isinstance(value, list) or not value:
        return None
    sizes: list[Any] = value[1:]
    sound = all(size is None or (type(size) is int and 0 < size < 2**31) for size in sizes)
    return tuple(sizes) if sound else None


def with_unreached(graph: Graph) -> Graph:
    """Layers with weights that come after one whose shapes the file does not tell are placeholders, too."""
    found = infer(graph)
    for node in graph:
        if node.shares is None and found[node.id].waiting and not isinstance(node.layer, Output | Placeholder):
            graph = graph.set_layer(node.id, _unreached(graph, node))
    return graph


def _unreached(graph: Graph, node: Node) -> Placeholder:
    edges: tuple[Edge, ...] = graph.incoming(node.id)
    args, kwargs = node.layer.keras_call([{"port": number} for number, _ in enumerate(edges)])
    return Placeholder(
        entry=layer_entry(node.layer, node.name),
        call={"args": args, "kwargs": kwargs},
        reason="comes after a layer that is not known here, so that its shapes are not known.",
        shapes=(None,) * len(node.layer.output_names),
    )
