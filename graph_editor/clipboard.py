"""Parts of a graph as text, so that they can be copied from one window into another."""

from __future__ import annotations

import json
from typing import Any

from engine.formats.graph_data import edge_data, wired
from engine.formats.reading import Place
from engine.graph import Graph, Node
from engine.project import Layout, Position
from engine.registry import LAYERS

_FORMAT = "layerloom-graph"


def to_text(graph: Graph, layout: Layout) -> str:
    """A part of a graph with its places, as JSON."""
    nodes: list[dict[str, Any]] = []
    for node in graph:
        entry: dict[str, Any] = {
            "id": node.id,
            "name": node.name,
            "type": node.layer.type_name(),
            "settings": node.layer.model_dump(mode="json"),
            "position": list(layout.positions[node.id]),
        }
        nodes.append(entry if node.shares is None else {**entry, "shares": node.shares})
    return json.dumps({"format": _FORMAT, "nodes": nodes, "edges": [*map(edge_data, graph.edges)]}, indent=1)


def from_text(text: str) -> tuple[Graph, dict[str, Position]] | None:
    """The part of a graph that a text holds, None where it holds anything else."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            return None
        return _read(content)
    except Exception:  # whatever the clipboard holds, it must not end the program
        return None


def _read(content: dict[str, Any]) -> tuple[Graph, dict[str, Position]] | None:
    nodes, places = list[Node](), dict[str, Position]()
    ids = {str(entry["id"]) for entry in content["nodes"]}
    for entry in content["nodes"]:
        layer = LAYERS[entry["type"]].model_validate(entry["settings"])
        shares = str(entry["shares"]) if str(entry.get("shares")) in ids else None
        nodes.append(Node(str(entry["id"]), str(entry["name"]), layer, shares))
        x, y = (max(-1e6, min(1e6, float(number))) for number in entry["position"])
        places[str(entry["id"])] = (x, y)
    graph = wired(Graph().add(*nodes).nodes, content["edges"], Place("clipboard"))
    return (graph, places) if len(graph) else None
