"""Editors of settings that hold layers: one, several, or a whole graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.fields import FieldSpec, Settings
from engine.graph import Graph
from engine.inference import infer
from engine.layer import Layer
from engine.registry import LAYERS, by_category
from graph_editor.captions import layer_count, sentence_of
from graph_editor.forms.base import FIELD_HEIGHT, ComboBox, FieldEditor

if TYPE_CHECKING:
    from graph_editor.forms.form import SettingsForm

MakeForm = Callable[[], "SettingsForm"]
Accepts = Callable[[Any], bool]
"""Whether a setting would take a value."""


def fitting(accepts: Accepts) -> tuple[str, ...]:
    """The types of layers that a setting takes."""
    return tuple(name for name, made in _samples() if accepts(made))


def _samples() -> Iterable[tuple[str, Layer]]:
    for name, cls in by_category().items():
        if cls.has_output and cls.max_inputs != 0:
            try:
                yield name, cls()
            except ValidationError:  # a layer that cannot be made without being told more
                continue


def retyped(layer: Layer | None, name: str) -> Layer:
    """A layer of another type, with those settings of the one before that it has too."""
    cls = LAYERS[name]
    shared = (
        {} if layer is None else {f: getattr(layer, f) for f in cls.model_fields if f in type(layer).model_fields}
    )
    try:
        return cls(**shared)
    except ValidationError:
        return cls()


class LayerEditor(FieldEditor):
    """The type of a layer, and below it the settings of its own."""

    tall = True

    def __init__(self, spec: FieldSpec, accepts: Accepts, make_form: MakeForm) -> None:
        super().__init__(spec)
        self._accepts = accepts
        self._layer: Layer | None = None
        self.kind = ComboBox()
        self.kind.setAccessibleName(self.tr("Type of the layer"))
        self.kind.textActivated.connect(self._chosen)
        self.form = make_form()
        self.form.changed.connect(self._form_changed)
        self.head = QHBoxLayout()
        self.head.setSpacing(2)
        self.head.addWidget(self.kind, 1)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addLayout(self.head)
        column.addWidget(indented(self.form))
        self.row.addLayout(column)
        self.setFocusProxy(self.kind)

    def set_value(self, value: Any) -> None:
        if not self.kind.count():
            self._fill()
        name = value.type_name()
        self._layer = value
        if self.kind.findText(name) < 0:
            self.kind.addItem(name)
        self.kind.setCurrentText(name)
        inner = type(value).model_fields.keys() - {"dtype"}  # which is that of the layer around
        self.form.show_settings(value, only=inner)

    def start(self) -> Layer | None:
        if not self.kind.count():
            self._fill()
        return LAYERS[self.kind.itemText(0)]() if self.kind.count() else None

    def _fill(self) -> None:
        for name in fitting(self._accepts):
            self.kind.addItem(name)
            index = self.kind.count() - 1
            self.kind.setItemData(index, sentence_of(LAYERS[name]), Qt.ItemDataRole.ToolTipRole)

    def _chosen(self, name: str) -> None:
        if self._layer is None or name != self._layer.type_name():
            self._tell(retyped(self._layer, name), ".type")

    def _form_changed(self, settings: Settings, path: str) -> None:
        self._tell(settings, f".{path}")

    def _tell(self, layer: Settings, touched: str) -> None:
        self.touched = touched
        self.edited.emit(layer)
        self.finished.emit()


class LayersEditor(FieldEditor):
    """Several layers, one below the other, to be added, taken away and moved."""

    tall = True

    def __init__(self, spec: FieldSpec, accepts: Accepts, make_form: MakeForm) -> None:
        super().__init__(spec)
        self._accepts = accepts
        self._make_form = make_form
        self._layers: tuple[Layer, ...] = ()
        self.editors: list[LayerEditor] = []
        self.add = QPushButton(self.tr("Add a layer"))
        self.add.clicked.connect(self._add)
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        self._column.addWidget(self.add)
        self.row.addLayout(self._column)
        self.setFocusProxy(self.add)

    def set_value(self, value: Any) -> None:
        self._layers = tuple(value)
        while len(self.editors) > len(self._layers):
            editor = self.editors.pop()
            self._column.removeWidget(editor)
            editor.hide()
            editor.deleteLater()
        while len(self.editors) < len(self._layers):
            self.editors.append(self._new_editor(len(self.editors)))
            self._column.insertWidget(self._column.count() - 1, self.editors[-1])
        for editor, layer in zip(self.editors, self._layers, strict=True):
            editor.set_value(layer)

    def start(self) -> tuple[Layer, ...]:
        return ()

    def _new_editor(self, index: int) -> LayerEditor:
        editor = LayerEditor(self.spec, lambda layer: self._accepts((*self._layers, layer)), self._make_form)
        editor.edited.connect(partial(self._changed, index, editor))
        for text, tip, slot in (
            ("↑", self.tr("Up"), partial(self._move, index, -1)),
            ("↓", self.tr("Down"), partial(self._move, index, 1)),
            ("✕", self.tr("Remove"), partial(self._remove, index)),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setAutoRaise(True)
            button.clicked.connect(slot)
            editor.head.addWidget(button)
        return editor

    def _changed(self, index: int, editor: LayerEditor, layer: Layer) -> None:
        self._tell((*self._layers[:index], layer, *self._layers[index + 1 :]), f"[{index}]{editor.touched}")

    def _move(self, index: int, by: int) -> None:
        if 0 <= index + by < len(self._layers):
            layers = list(self._layers)
            layers[index], layers[index + by] = layers[index + by], layers[index]
            self._tell(tuple(layers), f"[{index}].moved")

    def _remove(self, index: int) -> None:
        self._tell((*self._layers[:index], *self._layers[index + 1 :]), f"[{len(self._layers)}].removed")

    def _add(self) -> None:
        names = [] if self._layers else list(fitting(lambda layer: self._accepts((layer,))))
        new = self._layers[-1] if self._layers else LAYERS[names[0]]() if names else None
        if new is not None:
            self._tell((*self._layers, new), f"[{len(self._layers)}].added")

    def _tell(self, layers: tuple[Layer, ...], touched: str) -> None:
        self.touched = touched
        self.edited.emit(layers)
        self.finished.emit()


class GraphEditor(FieldEditor):
    """Says how large a graph is that a setting holds; it is edited on the canvas."""

    tall = True
    opened = Signal()

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.about = QLabel()
        self.button = QPushButton(self.tr("Open"))
        self.button.setToolTip(self.tr("Show what is inside on the canvas"))
        self.button.setMinimumHeight(FIELD_HEIGHT)
        self.button.clicked.connect(self.opened)
        self.row.addWidget(self.about, 1)
        self.row.addWidget(self.button)
        self.setFocusProxy(self.button)

    def set_value(self, value: Graph) -> None:
        parameters = infer(value).parameters
        self.about.setText(self.tr("{0}, {1} parameters").format(layer_count(value), f"{parameters:,}"))


def indented(widget: QWidget) -> QWidget:
    """A widget moved to the right, with a line along its side that says what it belongs to."""
    holder = QWidget()
    line = QFrame()
    line.setProperty("rule", True)
    line.setFixedWidth(1)
    line.setMaximumHeight(16777215)
    line.setStyleSheet("max-height: 16777215px;")
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(4, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(line)
    layout.addWidget(widget, 1)
    return holder
