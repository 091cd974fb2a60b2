"""Forms, inspector, palette and problem list: made from the layers, and never letting a bad value through."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox

from engine.fields import Settings
from engine.layers.core import Output
from engine.optimizers import Adam
from engine.project import DataSettings, TrainingSettings
from engine.registry import LAYERS
from graph_editor.document import ProjectDocument
from graph_editor.forms.form import SettingsForm
from graph_editor.inspector import Inspector
from graph_editor.palette import LAYER_MIME, Palette, key_of_mime, layer_mime, placeable
from graph_editor.problems import ProblemList


class Everything(Settings):
    """One field of every kind."""

    count: Annotated[int, Field(ge=1, le=5_000_000)] = 64
    rate: Annotated[float, Field(gt=0, le=1)] = 0.001
    flag: bool = True
    mode: Literal["a", "b"] = "a"
    pair: tuple[int, int] = (2, 3)
    shape: tuple[int, ...] = (8, 8, 1)
    step: int | None = None
    text: str = "x"


@pytest.fixture
def form(qtbot):
    form = SettingsForm()
    qtbot.addWidget(form)
    form.show_settings(Everything())
    form.show()
    return form


def type_into(qtbot, line, text: str) -> None:
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)


def test_every_layer_gets_a_form(qtbot):
    form = SettingsForm()
    qtbot.addWidget(form)
    for layer in (*LAYERS.values(), Adam, TrainingSettings, DataSettings):
        settings = layer()
        with qtbot.assertNotEmitted(form.changed):
            form.show_settings(settings)
        assert form.settings == settings


def test_a_spin_box_has_the_limits_of_the_field_and_groups_its_figures(form):
    spin = form.editor("count").spin
    assert (spin.minimum(), spin.maximum()) == (1, 5_000_000)
    spin.setValue(1_234_567)
    assert spin.text() == "1,234,567"
    assert form.settings.count == 1_234_567


@pytest.mark.parametrize(("text", "value"), [("1e-07", 1e-7), ("0.25", 0.25), ("1/4", 0.25), ("5e-4", 0.0005)])
def test_a_number_is_read_as_people_write_it(qtbot, form, text, value):
    with qtbot.waitSignal(form.changed) as seen:
        type_into(qtbot, form.editor("rate").line, text)
    assert form.settings.rate == value
    assert seen.args[1] == "rate"
    assert form.editor("rate").line.text() == text


@pytest.mark.parametrize(("text", "why"), [("7", "at most 1"), ("abc", "needs a number"), ("0", "more than 0")])
def test_a_bad_number_is_refused_at_the_field_and_the_last_good_one_stays(qtbot, form, text, why):
    line = form.editor("rate").line
    type_into(qtbot, line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert form.settings.rate == 0.001
    assert why in form.refusal("rate")
    type_into(qtbot, line, "0.5")
    assert form.settings.rate == 0.5
    assert form.refusal("rate") == ""


def test_small_numbers_are_shown_whole(form):
    form.show_settings(Everything(rate=1e-7))
    assert form.editor("rate").line.text() == "1e-07"
    form.show_settings(Everything(rate=1 / 255))
    assert float(form.editor("rate").line.text()) == 1 / 255


def test_arrows_step_a_number_in_its_last_figure(qtbot, form):
    line = form.editor("rate").line
    qtbot.keyClick(line, Qt.Key.Key_Up)
    assert form.settings.rate == 0.002
    qtbot.keyClick(line, Qt.Key.Key_Down)
    qtbot.keyClick(line, Qt.Key.Key_Down)
    assert form.settings.rate == 0.0009


@pytest.mark.parametrize("text", ["28, 28, 3", "28 × 28 × 3", "28x28x3", "(28,28,3)", "28 28 3"])
def test_a_shape_is_read_as_people_write_it(qtbot, form, text):
    line = form.editor("shape").line
    line.setText(text)
    line.textEdited.emit(text)
    assert form.settings.shape == (28, 28, 3)
    assert line.text() == text


def test_a_pair_has_a_spin_box_for_each_number(form):
    first, second = form.editor("pair").spins
    second.setValue(7)
    assert form.settings.pair == (2, 7)
    assert first.value() == 2


def test_an_optional_setting_can_be_left_open(form):
    box = form.editor("step").box
    assert isinstance(box, QCheckBox)
    assert not box.isChecked()
    box.setChecked(True)
    assert form.settings.step == 0
    box.setChecked(False)
    assert form.settings.step is None


def test_a_wheel_that_passes_by_turns_nothing(form):
    spin = form.editor("count").spin
    spin.clearFocus()
    turn = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(spin, turn)
    assert spin.value() == 64


def test_every_field_explains_itself(qtbot):
    form = SettingsForm()
    qtbot.addWidget(form)
    form.show_settings(LAYERS["Dense"]())
    row = form.editor("units").parentWidget()
    assert "Number of outputs" in row.toolTip()
    assert "1,000,000" in row.toolTip()


# Inspector


@pytest.fixture
def inspector(qtbot, canvas):
    inspector = Inspector(canvas.document)
    qtbot.addWidget(inspector)
    inspector.resize(280, 600)
    inspector.show()
    canvas.view.nodes_selected.connect(inspector.show_nodes)
    return inspector


def test_an_edit_of_a_setting_reaches_the_graph_and_merges(qtbot, canvas, inspector):
    node = canvas.id("dense")
    canvas.scene.select([node])
    spin = inspector.form.editor("units").spin
    spin.setValue(11)
    spin.setValue(12)
    assert canvas.graph[node].layer.units == 12
    assert canvas.document.undo_stack.count() == 1
    canvas.document.undo_stack.undo()
    assert spin.value() == 10


def test_the_form_stays_while_one_types(qtbot, canvas, inspector):
    canvas.scene.select([canvas.id("input")])
    editor = inspector.form.editor("shape")
    line = editor.line
    line.setFocus()
    line.setText("4, 4, ")
    line.setCursorPosition(2)
    line.textEdited.emit("4, 4, ")
    assert canvas.graph[canvas.id("input")].layer.shape == (4, 4)
    assert inspector.form.editor("shape") is editor
    assert line.text() == "4, 4, "
    assert line.cursorPosition() == 2


def test_a_name_that_is_taken_is_refused_with_its_reason(qtbot, canvas, inspector):
    canvas.scene.select([canvas.id("dense")])
    type_into(qtbot, inspector.name, "flatten")
    assert "already" in inspector.name_note.text()
    qtbot.keyClick(inspector.name, Qt.Key.Key_Return)
    assert "dense" in canvas.names()
    type_into(qtbot, inspector.name, "head")
    qtbot.keyClick(inspector.name, Qt.Key.Key_Return)
    assert "head" in canvas.names()
    assert canvas.document.undo_stack.count() == 1


def test_the_facts_are_grouped_and_right(canvas, inspector):
    canvas.scene.select([canvas.id("dense")])
    assert "Output: 10" in inspector.facts.text()
    assert "Parameters: 650" in inspector.facts.text()
    canvas.document.edit_graph(
        "x", canvas.graph.set_layer(canvas.id("dense"), LAYERS["Dense"].model_validate({"units": 100_000}))
    )
    assert "6,500,000" in inspector.facts.text()


def test_several_layers_of_one_type_are_edited_together(branched, qtbot):
    inspector = Inspector(branched.document)
    qtbot.addWidget(inspector)
    both = (branched.id("conv2d"), branched.id("conv2d_1"))
    inspector.show_nodes(both)
    inspector.form.editor("filters").spin.setValue(8)
    assert [branched.graph[key].layer.filters for key in both] == [8, 8]
    assert [branched.graph[key].layer.kernel_size for key in both] == [(3, 3), (5, 5)]
    assert branched.document.undo_stack.count() == 1


def test_a_problem_is_fixed_with_one_click(qtbot, branched):
    document: ProjectDocument = branched.document
    flatten = branched.id("flatten")
    document.edit_graph(
        "x", branched.graph.set_layer(branched.id("conv2d"), LAYERS["Conv2D"].model_validate({"groups": 3}))
    )
    problems = ProblemList(document)
    qtbot.addWidget(problems)
    card = next(card for card in problems.stack.cards if card.buttons)
    with qtbot.waitSignal(problems.node_activated) as told:
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert told.args == [branched.id("conv2d")]
    card.buttons[0].click()
    assert branched.graph[branched.id("conv2d")].layer.groups == 1
    assert flatten in branched.graph
    document.undo_stack.undo()
    assert branched.graph[branched.id("conv2d")].layer.groups == 3


# Palette


def test_the_palette_has_every_layer(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    assert {row.text(0) for row in palette.list.layers()} == set(placeable())
    assert set(LAYERS) >= set(placeable()) >= {"Input", "Dense", "Conv2D", "Output"}
    assert all(row.toolTip(0) and "http" not in row.toolTip(0) for row in palette.list.layers())


def test_the_palette_is_searched_and_answers_to_enter(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.show()
    qtbot.keyClicks(palette.search, "dense")
    assert palette.list.layers()[0].text(0) == "Dense"
    with qtbot.waitSignal(palette.layer_activated) as seen:
        qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert seen.args == ["Dense"]
    palette.search.setText("xyzzy layer")
    assert not palette.list.layers()


def test_enter_adds_nothing_where_no_layer_is_found(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.show()
    qtbot.keyClicks(palette.search, "dense")
    qtbot.keyClicks(palette.search, "zz")
    assert palette.nothing.isVisible()
    assert "densezz" in palette.nothing.text()
    with qtbot.assertNotEmitted(palette.layer_activated):
        qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    palette.search.setText("dense")
    assert not palette.nothing.isVisible()


def test_what_was_searched_is_replaced_by_what_is_typed_next(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.show()
    qtbot.keyClicks(palette.search, "dense")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert palette.search.selectedText() == "dense"
    qtbot.keyClicks(palette.search, "flat")
    assert palette.search.text() == "flat"
    palette.focus_search()
    assert palette.search.selectedText() == "flat"


def test_down_goes_from_the_search_into_the_list(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.show()
    qtbot.keyClicks(palette.search, "pool")
    qtbot.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.focusWidget() is palette.list
    first = palette.list.currentItem().text(0)
    qtbot.keyClick(palette.list, Qt.Key.Key_Down)
    assert palette.list.currentItem().text(0) != first
    with qtbot.waitSignal(palette.layer_activated):
        qtbot.keyClick(palette.list, Qt.Key.Key_Return)


def test_a_double_click_takes_a_layer_and_a_category_takes_none(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.resize(220, 800)
    palette.show()
    palette.list.set_open({"Core"})
    row = next(row for row in palette.list.layers() if row.text(0) == "Dense")
    spot = palette.list.visualItemRect(row).center()
    with qtbot.waitSignal(palette.layer_activated) as seen:
        qtbot.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        qtbot.mouseDClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert seen.args == ["Dense"]
    heading = palette.list.visualItemRect(palette.list.groups()[0][0]).center()
    with qtbot.assertNotEmitted(palette.layer_activated):
        qtbot.mouseDClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=heading)


def test_categories_open_and_close_with_a_click_and_say_so(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.resize(220, 800)
    palette.show()
    heads = {group.text(0): group for group, _ in palette.list.groups()}
    assert heads["Core"].isExpanded()
    assert not heads["Merging"].isExpanded()
    with qtbot.waitSignal(palette.category_opened) as told:
        qtbot.mouseClick(
            palette.list.viewport(),
            Qt.MouseButton.LeftButton,
            pos=palette.list.visualItemRect(heads["Merging"]).center(),
        )
    assert told.args == ["Merging", True]
    with qtbot.assertNotEmitted(palette.category_opened):
        palette.search.setText("pool")
        assert heads["Pooling"].isExpanded()
        assert heads["Core"].isHidden()
        palette.search.clear()
    assert heads["Merging"].isExpanded()
    assert not heads["Pooling"].isExpanded()
    palette.open_categories(lambda name, usual: name == "Pooling")
    assert [name for name, head in heads.items() if head.isExpanded()] == ["Pooling"]


def test_the_search_reads_what_is_said_of_a_layer_but_prefers_names(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.search.setText("pixels of 0 to 255")
    assert [row.text(0) for row in palette.list.layers()] == ["Rescaling"]
    palette.search.setText("conv2d")
    assert palette.list.currentItem().text(0) == "Conv2D"
    palette.search.setText("merging")
    assert "Concatenate" in {row.text(0) for row in palette.list.layers()}


def test_a_drag_carries_the_name_of_the_layer():
    mime = layer_mime("Dense")
    assert mime.hasFormat(LAYER_MIME)
    assert key_of_mime(mime) == "Dense"


def test_metrics_that_suit_the_loss_are_offered_and_those_that_are_ticked(form):
    def shown() -> set[str]:
        return {name for name, rows in form.editor("metrics").rows.items() if not rows[0].isHidden()}

    form.show_settings(Output(loss="mean_squared_error", metrics=("mae", "precision")))
    assert {"mae", "mse", "r2_score", "precision"} <= shown()
    assert not {"accuracy", "recall"} & shown()
    form.show_settings(Output(loss="binary_crossentropy", metrics=("accuracy",)))
    assert {"accuracy", "recall"} <= shown()
    assert "r2_score" not in shown()
    changes = []
    form.changed.connect(lambda settings, _: changes.append(settings.metrics))
    form.editor("metrics").boxes["recall"].click()
    assert changes == [("accuracy", "recall")]
    assert form.editor("metrics").boxes["recall"].toolTip().startswith("Of what there is to be found")


@pytest.fixture
def metrics(form, qtbot):
    """The editor of metrics, of a form that is shown again after each change, as the inspector does it."""
    form.show_settings(Output(loss="categorical_crossentropy", metrics=("accuracy", "auc(curve='PR')")))
    form.changed.connect(lambda settings, _: form.show_settings(settings))
    return form.editor("metrics")


def test_settings_of_a_metric_unfold_below_it(form, metrics):
    row = metrics.rows["auc"][0]
    assert row.note.text() == "curve='PR'"
    assert not row.note.isHidden()
    assert metrics.rows["recall"][0].more.isHidden()
    row.more.click()
    assert row.note.isHidden()
    assert row.settings_form.editor("curve").combo.currentText() == "PR"
    row.settings_form.editor("num_thresholds").spin.setValue(50)
    assert form.settings.metrics == ("accuracy", "auc(num_thresholds=50, curve='PR')")
    name = row.settings_form.editor("name").line
    name.setText("prc")
    name.textEdited.emit("prc")
    assert form.settings.metrics == ("accuracy", "auc(num_thresholds=50, curve='PR', name='prc')")
    name.setText("val_prc")
    name.textEdited.emit("val_prc")
    assert form.settings.metrics[1].endswith("name='prc')")
    row.more.click()
    assert row.form.isHidden()


def test_a_metric_can_be_had_twice(form, metrics):
    metrics.boxes["top_k_categorical_accuracy"].click()
    first = metrics.rows["top_k_categorical_accuracy"][0]
    first.more.click()
    first.settings_form.editor("k").spin.setValue(3)
    first.repeated.emit()
    first, second = metrics.rows["top_k_categorical_accuracy"]
    assert second.more.isChecked()
    second.settings_form.editor("k").spin.setValue(2)
    assert form.settings.metrics[1:3] == ("top_k_categorical_accuracy(k=3)", "top_k_categorical_accuracy(k=2)")
    first.box.click()
    assert form.settings.metrics == ("accuracy", "top_k_categorical_accuracy(k=2)", "auc(curve='PR')")
    assert [row.box.isChecked() for row in metrics.rows["top_k_categorical_accuracy"]] == [True]


def test_a_threshold_begins_in_the_middle(form, metrics):
    metrics.boxes["precision"].click()
    row = metrics.rows["precision"][0]
    row.more.click()
    row.settings_form.editor("thresholds").box.click()
    assert "precision(thresholds=0.5)" in form.settings.metrics
