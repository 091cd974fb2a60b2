"""All shortcuts: looked up by what an action is called or by its keys, and changed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions

_NAME = Qt.ItemDataRole.UserRole
_NATIVE = QKeySequence.SequenceFormat.NativeText


class ShortcutEditor(QDialog):
    """A row for each action with its keys; for the chosen one the keys are set anew, taken away or reset.

    That keys belong to another action is said before they are taken from it. Keys without Ctrl or Alt work on the
    canvas only.
    """

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.resize(560, 600)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search by name or keys"))
        self.search.setAccessibleName(self.search.placeholderText())
        self.search.setClearButtonEnabled(True)
        self.list = self._made_list()
        self.field = QKeySequenceEdit()
        self.field.setMaximumSequenceLength(1)
        self.field.setAccessibleName(self.tr("New keys"))
        self.field.installEventFilter(self)
        self.set = QPushButton(self.tr("Set"))
        self.clear = QPushButton(self.tr("No keys"))
        self.reset = QPushButton(self.tr("Reset"))
        self.note = QLabel(wordWrap=True)
        self.note.setMinimumHeight(self.fontMetrics().height() * 2)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.reset_all = self.buttons.addButton(self.tr("Reset all"), QDialogButtonBox.ButtonRole.ResetRole)
        for button in self.buttons.buttons():
            button.setAutoDefault(False)  # pyright: ignore[reportAttributeAccessIssue]
        self._lay_out()
        self.search.textChanged.connect(self._filter)
        self.list.currentItemChanged.connect(self._show_chosen)
        self.field.keySequenceChanged.connect(self._show_clash)
        self.set.clicked.connect(self._set)
        self.clear.clicked.connect(lambda: self._give(()))
        self.reset.clicked.connect(lambda: self._give(None))
        self.reset_all.clicked.connect(self._reset_all)
        self.buttons.rejected.connect(self.reject)
        self._fill()
        self.search.setFocus()

    def _made_list(self) -> QTreeWidget:
        found = QTreeWidget()
        found.setRootIsDecorated(False)
        found.setHeaderLabels([self.tr("Action"), self.tr("Keys")])
        found.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        found.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        found.header().setStretchLastSection(False)
        found.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        found.setUniformRowHeights(True)
        found.setAccessibleName(self.tr("Actions and their keys"))
        return found

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        for button in (self.set, self.clear, self.reset):
            button.setAutoDefault(False)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addLayout(row)
        layout.addWidget(self.note)
        layout.addWidget(self.buttons)

    def _fill(self) -> None:
        chosen = self._chosen()
        self.list.clear()
        for action in self._actions.all():
            name = action.objectName()
            item = QTreeWidgetItem([self._actions.full_text(name), self._keys(name)])
            item.setData(0, _NAME, name)
            item.setToolTip(0, action.whatsThis())
            if self._actions.changed(name):
                font = item.font(1)
                font.setBold(True)
                item.setFont(1, font)
                item.setToolTip(1, self.tr("Changed by you"))
            self.list.addTopLevelItem(item)
            if name and name == chosen:
                self.list.setCurrentItem(item)
        for text, keys in self._fixed():
            item = QTreeWidgetItem([text, keys])
            item.setData(0, _NAME, "")
            item.setToolTip(1, self.tr("Always these keys"))
            self.list.addTopLevelItem(item)
        if self.list.currentItem() is None:
            self.list.setCurrentItem(self._items()[0])
        self._filter(self.search.text())
        self._show_chosen()

    def _fixed(self) -> list[tuple[str, str]]:
        """What keys do on the canvas that mean the same everywhere."""
        return [
            (self.tr("On the canvas: go along the wires, or to the next layer aside"), self.tr("Arrows")),
            (self.tr("On the canvas: select one more layer"), self.tr("Shift+arrows")),
            (self.tr("On the canvas: move the selected layers"), self.tr("Alt+arrows")),
            (self.tr("On the canvas: look into a model, or rename a layer"), self.tr("Enter")),
            (self.tr("On the canvas: give up, select nothing, leave a model"), self.tr("Escape")),
            (self.tr("On the canvas: add a layer"), self.tr("Tab, Space")),
        ]

    def _keys(self, name: str) -> str:
        return ", ".join(QKeySequence(keys).toString(_NATIVE) for keys in self._actions.keys(name))

    def _chosen(self) -> str:
        item = self.list.currentItem()
        return "" if item is None else item.data(0, _NAME)

    def _items(self) -> list[QTreeWidgetItem]:
        items = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        return [item for item in items if item is not None]

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for item in self._items():
            said = f"{item.text(0)} {item.text(1)}".lower()
            item.setHidden(not all(word in said for word in words))

    def _show_chosen(self) -> None:
        name = self._chosen()
        self.field.setKeySequence(QKeySequence())
        self.note.setText("")
        for widget in (self.field, self.set, self.clear):
            widget.setEnabled(bool(name))
        self.reset.setEnabled(bool(name) and self._actions.changed(name))
        self.set.setEnabled(False)

    def _show_clash(self, keys: QKeySequence) -> None:
        other = self._actions.owner_of(keys.toString(), but=self._chosen())
        self.set.setEnabled(not keys.isEmpty())
        text = self.tr("{0} belongs to “{1}”, which loses it.")
        self.note.setText(text.format(keys.toString(_NATIVE), self._actions.full_text(other)) if other else "")

    def _set(self) -> None:
        keys, chosen = self.field.keySequence().toString(), self._chosen()
        other = self._actions.owner_of(keys, but=chosen)
        if other:
            self._actions.set_keys(other, tuple(old for old in self._actions.keys(other) if old != keys))
        self._give((keys,))

    def _give(self, keys: tuple[str, ...] | None) -> None:
        self._actions.set_keys(self._chosen(), keys)
        self._fill()

    def _reset_all(self) -> None:
        for action in self._actions.all():
            self._actions.set_keys(action.objectName(), None)
        self._fill()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter in the field sets its keys; Tab leaves it, as everywhere."""
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
                if self.set.isEnabled():
                    self._set()
                return True
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self.focusNextPrevChild(event.key() == Qt.Key.Key_Tab)
                return True
        return super().eventFilter(watched, event)
