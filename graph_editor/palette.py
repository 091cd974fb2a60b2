"""The palette: every layer there is, by category, to be searched, dragged and put on the canvas."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QDrag, QFontMetricsF, QIcon, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from engine.layer import Layer
from engine.layers.nested import Functional
from engine.registry import LAYERS, by_category
from graph_editor import search
from graph_editor.block_rows import delete, fill_rows, is_own, rename, show_menu
from graph_editor.blocks import Blocks
from graph_editor.captions import sentence_of
from graph_editor.fonts import card_fonts
from graph_editor.search import BLOCKS
from graph_editor.theme import category_color, color, current, theme_notifier
from graph_editor.words import said

LAYER_MIME = "application/x-layerloom-layer"
_TYPE = Qt.ItemDataRole.UserRole
_CATEGORY = Qt.ItemDataRole.UserRole + 1
_ROW_HEIGHT = 23
_LONGEST = 24
"""Letters of a search in vain that are repeated."""
_COMMON = (BLOCKS, "Input and output", "Core", "Convolution")
"""The categories that are open until the user says otherwise."""


def layer_mime(type_name: str) -> QMimeData:
    """What a drag from the palette carries."""
    mime = QMimeData()
    mime.setData(LAYER_MIME, type_name.encode())
    return mime


def key_of_mime(mime: QMimeData) -> str:
    """The name of the layer, or the key of the block, that a drag carries; nothing where it carries neither."""
    return bytes(mime.data(LAYER_MIME).data()).decode(errors="replace") if mime.hasFormat(LAYER_MIME) else ""


def placeable() -> dict[str, type[Layer]]:
    """The layers that can be put on the canvas; others are only parts of such."""
    return {name: layer for name, layer in by_category().items() if layer.placeable}


class Palette(QWidget):
    """A search field above the list of layers."""

    layer_activated = Signal(str)
    """Name of the layer that was double-clicked, or chosen with Enter."""
    category_opened = Signal(str, bool)
    """A category was opened, or closed, by hand."""

    def __init__(self, parent: QWidget | None = None, blocks: Blocks | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Search layers"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search layers"))
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._activate_current)
        self.search.installEventFilter(self)
        self.list = _LayerList(self, blocks or Blocks(parent=self))
        self.list.activated_layer.connect(self.layer_activated)
        self.list.category_opened.connect(self.category_opened)
        self.nothing = QLabel(self)
        self.nothing.setTextFormat(Qt.TextFormat.PlainText)
        self.nothing.setWordWrap(True)
        self.nothing.setProperty("muted", True)
        self.nothing.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.search)
        layout.addWidget(self.nothing)
        layout.addWidget(self.list, 1)
        theme_notifier.changed.connect(self.list.paint_swatches)

    def open_categories(self, is_open: Callable[[str, bool], bool]) -> None:
        """Open and close the categories; `is_open` is given the name of each, and what it would be by itself."""
        self.list.set_open({name for name in self.list.categories() if is_open(name, name in _COMMON)})

    def focus_search(self) -> None:
        """Put the cursor into the search field; what is typed next takes the place of the old text."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down:
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                self.list.choose_first(keep=True)
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        self.list.filter(text)
        self.list.choose_first(keep=False)
        typed = text.strip()
        found = bool(self.list.layers())
        shown = typed if len(typed) <= _LONGEST else typed[:_LONGEST] + "…"
        self.nothing.setText("" if found else self.tr("No layer is called “{0}”.").format(shown))
        self.nothing.setVisible(not found)

    def _activate_current(self) -> None:
        self.list.choose_first(keep=True)
        item = self.list.currentItem()
        if item is not None and item in self.list.layers():
            self.layer_activated.emit(item.data(0, _TYPE))
            self.search.selectAll()


