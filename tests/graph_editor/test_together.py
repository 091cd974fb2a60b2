"""Several layers edited together: the settings that they share, and those in which they differ."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.pooling import MaxPooling2D
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.layers.resizing import Resizing
from engine.project import Project
from engine.templates import chain
from graph_editor.common import common
from graph_editor.inspector import Inspector


@pytest.fixture
def mixed(canvas_of):
    """input, two convolutions, pooling, flatten, dense, dropout, output."""
    layers = (
        Conv2D(filters=8, activation="relu"),
        Conv2D(filters=16, activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(units=10),
        Dropout(),
    )
    graph, _ = chain(Input(shape=(8, 8, 1)), *layers, Output())
    return canvas_of(Project(graph))


@pytest.fixture
def inspect(mixed, qtbot):
    inspector = Inspector(mixed.document)
    qtbot.addWidget(inspector)
    inspector.show()

    def show(*names: str) -> Inspector:
        inspector.show_nodes(mixed.id(name) for name in names)
        return inspector

    return show


def test_layers_of_several_types_show_the_settings_that_all_have(inspect):
    form = inspect("conv2d", "dense").form
    assert form.editor("activation")
    assert form.editor("trainable")
    with pytest.raises(KeyError):
        form.editor("filters")


def test_settings_of_one_name_and_different_kinds_are_not_shared():
    assert "padding" not in common([Conv2D(), Dense()]).names
    assert common([Dropout(), Dropout(rate=0.1)]).mixed == {"rate": (0.5, 0.1)}
    assert not common([Flatten(), Output()]).names


def test_a_value_that_differs_is_left_alone_until_it_is_set(mixed, inspect):
    form = inspect("conv2d", "conv2d_1").form
    row = form.row("filters")
    assert row.several.isVisible()
    assert not row.editor.isVisible()
    form.editor("kernel_size").spins[0].setValue(5)
    filters = [mixed.graph[mixed.id(name)].layer.filters for name in ("conv2d", "conv2d_1")]
    assert filters == [8, 16]
    assert row.several.isVisible()


def test_one_of_the_values_is_taken_for_all(mixed, inspect):
    form = inspect("conv2d", "conv2d_1").form
    offered = [action for action in form.row("filters").several.choices.actions() if action.text()]
    assert [action.text() for action in offered][:2] == ["8 for all", "16 for all"]
    offered[0].trigger()
    assert mixed.graph[mixed.id("conv2d_1")].layer.filters == 8
    assert not form.row("filters").several.isVisible()
    assert mixed.document.undo_stack.count() == 1
    mixed.document.undo_stack.undo()
    assert mixed.graph[mixed.id("conv2d_1")].layer.filters == 16
    assert form.row("filters").several.isVisible()


def test_another_value_is_typed_for_all_in_one_step(mixed, inspect, qtbot):
    form = inspect("conv2d", "conv2d_1").form
    row = form.row("filters")
    row.several.choices.actions()[-1].trigger()
    spin = form.editor("filters").spin
    assert row.editor.isVisible()
    spin.selectAll()
    qtbot.keyClicks(spin, "24")
    qtbot.keyClick(spin, Qt.Key.Key_Return)
    assert [mixed.graph[mixed.id(name)].layer.filters for name in ("conv2d", "conv2d_1")] == [24, 24]
    assert mixed.document.undo_stack.count() == 1


def test_types_are_set_together_in_one_step(mixed, inspect):
    form = inspect("conv2d", "dense").form
    form.row("activation").several.chosen.emit("tanh")
    assert mixed.graph[mixed.id("conv2d")].layer.activation == "tanh"
    assert mixed.graph[mixed.id("dense")].layer.activation == "tanh"
    mixed.document.undo_stack.undo()
    assert mixed.graph[mixed.id("dense")].layer.activation == "linear"


def test_what_one_of_the_layers_refuses_is_said_and_changes_nothing(canvas_of, qtbot):
    padded = Resizing(height=4, width=4, pad_to_aspect_ratio=True)
    graph, _ = chain(Input(shape=(8, 8, 1)), Resizing(height=4, width=4), padded)
    document = canvas_of(Project(graph)).document
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.show_nodes([node.id for node in graph.of_type(Resizing)])
    editor = inspector.form.editor("crop_to_aspect_ratio")
    editor.box.click()
    assert not document.undo_stack.canUndo()
    assert "resizing_1" in inspector.form.refusal("crop_to_aspect_ratio")


def test_layers_without_a_setting_in_common_show_none(inspect):
    assert not inspect("flatten", "output").form.isVisible()
