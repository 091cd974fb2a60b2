"""A look into one layer, large: its feature maps or numbers, how they are spread, and its norms over time."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from graph_editor import theme as themes
from graph_editor.sight_painting import paint_maps, paint_norms, paint_numbers
from graph_editor.sights import Sights

_SIDE = 240
_GAP = 16
_LINE = 20


class SightDialog(QDialog):
    """Follows the looks while it is open."""

    def __init__(self, sights: Sights, node_id: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(name)
        self._sights, self.node_id = sights, node_id
        self.figures = QLabel()
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.picture = _Picture(sights, node_id)
        column = QVBoxLayout(self)
        column.addWidget(self.figures)
        column.addWidget(self.picture, 1)
        sights.changed.connect(self._refresh)
        self._refresh()
        self.resize(820, 520)

    def _refresh(self) -> None:
        activation = self._sights.activation(self.node_id)
        if activation is None:
            self.figures.setText(self.tr("There is nothing to see of this layer any more."))
        else:
            spread = activation.spread
            text = self.tr("For this sample: mean {0}, std {1}, zeros {2}. Units that are 0 for all samples: {3}.")
            shown = f"{spread.mean:.4g}", f"{spread.std:.4g}", f"{spread.zeros:.0%}", f"{spread.dead:.0%}"
            more = self.tr("{0} more maps are left out.").format(f"{activation.left_out:,}")
            self.figures.setText(" ".join([text.format(*shown), *([more] if activation.left_out else [])]))
        self.picture.update()


class _Picture(QWidget):
    def __init__(self, sights: Sights, node_id: str) -> None:
        super().__init__()
        self._sights, self._node_id = sights, node_id
        self.setMinimumSize(QSize(420, 260))

    def paintEvent(self, event: QPaintEvent) -> None:
        activation, history = self._sights.activation(self._node_id), self._sights.history(self._node_id)
        painter, theme = QPainter(self), themes.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        images, rect = self._sights.images(self._node_id), QRectF(self.rect())
        if activation is not None and images:
            left = rect.adjusted(0, 0, -_SIDE - _GAP, 0)
            paint_maps(painter, left, images, rows=len(images))
            rect.setLeft(left.right() + _GAP)
        half = (rect.height() - _GAP) / 2
        upper = QRectF(rect.left(), rect.top(), rect.width(), half if history else rect.height())
        if activation is not None:
            self._head(painter, upper, self.tr("How the numbers are spread"))
            values = activation.values
            paint_numbers(painter, upper.adjusted(0, _LINE, 0, -_LINE), values, theme)
            painter.setPen(themes.color(theme.muted))
            if values.size > 32 and values.size:
                bottom = Qt.AlignmentFlag.AlignBottom
                painter.drawText(upper, bottom | Qt.AlignmentFlag.AlignLeft, f"{values.min():.3g}")
                painter.drawText(upper, bottom | Qt.AlignmentFlag.AlignRight, f"{values.max():.3g}")
        if history:
            lower = QRectF(rect.left(), rect.bottom() - half, rect.width(), half)
            shown = f"{history[-1].weights:.3g}", f"{history[-1].gradient:.3g}"
            self._head(painter, lower, "")
            painter.setPen(themes.color(theme.plot_train))
            painter.drawText(
                lower, Qt.AlignmentFlag.AlignLeft, self.tr("Length of the weights: {0}").format(shown[0])
            )
            painter.setPen(themes.color(theme.plot_validation))
            painter.drawText(
                lower.adjusted(0, _LINE, 0, 0),
                Qt.AlignmentFlag.AlignLeft,
                self.tr("Length of the gradient: {0}").format(shown[1]),
            )
            paint_norms(painter, lower.adjusted(0, 2.5 * _LINE, 0, -4), history, theme)
        painter.end()

    def _head(self, painter: QPainter, rect: QRectF, text: str) -> None:
        painter.setPen(themes.color(themes.current().muted))
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, text)
