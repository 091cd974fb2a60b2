"""The editor of things to be ticked that have settings of their own, which unfold below each."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.fields import CallsOf, FieldSpec, Settings
from graph_editor.forms.base import FieldEditor
from graph_editor.forms.layers import MakeForm, indented
from graph_editor.words import said


class CallRow(QWidget):
    """One thing: a box to tick it, what is set of it, and the form of its settings where that is unfolded."""

    ticked = Signal(bool)
    set = Signal(str, str)
    """Its new text, and the setting that was changed."""
    repeated = Signal()
    """Another of the same kind is wanted."""

    def __init__(self, calls: CallsOf, name: str, about: str, make_form: MakeForm) -> None:
        super().__init__()
        self.name, self._calls, self._make_form = name, calls, make_form
        self._text: str | None = None
        self.form: QWidget | None = None
        self.box = QCheckBox(name.replace("_", " "))
        self.box.setToolTip(about)
        self.box.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )  # no name makes the form wider
        self.box.toggled.connect(self.ticked)
        self.more = QToolButton()
        self.more.setAutoRaise(True)
        self.more.setCheckable(True)
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setToolTip(self.tr("Settings"))
        self.more.setAccessibleName(self.tr("Settings of {0}").format(self.box.text()))
        self.more.toggled.connect(self._unfold)
        self.note = QLabel()
        self.note.setProperty("muted", True)
        self.note.setWordWrap(True)
        self.note.setIndent(24)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.box, 1)
        head.addWidget(self.more)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addLayout(head)
        self._column.addWidget(self.note)

    def show_text(self, text: str | None) -> None:
        """Show it as it is ticked; None where it is not."""
        self._text = text
        self.box.blockSignals(True)
        self.box.setChecked(text is not None)
        self.box.blockSignals(False)
        self.more.setVisible(text is not None)
        if text is None:
            self.more.setChecked(False)
        self._show()

    def _show(self) -> None:
        changed = (self._text or self.name).removeprefix(self.name)[1:-1]
        self.note.setText(changed)
        self.note.setVisible(bool(changed) and not self.more.isChecked())
        if self._text is not None and self.more.isChecked():
            if self.form is None:
                self._make()
            self.settings_form.show_settings(self._calls.read(self._text)[1])
        if self.form is not None:
            self.form.setVisible(self.more.isChecked())

    def _make(self) -> None:
        self.settings_form = self._make_form()
        self.settings_form.changed.connect(self._changed)
        again = QPushButton(self.tr("One more of these"))
        again.setToolTip(self.tr("Have it a second time, with other settings"))
        again.clicked.connect(self.repeated)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 6)
        column.setSpacing(6)
        column.addWidget(self.settings_form)
        column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        self.form = indented(content)
        self._column.addWidget(self.form)

    def _unfold(self, on: bool) -> None:
        self.more.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._show()

    def _changed(self, settings: Settings, path: str) -> None:
        self.set.emit(self._calls.write(self.name, settings), path)


class CallsEditor(FieldEditor):
    """Any of a few things, to be ticked; each has settings, and can be had several times."""

    tall = True

    def __init__(self, spec: FieldSpec, make_form: MakeForm) -> None:
        super().__init__(spec)
        assert spec.calls is not None
        self._calls, self._make_form = spec.calls, make_form
        self._texts: tuple[str, ...] = ()
        self._offered = spec.choices
        self._columns: dict[str, QVBoxLayout] = {}
        self.rows: dict[str, list[CallRow]] = {}
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.row.addLayout(column)
        for name in spec.choices:
            own = self._columns[name] = QVBoxLayout()
            own.setSpacing(2)
            column.addLayout(own)
            self.rows[name] = []
            self._add_row(name)

    @property
    def boxes(self) -> dict[str, QCheckBox]:
        """The first box of each."""
        return {name: rows[0].box for name, rows in self.rows.items()}

    def _add_row(self, name: str) -> None:
        about = self.spec.says[self.spec.choices.index(name)] if self.spec.says else ""
        row, place = CallRow(self._calls, name, said(about), self._make_form), len(self.rows[name])
        row.ticked.connect(partial(self._tick, name, place))
        row.set.connect(partial(self._set, name, place))
        row.repeated.connect(partial(self._repeat, name, place))
        self.rows[name].append(row)
        self._columns[name].addWidget(row)

    def offer(self, choices: tuple[str, ...] | None) -> None:
        self._offered = self.spec.choices if choices is None else choices

    def set_value(self, value: Any) -> None:
        """What is ticked is shown even if it is not offered, so that it can be taken away."""
        self._texts = tuple(value)
        for name, rows in self.rows.items():
            texts = [self._texts[place] for place in self._places(name)]
            while len(rows) < len(texts):
                self._add_row(name)
            while len(rows) > max(1, len(texts)):
                row = rows.pop()
                self._columns[name].removeWidget(row)
                row.hide()
                row.deleteLater()
            for row, text in zip(rows, [*texts, *[None] * len(rows)], strict=False):
                row.show_text(text)
                row.setVisible(text is not None or name in self._offered)
        first = next((rows[0].box for name, rows in self.rows.items() if name in self._offered), None)
        self.setFocusProxy(first)  # pyright: ignore[reportArgumentType]

    def start(self) -> tuple[str, ...]:
        return ()

    def _places(self, name: str) -> list[int]:
        """Where in the value the things of a kind are."""
        return [place for place, text in enumerate(self._texts) if text.partition("(")[0] == name]

    def _tick(self, name: str, number: int, on: bool) -> None:
        if on:
            self._add(name)
        else:
            place = self._places(name)[number]
            self._tell((*self._texts[:place], *self._texts[place + 1 :]), "")

    def _set(self, name: str, number: int, text: str, path: str) -> None:
        place = self._places(name)[number]
        self._tell((*self._texts[:place], text, *self._texts[place + 1 :]), f".{name}[{number}].{path}")

    def _repeat(self, name: str, number: int) -> None:
        self._add(self._texts[self._places(name)[number]])
        self.rows[name][-1].more.setChecked(True)

    def _add(self, text: str) -> None:
        """Add one behind those of its kind, which stand in the order in which they are offered."""
        order = [*self.spec.choices]
        texts = sorted((*self._texts, text), key=lambda each: order.index(each.partition("(")[0]))
        self._tell(tuple(texts), "")

    def _tell(self, texts: tuple[str, ...], touched: str) -> None:
        self.touched = touched
        self.edited.emit(texts)
        if not touched:
            self.finished.emit()
