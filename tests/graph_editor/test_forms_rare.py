"""Settings that few layers have: functions with arguments, layers within layers, lists, words, open sizes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from engine.layers.core import Dense, Input, Output
from engine.layers.regularization import Dropout
from engine.project import Project
from engine.templates import chain
from graph_editor.document import ProjectDocument
from graph_editor.forms.form import SettingsForm
from graph_editor.forms.texts import TextsDialog
from graph_editor.inspector import Inspector

from .layers import Holding, Remembering, Wrapping


@pytest.fixture
def form_of(qtbot):
    def make(settings):
        form = SettingsForm()
        qtbot.addWidget(form)
        form.show_settings(settings)
        form.show()
        return form

    return make


def type_into(qtbot, line, text: str) -> None:
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)


def test_advanced_settings_are_folded_away_until_asked_for(qtbot, form_of):
    form = form_of(Remembering())
    assert form.editor("units").isVisible()
    assert form.editor("trainable").isVisible()
    assert not form.editor("kernel_initializer").isVisible()
    with qtbot.waitSignal(form.unfolded) as told:
        qtbot.mouseClick(form._fold, Qt.MouseButton.LeftButton)
    assert told.args == [True]
    assert form.editor("kernel_initializer").isVisible()
    form.show_settings(Dense())
    assert form.editor("kernel_initializer").isVisible()


def test_the_fold_says_how_much_behind_it_was_changed(form_of):
    form = form_of(Remembering(kernel_regularizer="l2(0.1)", kernel_initializer="ones"))
    assert "2 changed" in form._fold.text()
    form.show_settings(Remembering())
    assert "changed" not in form._fold.text()


def test_a_layer_is_kept_in_float32_behind_the_fold_and_one_within_another_as_that_is(qtbot, form_of):
    form = form_of(Wrapping())
    form.unfold(True)
    dtype, inner = form.editor("dtype"), form.editor("layer").form
    assert dtype.isVisible()
    assert "dtype" not in inner._rows
    assert "dtype" in form_of(Dense())._rows
    assert "dtype" not in form_of(Output())._rows
    assert [*form_of(Input())._rows] == ["shape", "dtype", "batch_size"]
    dtype.box.click()
    assert form.settings == Wrapping(dtype="float32")
    dtype.box.click()
    assert form.settings == Wrapping()


def test_a_function_is_typed_with_its_arguments_and_stays_as_typed(qtbot, form_of):
    form = form_of(Remembering())
    form.unfold(True)
    line = form.editor("kernel_regularizer").line
    assert line.text() == "none"
    type_into(qtbot, line, "l2(0.5)")
    assert form.settings.kernel_regularizer == "l2(l2=0.5)"
    assert line.text() == "l2(0.5)"
    type_into(qtbot, line, "l3(0.5)")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert "must be one of" in form.refusal("kernel_regularizer")
    assert form.settings.kernel_regularizer == "l2(l2=0.5)"
    type_into(qtbot, line, "l2(size=1)")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert "l2 takes" in form.refusal("kernel_regularizer")
    type_into(qtbot, line, "none")
    assert form.settings.kernel_regularizer is None
    assert form.refusal("kernel_regularizer") == ""


def test_a_function_is_chosen_from_the_list(form_of):
    form = form_of(Remembering())
    combo = form.editor("kernel_initializer").combo
    combo.setCurrentText("ones")
    combo.textActivated.emit("ones")
    assert form.settings.kernel_initializer == "ones"


def test_the_layer_that_a_layer_holds_is_chosen_and_edited(form_of):
    form = form_of(Wrapping())
    editor = form.editor("layer")
    kinds = [editor.kind.itemText(index) for index in range(editor.kind.count())]
    assert "Dropout" in kinds
    assert "Input" not in kinds
    assert "Output" not in kinds
    seen = []
    form.changed.connect(lambda settings, path: seen.append(path))
    editor.form.editor("units").spin.setValue(5)
    assert form.settings.layer == Dense(units=5)
    editor.kind.setCurrentText("Dropout")
    editor.kind.textActivated.emit("Dropout")
    assert form.settings.layer == Dropout()
    form.show_settings(form.settings)
    editor.form.editor("rate").line.setText("0.25")
    editor.form.editor("rate").take("0.25")
    assert form.settings.layer == Dropout(rate=0.25)
    assert seen == ["layer.units", "layer.type", "layer.rate"]


def test_a_layer_that_may_be_left_out_is_shown_only_where_it_is_there(form_of):
    form = form_of(Wrapping())
    editor = form.editor("backward")
    assert not editor.inner.isVisible()
    editor.box.setChecked(True)
    assert form.settings.backward is not None
    assert editor.inner.isVisible()
    editor.box.setChecked(False)
    assert form.settings.backward is None


def test_layers_in_a_row_are_added_moved_and_taken_away(form_of):
    form = form_of(Holding(layers=(Dense(units=1), Dropout())))
    editor = form.editor("layers")
    editor.add.click()
    assert [type(layer) for layer in form.settings.layers] == [Dense, Dropout, Dropout]
    form.show_settings(form.settings)
    editor._move(0, 1)
    assert [type(layer) for layer in form.settings.layers] == [Dropout, Dense, Dropout]
    form.show_settings(form.settings)
    editor.editors[1].form.editor("units").spin.setValue(3)
    assert form.settings.layers[1] == Dense(units=3)
    form.show_settings(form.settings)
    editor._remove(0)
    assert form.settings.layers == (Dense(units=3), Dropout())
    form.show_settings(form.settings)
    assert len(editor.editors) == 2


def test_numbers_and_open_sizes_are_read(form_of, qtbot):
    form = form_of(Holding())
    type_into(qtbot, form.editor("points").line, "0, 1/4, 1e-3")
    assert form.settings.points == (0.0, 0.25, 0.001)
    line = form.editor("shape").line
    assert line.text() == "?, 8"
    type_into(qtbot, line, "? x 3")
    assert form.settings.shape == (None, 3)
    assert line.text() == "? x 3"


def test_words_are_edited_one_a_line(form_of, monkeypatch):
    form = form_of(Holding(words=("a", "b")))
    editor = form.editor("words")
    assert editor.count.text() == "2"

    def typed(dialog):
        assert dialog.box.toPlainText() == "a\nb"
        dialog.box.setPlainText("a\n\nb\n[UNK] c\n")
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(TextsDialog, "exec", typed)
    editor.button.click()
    assert form.settings.words == ("a", "b", "[UNK] c")


def test_every_edit_of_an_inner_layer_is_an_undo_step_of_its_own(qtbot):
    graph, last = chain(Input(shape=(4,)), Wrapping())
    document = ProjectDocument(Project(graph))
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.show_nodes([last])
    editor = inspector.form.editor("layer")
    editor.form.editor("units").spin.setValue(9)
    editor.form.editor("units").spin.setValue(10)
    editor.form.editor("use_bias").box.setChecked(False)
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert document.graph[last].layer.layer == Dense(units=10)
    assert editor.form.editor("use_bias").box.isChecked()
    document.undo_stack.undo()
    assert document.graph[last].layer.layer == Dense()


def test_a_layer_without_weights_offers_no_freezing(qtbot):
    graph, last = chain(Input(shape=(4,)), Dense(trainable=False))
    document = ProjectDocument(Project(graph))
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.show_nodes([last])
    assert not inspector.form.editor("trainable").box.isChecked()
    assert "Trainable: 0" in inspector.facts.text()
    inspector.show_nodes(list(document.graph.nodes)[:1])
    assert "trainable" not in inspector.form._rows
