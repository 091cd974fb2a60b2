"""A card that holds a graph: made, opened, edited inside, left and taken apart, all of it undoably."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QLabel

from engine.inference import infer
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add
from engine.layers.nested import Functional
from engine.layers.regularization import Dropout
from engine.project import Project
from engine.repeating import repeated
from engine.templates import chain
from graph_editor.inspector import Inspector

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def grouped(branched):
    names = ("conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "concatenate")
    branched.scene.select([branched.id(name) for name in names])
    branched.view.group_selected()
    return branched


def open_by_mouse(canvas, name: str) -> None:
    canvas.mouse(QEvent.Type.MouseButtonDblClick, canvas.card(name))


def test_the_selection_becomes_one_card_and_comes_apart_again(grouped):
    assert "model" in grouped.names()
    assert "conv2d" not in grouped.names()
    assert {("rescaling", "model"), ("model", "flatten")} <= grouped.wires()
    assert not grouped.document.inference.errors
    assert grouped.scene.selected_nodes() == (grouped.id("model"),)
    grouped.view.ungroup_selected()
    assert "model" not in grouped.names()
    assert {("rescaling", "conv2d"), ("concatenate", "flatten")} <= grouped.wires()
    places = [grouped.document.position(key) for key in grouped.graph.nodes]
    assert not any(
        abs(a[0] - b[0]) < 200 and abs(a[1] - b[1]) < 54 for i, a in enumerate(places) for b in places[:i]
    )
    assert grouped.document.undo_stack.count() == 2
    grouped.document.undo_stack.undo()
    grouped.document.undo_stack.undo()
    assert "conv2d" in grouped.names()


def test_what_was_not_changed_lies_where_it_lay_before(branched):
    before = {name: branched.document.position(branched.id(name)) for name in branched.names()}
    columns = ["conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "concatenate"]
    for chosen in (columns[:2], columns[1:2], columns):
        branched.scene.select([branched.id(name) for name in chosen])
        branched.view.group_selected()
        branched.view.ungroup_selected()
        assert {name: branched.document.position(branched.id(name)) for name in branched.names()} == before


def test_a_double_click_opens_and_escape_leads_back(qtbot, grouped):
    outside = set(grouped.names())
    open_by_mouse(grouped, "model")
    assert {"conv2d", "concatenate", "input", "output"} <= grouped.names()
    assert grouped.document.names() == ("model",)
    assert grouped.view.breadcrumb.isVisible()
    qtbot.waitUntil(lambda: grouped.view.breadcrumb.width() > 80)
    assert set(grouped.scene.node_items) == set(grouped.graph.nodes)
    assert set(grouped.scene.edge_items) == set(grouped.graph.edges)
    grouped.scene.select([])
    grouped.key(Qt.Key.Key_Escape)
    assert grouped.names() == outside
    assert not grouped.view.breadcrumb.isVisible()
    assert grouped.scene.selected_nodes() == (grouped.id("model"),)


def test_enter_opens_and_the_breadcrumb_leads_back(qtbot, grouped):
    grouped.scene.select([grouped.id("model")])
    grouped.key(Qt.Key.Key_Return)
    assert grouped.document.path
    qtbot.mouseClick(grouped.view.breadcrumb.buttons[0], Qt.MouseButton.LeftButton)
    assert not grouped.document.path


def test_an_edit_inside_changes_the_whole_and_is_undone_there(grouped):
    key = grouped.id("model")
    open_by_mouse(grouped, "model")
    inner = grouped.id("conv2d")
    layer = grouped.graph[inner].layer
    grouped.document.edit_graph("Filters", grouped.graph.set_layer(inner, layer.replace(filters=3)))
    grouped.document.move("Move", {inner: (500.0, 500.0)})
    assert grouped.document.position(inner) == (500.0, 500.0)
    whole = grouped.document.project.graph[key].layer
    assert isinstance(whole, Functional)
    assert whole.graph[inner].layer.filters == 3
    assert grouped.document.whole.shape(key) == (4, 4, 19)
    grouped.document.leave_to(0)
    grouped.document.undo_stack.undo()
    assert grouped.document.path == (key,)  # an edit is undone where it can be seen
    grouped.document.undo_stack.undo()
    assert grouped.graph[inner].layer.filters == 16
    grouped.document.undo_stack.undo()
    assert grouped.document.path == ()
    assert "conv2d" in grouped.names()


def test_a_group_within_a_group(grouped):
    open_by_mouse(grouped, "model")
    grouped.scene.select([grouped.id("conv2d"), grouped.id("max_pooling2d")])
    grouped.view.group_selected()
    grouped.view.open_group(grouped.id("model"))
    assert grouped.document.names() == ("model", "model")
    assert {"conv2d", "max_pooling2d", "input", "output"} == grouped.names()
    assert not grouped.document.whole.errors
    grouped.view.leave_group()
    grouped.view.leave_group()
    assert not grouped.document.path


def test_layers_dropped_inside_stay_inside(grouped):
    open_by_mouse(grouped, "model")
    assert grouped.drop("BatchNormalization", grouped.wire("conv2d", "max_pooling2d"))
    assert {("conv2d", "batch_normalization"), ("batch_normalization", "max_pooling2d")} <= grouped.wires()
    grouped.document.leave_to(0)
    assert "batch_normalization" not in grouped.names()
    assert not grouped.document.inference.errors


def test_what_cannot_be_grouped_says_why(qtbot, branched):
    branched.scene.select([branched.id("input")])
    with qtbot.waitSignal(branched.view.message) as told:
        branched.view.group_selected()
    assert "stay outside" in told.args[0]
    assert not branched.document.undo_stack.canUndo()


def test_the_inspector_says_how_large_a_group_is_and_opens_it(qtbot, grouped):
    inspector = Inspector(grouped.document)
    qtbot.addWidget(inspector)
    inspector.show_nodes([grouped.id("model")])
    editor = inspector.form.editor("graph")
    assert editor.about.text() == "5 layers, 576 parameters"
    editor.button.click()
    assert grouped.document.path


def test_another_project_is_shown_from_the_outside(grouped):
    open_by_mouse(grouped, "model")
    grouped.document.reset(Project())
    assert not grouped.document.path
    assert not grouped.scene.node_items


def test_a_group_is_named_at_once(branched, qtbot):
    branched.scene.select([branched.id("conv2d"), branched.id("max_pooling2d")])
    branched.view.group_selected()
    field = branched.view._rename
    assert field.text() == "model"
    qtbot.keyClicks(field, "stem")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert "stem" in branched.names()
    assert isinstance(branched.graph.by_name("stem").layer, Functional)


def test_a_group_within_a_group_is_opened_and_left_step_by_step(grouped, qtbot):
    open_by_mouse(grouped, "model")
    grouped.scene.select([grouped.id("conv2d"), grouped.id("max_pooling2d")])
    grouped.view.group_selected()
    inner = grouped.view._rename.text()
    open_by_mouse(grouped, inner)
    assert grouped.document.names() == ("model", inner)
    assert "conv2d" in grouped.names()
    grouped.view.leave_group()
    grouped.view.leave_group()
    assert not grouped.document.path
    assert not grouped.document.inference.errors
    grouped.document.undo_stack.undo()
    assert grouped.document.names() == ("model",)
    assert "conv2d" in grouped.names()


# Repeating


@pytest.fixture
def block(canvas_of):
    """input, dense, dropout, output."""
    graph, _ = chain(Input(shape=(16,)), Dense(units=16), Dropout(), Output())
    return canvas_of(Project(graph))


def test_cards_are_repeated_in_a_chain_in_one_step(block):
    block.scene.select([block.id("dense"), block.id("dropout")])
    before = block.document.position(block.id("output"))
    block.view.repeat(3)
    order = [block.graph[key].name for key in block.graph.order]
    assert order == ["input", "dense", "dropout", "dense_1", "dropout_1", "dense_2", "dropout_2", "output"]
    assert len(block.graph.edges) == 7
    assert not block.document.inference.errors
    ys = [block.document.position(key)[1] for key in block.graph.order]
    assert ys == sorted(set(ys))
    assert block.document.position(block.id("output"))[1] == before[1] + 4 * 90
    assert len(block.scene.selected_nodes()) == 6
    assert block.document.undo_stack.count() == 1
    block.document.undo_stack.undo()
    assert block.names() == {"input", "dense", "dropout", "output"}


def test_a_block_that_opens_and_closes_a_branch_is_repeated(canvas_of):
    graph, first = chain(Input(shape=(16,)), Dense(units=16))
    graph, branch = chain(Dropout(), graph=graph, after=first)
    graph = graph.add(add := graph.new_node(Add()))
    graph = graph.connect(first, add.id).connect(branch, add.id)
    graph, _ = chain(Output(), graph=graph, after=add.id)
    made, copies = repeated(graph, [branch, add.id], 2)
    assert not infer(made).errors
    pairs = {(made[e.source].name, made[e.target].name) for e in made.edges}
    assert {("add", "dropout_1"), ("add", "add_1"), ("dropout_1", "add_1")} <= pairs
    assert len(copies) == 1


def test_copies_that_do_not_fit_are_refused_with_the_reason(branched):
    branched.scene.select([branched.id("conv2d"), branched.id("max_pooling2d"), branched.id("rescaling")])
    with branched.bot.waitSignal(branched.view.message) as told:
        branched.view.repeat(2)
    assert "one output" in told.args[0]
    large = Conv2D(padding="valid", kernel_size=(7, 7))
    branched.document.edit_graph("x", branched.graph.set_layer(branched.id("conv2d"), large))
    branched.scene.select([branched.id("conv2d")])
    with branched.bot.waitSignal(branched.view.message) as told:
        branched.view.repeat(4)
    assert "do not fit" in told.args[0]
    assert branched.document.undo_stack.count() == 1


def test_how_often_is_asked(block, monkeypatch):
    from PySide6.QtWidgets import QInputDialog

    monkeypatch.setattr(QInputDialog, "getInt", lambda *_: (2, True))
    block.scene.select([block.id("dense")])
    block.view.repeat_selected()
    assert "dense_1" in block.names()


def test_the_breadcrumb_says_how_often_a_group_is_used(grouped):
    def said() -> list[str]:
        labels = grouped.view.breadcrumb.findChildren(QLabel)
        return [label.text() for label in labels if label.isVisible() and label.text().startswith("used")]

    model = grouped.id("model")
    grouped.document.open_group(model)
    QApplication.processEvents()
    assert said() == []
    grouped.view.leave_group()
    grouped.scene.select([model])
    grouped.view.duplicate_linked()
    copy = grouped.view.selected_node()
    for key in (model, copy):
        grouped.document.open_group(key)
        grouped.bot.waitUntil(lambda: said() == ["used 2 times"])
        grouped.view.leave_group()
    grouped.document.open_group(copy)
    grouped.document.undo_stack.undo()
    grouped.document.open_group(model)
    QApplication.processEvents()
    assert said() == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("replace_selected", "Select one layer first, or several."),
        ("duplicate_linked", "Select one layer first, or several."),
        ("duplicate", "Select one layer first, or several."),
        ("copy", "Select one layer first, or several."),
        ("cut", "Select one layer first, or several."),
        ("delete_selected", "Select a layer, a wire, a note or a frame first."),
        ("rename_selected", "Select a layer, a note or a frame first."),
        ("toggle_selected", "Select a group: Ctrl+G makes one card of several layers."),
    ],
)
def test_a_command_without_anything_to_work_on_says_what_to_select(canvas, command, sentence):
    heard: list[str] = []
    canvas.view.message.connect(heard.append)
    canvas.scene.select([])
    getattr(canvas.view, command)()
    assert heard == [sentence]
    assert not canvas.document.undo_stack.canUndo()
