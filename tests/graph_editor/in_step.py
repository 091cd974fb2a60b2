"""Whether a project holds together, and a canvas shows exactly what its document holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPointF, QRectF

from engine.graph import Graph, check_name
from engine.layers.nested import Functional
from engine.project import Project
from graph_editor.canvas_item import CanvasItem
from graph_editor.document import ProjectDocument
from graph_editor.edge_item import EdgeItem
from graph_editor.interior import Interior
from graph_editor.items import NodeItem
from graph_editor.remark_items import RemarkItem
from graph_editor.scene import GraphScene


def assert_valid(project: Project) -> None:
    """What every project is: its graph sound, with a place for each card and for nothing else."""
    assert project.layout.positions.keys() == project.graph.nodes.keys()
    assert project.layout.expanded <= project.graph.nodes.keys()
    _assert_sound(project.graph)


def _assert_sound(graph: Graph) -> None:
    assert len(graph.order) == len(graph), "a circle"
    assert all(key == node.id for key, node in graph.nodes.items())
    names = [node.name for node in graph]
    assert len(set(names)) == len(names)
    for node in graph:
        check_name(node.name)
        _assert_wired(graph, node.id)
        owner = graph.owner(node.id)
        assert owner.shares is None
        assert owner.layer == node.layer
        if isinstance(node.layer, Functional):
            assert node.layer.layout.positions.keys() <= node.layer.graph.nodes.keys()
            assert node.layer.layout.expanded <= node.layer.graph.nodes.keys()
            _assert_sound(node.layer.graph)


def _assert_wired(graph: Graph, node_id: str) -> None:
    """Wires come from outputs that there are, and go each to a port of its own, none of which is skipped."""
    layer, ports = graph[node_id].layer, [edge.port for edge in graph.incoming(node_id)]
    assert len(set(ports)) == len(ports)
    assert layer.max_inputs is None or all(port < layer.max_inputs for port in ports)
    assert layer.max_inputs is not None or ports == list(range(len(ports)))
    outputs = len(layer.output_names) if layer.has_output else 0
    assert all(edge.output < outputs for edge in graph.outgoing(node_id))


def opened_anew(document: ProjectDocument) -> ProjectDocument:
    """Another document of the same project, in which the same group is open."""
    fresh = ProjectDocument(document.project)
    for key in document.path:
        assert fresh.open_group(key)
    return fresh


def assert_in_step(scene: GraphScene, document: ProjectDocument) -> None:
    """The document knows what a new one of the same project knows, and a scene shows what a new one shows."""
    fresh = opened_anew(document)
    assert document.project == fresh.project
    assert document.graph == fresh.graph
    assert document.layout == fresh.layout
    _assert_alike("facts", document.whole.facts, fresh.whole.facts)
    _assert_alike("facts inside", document.inference.facts, fresh.inference.facts)
    assert_shown(scene, fresh)


def assert_shown(scene: GraphScene, fresh: ProjectDocument) -> None:
    """A scene has all cards, wires and remarks that a new scene of such a document has, no others, and alike."""
    new = GraphScene(fresh)
    new.select(scene.selected_nodes(), scene.selected_edges(), scene.remarks.selected())
    _assert_alike("card", _cards(scene), _cards(new))
    _assert_alike("wire", _wires(scene), _wires(new))
    _assert_alike("remark", _remarks(scene), _remarks(new))
    assert set(scene.node_items) == set(fresh.graph.nodes)
    assert set(scene.edge_items) == set(fresh.graph.edges)
    items = {*scene.node_items.values(), *scene.edge_items.values(), *scene.remarks.items.values()}
    assert {item for item in scene.items() if isinstance(item, CanvasItem | RemarkItem)} == items
    assert set(scene.selectedItems()) <= items
    assert scene.content_rect() == new.content_rect()
    assert scene._shared_lines.families == new._shared_lines.families
    new.deleteLater()


def _assert_alike(kind: str, shown: Mapping[Any, object], expected: Mapping[Any, object]) -> None:
    assert shown.keys() == expected.keys(), kind
    for key, look in shown.items():
        assert look == expected[key], f"{kind} {key}: {look} is not {expected[key]}"


def _cards(scene: GraphScene) -> dict[str, object]:
    return {key: _card(item) for key, item in scene.node_items.items()}


def _card(item: NodeItem) -> object:
    seen = item.isVisible(), item.opacity(), item.zValue(), item.isSelected()
    return _point(item.pos()), item.look, item.ports, seen, _interior(item.interior)


def _interior(interior: Interior | None) -> object:
    """What is shown of the inside of a group."""
    if interior is None:
        return None
    wires = {wire.edge: _wire(wire) for wire in interior.wires}
    return _rect(interior.rect), {key: _card(card) for key, card in interior.cards.items()}, wires


def _wires(scene: GraphScene) -> dict[object, object]:
    return {edge: _wire(item) for edge, item in scene.edge_items.items()}


def _wire(item: EdgeItem) -> object:
    assert item._ends is not None
    start, end, lane = item._ends
    text = item.text, item.toolTip(), _rect(item.pill)
    return _point(start), _point(end), lane, text, item.isVisible(), item.opacity(), item.isSelected()


def _remarks(scene: GraphScene) -> dict[str, object]:
    return {key: (item.remark, item.zValue(), _rect(item.rect)) for key, item in scene.remarks.items.items()}


def _point(point: QPointF) -> tuple[float, float]:
    return point.x(), point.y()


def _rect(rect: QRectF) -> tuple[float, float, float, float]:
    return rect.x(), rect.y(), rect.width(), rect.height()