class _LayerList(QTreeWidget):
    """Categories that open and close, and under them the layers that can be dragged away."""

    activated_layer = Signal(str)
    category_opened = Signal(str, bool)

    def __init__(self, parent: QWidget, blocks: Blocks) -> None:
        super().__init__(parent)
        self.blocks = blocks
        self.setObjectName("layers")
        self.setHeaderHidden(True)
        self.setIndentation(6)
        self.setRootIsDecorated(False)
        self.setIconSize(QSize(9, 20))
        self.setDragEnabled(True)
        self.setDragDropMode(QTreeWidget.DragDropMode.DragOnly)
        self.setExpandsOnDoubleClick(False)
        self.setUniformRowHeights(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Layers"))
        self._searching = False
        self._open: set[str] = set(_COMMON)
        self._own = self._add_group(BLOCKS)
        self._fill()
        self._fill_own()
        blocks.changed.connect(self._fill_own)
        self.itemDoubleClicked.connect(self._activate)
        self.itemClicked.connect(self._clicked)
        self.itemExpanded.connect(self._turned)
        self.itemCollapsed.connect(self._turned)

    def _fill(self) -> None:
        groups: dict[str, QTreeWidgetItem] = {}
        for name, layer in placeable().items():
            if layer.category not in groups:
                groups[layer.category] = self._add_group(layer.category)
            item = QTreeWidgetItem(groups[layer.category], [name])
            item.setData(0, _TYPE, name)
            item.setToolTip(0, sentence_of(layer))
            item.setSizeHint(0, QSize(0, _ROW_HEIGHT))

    def _fill_own(self) -> None:
        """Show the blocks of one's own, above all others, where there are some."""
        fill_rows(self._own, self.blocks, _ROW_HEIGHT)
        self._own.setHidden(not self._own.childCount())
        self.paint_swatches()
        self._show_open()

    def _add_group(self, category: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self, [said(category)])
        item.setData(0, _CATEGORY, category)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        item.setSizeHint(0, QSize(0, _ROW_HEIGHT))
        font = item.font(0)
        font.setWeight(font.Weight.DemiBold)
        item.setFont(0, font)
        return item

    def groups(self) -> list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]]:
        """Every category with its layers."""
        tops = [self.topLevelItem(row) for row in range(self.topLevelItemCount())]
        pairs = [(top, [top.child(i) for i in range(top.childCount())]) for top in tops if top is not None]
        return [(top, [row for row in rows if row is not None]) for top, rows in pairs]

    def layers(self) -> list[QTreeWidgetItem]:
        """The rows of layers that are shown, from the top."""
        return [row for _, rows in self.groups() for row in rows if not row.isHidden()]

    # Categories

    def categories(self) -> list[str]:
        """The names of all categories."""
        return [group.data(0, _CATEGORY) for group, _ in self.groups()]

    def set_open(self, names: set[str]) -> None:
        """Open these categories and close the others."""
        self._open = names
        self._show_open()

    def _show_open(self) -> None:
        for group, _ in self.groups():
            group.setExpanded(self._searching or group.data(0, _CATEGORY) in self._open)
            self._draw_arrow(group)

    def _clicked(self, item: QTreeWidgetItem) -> None:
        if not item.data(0, _TYPE):
            item.setExpanded(not item.isExpanded())

    def _turned(self, group: QTreeWidgetItem) -> None:
        self._draw_arrow(group)
        name, is_open = group.data(0, _CATEGORY), group.isExpanded()
        if not self._searching and is_open != (name in self._open):
            self._open ^= {name}
            self.category_opened.emit(name, is_open)

    def _draw_arrow(self, group: QTreeWidgetItem) -> None:
        group.setIcon(0, _arrow(current().muted, group.isExpanded()))

    def paint_swatches(self) -> None:
        """Give every layer the colour of its category."""
        theme = current()
        for group, rows in self.groups():
            group.setForeground(0, color(theme.muted))
            self._draw_arrow(group)
            category = Functional.category if group is self._own else group.data(0, _CATEGORY)
            icon = _swatch(category_color(category, theme))
            for row in rows:
                row.setIcon(0, icon)

    def filter(self, text: str) -> None:
        """Show only the layers that match, opening what holds them."""
        query = search.read(text)
        self._searching = bool(query.words)
        for group, rows in self.groups():
            for row in rows:
                row.setHidden(self._rank(row, query) is None)
            group.setHidden(all(row.isHidden() for row in rows))
        self._show_open()

    def choose_first(self, *, keep: bool) -> None:
        """Make the best match current."""
        rows = [row for row in self.layers() if (group := row.parent()) is not None and group.isExpanded()]
        item = self.currentItem()
        if (keep and item in rows) or not rows:
            return
        palette = self.parent()
        query = search.read(palette.search.text() if isinstance(palette, Palette) else "")
        ranks = [self._rank(row, query) for row in rows]
        self.setCurrentItem(rows[ranks.index(min(rank for rank in ranks if rank is not None))])

    @staticmethod
    def _rank(row: QTreeWidgetItem, query: search.Query) -> int | None:
        layer = LAYERS.get(row.data(0, _TYPE) or "")
        return search.rank_name(row.text(0), BLOCKS, query) if layer is None else search.rank(layer, query)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        row = self.currentItem() if by_key else self.itemAt(event.pos())
        if row is not None and is_own(row):
            where = self.visualItemRect(row).bottomLeft() if by_key else event.pos()
            show_menu(self, self.blocks, row, self.viewport().mapToGlobal(where))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentItem()
        if row is not None and is_own(row) and event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Delete):
            (rename if event.key() == Qt.Key.Key_F2 else delete)(self, self.blocks, row)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self.currentItem()
            if item is not None:
                self._enter(item)
            return
        super().keyPressEvent(event)

    def _activate(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        if item.data(0, _TYPE):
            self.activated_layer.emit(item.data(0, _TYPE))

    def _enter(self, item: QTreeWidgetItem) -> None:
        self._activate(item)
        self._clicked(item)

    def startDrag(self, supportedActions: Qt.DropAction) -> None:  # noqa: N803
        item = self.currentItem()
        name = item.data(0, _TYPE) if item is not None else None
        if item is None or not name:
            return
        drag = QDrag(self)
        drag.setMimeData(layer_mime(name))
        pixmap = _drag_picture(item.text(0), category_of(name))
        drag.setPixmap(pixmap)
        size = pixmap.deviceIndependentSize()
        drag.setHotSpot(QPoint(int(size.width() / 2), int(size.height() / 2)))
        drag.exec(Qt.DropAction.CopyAction)


def _arrow(value: str, is_open: bool) -> QIcon:
    """The sign before a category: it points down where the category is open."""
    pixmap = QPixmap(18, 40)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(color(value), 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    corners = ((1.5, 8.5), (4.5, 11.5), (7.5, 8.5)) if is_open else ((3, 7), (6, 10), (3, 13))
    painter.drawPolyline([QPointF(x, y) for x, y in corners])
    painter.end()
    return QIcon(pixmap)


def _swatch(value: str) -> QIcon:
    pixmap = QPixmap(18, 40)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(value))
    painter.drawRoundedRect(QRectF(2, 3, 5, 14), 2, 2)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


def category_of(key: str) -> str:
    """The category that a row of the palette has its colour from; blocks are models."""
    layer = LAYERS.get(key)
    return Functional.category if layer is None else layer.category


def _drag_picture(name: str, category: str) -> QPixmap:
    """A small card that follows the pointer."""
    theme, font = current(), card_fonts().title
    width = int(QFontMetricsF(font).horizontalAdvance(name)) + 40
    pixmap = QPixmap(width * 2, 72)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color(theme.accent), 1.5))
    painter.setBrush(color(theme.card))
    painter.drawRoundedRect(QRectF(1, 1, width - 2, 34), 6, 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(category_color(category, theme)))
    painter.drawRoundedRect(QRectF(7, 9, 5, 18), 2, 2)
    painter.setFont(font)
    painter.setPen(color(theme.text))
    painter.drawText(QRectF(20, 0, width, 36), Qt.AlignmentFlag.AlignVCenter, name)
    painter.end()
    return pixmap
