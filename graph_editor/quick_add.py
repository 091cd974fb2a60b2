"""The search box on the canvas: type what comes next, Enter puts it there and wires it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QListWidgetItem, QWidget

from graph_editor.captions import sentence_of
from graph_editor.search import BLOCKS
from graph_editor.search_popup import COLOR, FAINT, SAID, VALUE, SearchPopup
from graph_editor.suggestions import Suggestion
from graph_editor.theme import category_color, current
from graph_editor.words import said

_WIDTH = 360


class QuickAdd(SearchPopup):
    """The layers that match, at a place of the canvas.

    Tab takes what is chosen as Enter does: what is typed next would else be keys of the canvas.
    `suggest` gives the layers for what was typed, `chosen` is called with the one that is taken.
    """

    taking = (*SearchPopup.taking, Qt.Key.Key_Tab)

    def __init__(
        self,
        canvas: QWidget,
        at: QPoint,
        suggest: Callable[[str], list[Suggestion]],
        chosen: Callable[[Suggestion], object],
    ) -> None:
        self._suggest = suggest
        self._chosen = chosen
        super().__init__(canvas, at, _WIDTH)
        self.search.setPlaceholderText(self.tr("Layer and its settings, such as conv2d 64 3"))
        self.search.setAccessibleName(self.tr("Add a layer"))

    def rows(self, text: str) -> list[QListWidgetItem]:
        return [_row(suggestion) for suggestion in self._suggest(text)]

    def suggestions(self) -> list[Suggestion]:
        """What is listed, from the top."""
        listed = (self.list.item(row).data(VALUE) for row in range(self.list.count()))
        return [value for value in listed if value is not None]

    def nothing(self, text: str) -> str:
        return self.tr("No layer matches “{0}”").format(text)

    def take(self, value: object) -> None:
        assert isinstance(value, Suggestion)
        self._chosen(value)

    def give_back(self) -> None:
        view = self._host.parentWidget()
        if view is not None:
            view.setFocus(Qt.FocusReason.PopupFocusReason)


def _row(suggestion: Suggestion) -> QListWidgetItem:
    layer = suggestion.layer
    item = QListWidgetItem(suggestion.title)
    item.setData(VALUE, suggestion)
    item.setData(SAID, suggestion.said or said(BLOCKS if suggestion.name else layer.category))
    item.setData(COLOR, category_color(layer.category, current()))
    item.setData(FAINT, not suggestion.fits)
    if suggestion.refused:
        item.setFlags(Qt.ItemFlag.NoItemFlags)
    item.setToolTip(suggestion.said if not suggestion.fits else sentence_of(type(layer)))
    return item
