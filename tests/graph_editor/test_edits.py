"""After any edits, quick answers are those of the graph, and copies are what was copied."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from engine.registry import LAYERS
from engine.templates import make
from graph_editor import clipboard, copying, editing
from graph_editor.document import ProjectDocument
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
