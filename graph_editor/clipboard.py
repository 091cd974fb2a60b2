"""Parts of a graph as text, so that they can be copied from one window into another, or sent to someone."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QCoreApplication

from engine.errors import FileFormatError, LayerloomError
from engine.formats.graph_data import graph_data, read_graph
from engine.formats.layout_data import read_positions
from engine.formats.reading import Place, parse_json
from engine.graph import Graph
from engine.layout import Layout, Position
from graph_editor.layout import place_missing
from graph_editor.words import said

_FORMAT = "layerloom-graph"
_VERSION = 1
_LONGEST = 20_000_000
"""Characters that are read at most."""


class PasteError(LayerloomError):
    """What is on the clipboard cannot be put in; the text says why."""


def tr(text: str) -> str:
    """A text in the user's language."""
    return QCoreApplication.translate("Clipboard", text)


def to_text(graph: Graph, layout: Layout) -> str:
    """A part of a graph with its places, as JSON."""
    places = {key: list(layout.positions[key]) for key in graph.nodes}
    content = {"format": _FORMAT, "version": _VERSION, **graph_data(graph), "positions": places}
    return json.dumps(content, ensure_ascii=False, indent=1)


def from_text(text: str) -> tuple[Graph, dict[str, Position]]:
    """The part of a graph that a text holds, whatever stands around it; raises `PasteError`."""
    if not text.strip():
        raise PasteError(tr("The clipboard holds no text."))
    if _FORMAT not in text or len(text) > _LONGEST:
        raise PasteError(tr("What is on the clipboard is no part of a network."))
    place = Place("clipboard")
    try:
        return _read(place.mapping(parse_json(text[text.find("{") : text.rfind("}") + 1], place)), place)
    except FileFormatError as error:
        raise PasteError(tr("The copied layers are damaged: {0}").format(said(error.reason))) from None


def _read(content: Any, place: Place) -> tuple[Graph, dict[str, Position]]:
    place.mapping(content, ("format", "nodes", "edges"), ("version", "positions"))
    version = content.get("version", _VERSION)
    if content["format"] != _FORMAT or not isinstance(version, int):
        raise PasteError(tr("What is on the clipboard is no part of a network."))
    if version > _VERSION:
        raise PasteError(tr("These layers were copied from a newer version of Layerloom."))
    graph = read_graph(content["nodes"], content["edges"], place)
    if not len(graph):
        raise PasteError(tr("What is on the clipboard holds no layers."))
    known = Layout(read_positions(content.get("positions", {}), place.at("positions")))
    return graph, dict(place_missing(graph, known.keeping(graph.nodes)).positions)
