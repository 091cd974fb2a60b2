"""The callbacks of a run as switches, with their settings below those that are on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QVBoxLayout, QWidget

from engine.callbacks import CALLBACKS, WATCHED, Callback, Callbacks
from engine.fields import Settings, describe
from graph_editor.forms.form import SettingsForm
from graph_editor.words import said


class CallbackSwitch(QWidget):
    """One callback: a switch, and a form that is seen while it is on."""

    changed = Signal(object, str)
    """The settings, None for off, and the name of the field that was edited."""

    def __init__(self, kind: type[Callback], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = kind
        self.switch = QCheckBox(said(kind.title))
        self.switch.setToolTip(said((kind.__doc__ or "").split("\n")[0]))
        self.form = SettingsForm()
        self.form.translate_labels()
        self.form.setContentsMargins(22, 0, 0, 6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.switch)
        layout.addWidget(self.form)
        self.switch.clicked.connect(lambda on: self.changed.emit(kind() if on else None, ""))
        self.form.changed.connect(self.changed)

    def show_callback(self, callback: Callback | None) -> None:
        """Show the settings of the callback, None where it is not used."""
        self.switch.setChecked(callback is not None)
        self.form.setVisible(callback is not None and bool(describe(self._kind)))
        if callback is not None:
            self.form.show_settings(callback)


class CallbacksForm(QWidget):
    """Edits `Callbacks`."""

    changed = Signal(object, str)
    """The callbacks, and what was edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._callbacks = Callbacks()
        self._figures: tuple[str, ...] = ()
        self._seen: tuple[Callbacks, tuple[str, ...]] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        label = QLabel(self.tr("Watched figure"))
        label.setWordWrap(True)
        self.monitor = QComboBox()
        self.monitor.setToolTip(said(Callbacks.model_fields["monitor"].description or ""))
        label.setBuddy(self.monitor)
        layout.addWidget(label)
        layout.addWidget(self.monitor)
        self.monitor.textActivated.connect(lambda name: self._change(name, "monitor"))
        self.switches = {name: CallbackSwitch(kind) for name, kind in CALLBACKS.items()}
        for name, switch in self.switches.items():
            layout.addWidget(switch)
            switch.changed.connect(lambda value, field, name=name: self._change(value, name, field))

    def show_callbacks(self, callbacks: Callbacks, figures: Sequence[str]) -> None:
        """Show callbacks for a run that will have these figures."""
        if (callbacks, tuple(figures)) == self._seen:
            return
        self._seen = callbacks, tuple(figures)
        self._callbacks = callbacks
        names = tuple(dict.fromkeys((WATCHED, *figures, callbacks.monitor)))
        if names != self._figures:
            self._figures = names
            self.monitor.clear()
            self.monitor.addItems(list(names))
        self.monitor.setCurrentText(callbacks.monitor)
        for name, switch in self.switches.items():
            switch.show_callback(getattr(callbacks, name))

    def _change(self, value: Settings | str | None, name: str, field: str = "") -> None:
        changed = self._callbacks.replace(**{name: value})
        if changed != self._callbacks:
            self.changed.emit(changed, f"{name}.{field}" if field else name)
