"""Any edits at all: undo them and it is the start, redo them and it is the end, with the scene in step."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from engine.inference import NodeFacts, infer
from engine.registry import LAYERS
from engine.templates import make
from graph_editor import clipboard, copying, editing
from graph_editor.document import ProjectDocument
from graph_editor.scene import GraphScene
from graph_editor.wiring import can_insert, fitting_sources, fitting_targets

_LAYERS = [LAYERS[name] for name in ("Dense", "Flatten", "Conv2D", "Concatenate", "Input", "Output", "Dropout")]


def random_edit(document: ProjectDocument, data) -> None:
    graph = document.graph
    ids = list(graph.nodes)
    kinds = ["add"] if not ids else ["add", "wire", "delete", "move", "rename", "copy", "link", "insert", "cut"]
    kind = data.draw(st.sampled_from(kinds))
    one = data.draw(st.sampled_from(ids)) if ids else ""
    layer = data.draw(st.sampled_from(_LAYERS))()
    number = data.draw(st.integers(-300, 300))
    if kind == "add":
        editing.add_at(document, layer, (number, -number))
    elif kind == "wire" and (fits := sorted(fitting_targets(graph, one))):
        target = data.draw(st.sampled_from(fits))
        editing.connect(document, [graph.check_connect(one, target)])
    elif kind == "delete":
        editing.delete(document, data.draw(st.sets(st.sampled_from(ids), max_size=3)))
    elif kind == "move":
        document.move("move", {one: (float(number), 10.0)})
    elif kind == "rename":
        editing.rename(document, one, f"name {number}")
    elif kind == "copy":
        copying.duplicate(document, (one, *ids[:1]) if one != ids[0] else (one,))
    elif kind == "link":
        copying.duplicate_linked(document, (one,))
    elif kind == "insert" and graph.edges:
        editing.insert_new(document, layer, data.draw(st.sampled_from(graph.edges)))
    elif kind == "cut" and graph.edges:
        editing.delete(document, (), data.draw(st.sets(st.sampled_from(graph.edges), max_size=2)))


def plain(facts: NodeFacts) -> tuple[object, ...]:
    """Facts without the functions in their fixes, which are never equal."""
    problems = [(p.message, p.field, p.severity, [fix.text for fix in p.fixes]) for p in facts.problems]
    return facts.inputs, facts.shape, facts.weights, facts.waiting, problems


def assert_in_step(scene: GraphScene, document: ProjectDocument) -> None:
    assert set(scene.node_items) == set(document.graph.nodes)
    assert set(scene.edge_items) == set(document.graph.edges)
    fresh = infer(document.graph)
    assert {k: plain(document.inference[k]) for k in fresh.facts} == {k: plain(fresh[k]) for k in fresh.facts}
    for key, item in scene.node_items.items():
        assert (item.x(), item.y()) == document.position(key)
        assert item.in_count == document.graph.port_count(key)
    for edge, item in scene.edge_items.items():
        path = item._path
        start = scene.node_items[edge.source].port_place(("out", edge.output))
        end = scene.node_items[edge.target].port_place(("in", edge.port))
        assert (path.elementAt(0).x, path.elementAt(0).y) == (start.x(), start.y())
        assert (path.currentPosition() - end).manhattanLength() < 0.01


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_undo_all_is_the_start_and_redo_all_the_end(qapp: QApplication, data):
    document = ProjectDocument(make("iris-mlp"))
    scene = GraphScene(document)
    start = document.project
    for _ in range(data.draw(st.integers(1, 12))):
        random_edit(document, data)
        assert_in_step(scene, document)
    end = document.project
    for _ in range(document.undo_stack.count()):
        document.undo_stack.undo()
    assert document.project == start
    assert_in_step(scene, document)
    for _ in range(document.undo_stack.count()):
        document.undo_stack.redo()
    assert document.project == end
    assert_in_step(scene, document)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_quick_answer_is_that_of_the_graph(qapp: QApplication, data):
    document = ProjectDocument(make("digits-two-branch"))
    for _ in range(data.draw(st.integers(0, 8))):
        random_edit(document, data)
    graph = document.graph
    for one in graph.nodes:
        truly = {other for other in graph.nodes if graph.can_connect(one, other) is None}
        assert fitting_targets(graph, one) == truly
        truly = {other for other in graph.nodes if graph.can_connect(other, one) is None}
        assert fitting_sources(graph, one) == truly
        if graph.edges and can_insert(graph, one, graph.edges[0]):
            graph.insert(graph[one], graph.edges[0])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_copied_is_what_is_pasted(qapp: QApplication, data):
    document = ProjectDocument(make("digits-two-branch"))
    for _ in range(data.draw(st.integers(0, 6))):
        random_edit(document, data)
    if len(document.graph):
        text = clipboard.to_text(document.graph, document.project.layout)
        assert clipboard.from_text(text) == (document.graph, dict(document.project.layout.positions))


def test_edits_of_one_field_in_a_row_are_one(qapp: QApplication):
    document = ProjectDocument(make("iris-mlp"))
    key = document.graph.by_name("dense").id
    for units in (3, 4, 16):
        layer = document.graph[key].layer.replace(units=units)
        document.edit_graph("units", document.graph.set_layer(key, layer), merge_key="units")
    assert document.undo_stack.count() == 0  # back where it began: nothing is left to undo
    assert not document.modified
