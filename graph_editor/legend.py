"""What the colours of the cards mean, in numbers, at a corner of the canvas."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from graph_editor.canvas import Canvas
from graph_editor.corner import CornerPanel
from graph_editor.fonts import card_fonts
from graph_editor.heat import Heat, shade
from graph_editor.overview import FAR
from graph_editor.theme import Theme, color, current, tabular, theme_notifier

_WIDTH, _BAR, _TITLE = 190, 10, 24
_TICKS = (0.0, 0.5, 1.0)
LEGEND = QSizeF(_WIDTH, _TITLE + _BAR + 20)
"""The size of a legend that is drawn."""


class Scale(QWidget):
    """A bar of colour with numbers below it."""

    def __init__(self, heat: Heat, view: Canvas) -> None:
        super().__init__()
        self._heat = heat
        self._view = view
        view.zoom_changed.connect(self.update)
        self.setFont(tabular(self.font()))

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, _BAR + 4 + self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, far = QPainter(self), self._view.scale_now() < FAR
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_scale(painter, QRectF(self.rect()), self._heat, current(), block=far)
        painter.end()


def ticks(heat: Heat) -> list[str]:
    """The numbers below the bar: where the colour is at its beginning, its middle and its end."""
    return [heat.text(heat.most * level**2) for level in _TICKS]


def paint_scale(painter: QPainter, rect: QRectF, heat: Heat, theme: Theme, *, block: bool) -> None:
    """Draw the bar and its numbers in the font of the painter; as blocks far off are coloured, or as cards are."""
    bar = QRectF(rect.left() + 0.5, rect.top() + 0.5, rect.width() - 1, _BAR)
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    for level in _TICKS:
        gradient.setColorAt(level, color(shade(level, theme, block=block)))
    painter.setPen(color(theme.card_border))
    painter.setBrush(gradient)
    painter.drawRoundedRect(bar, 3, 3)
    painter.setPen(color(theme.text))
    sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
    for text, side in zip(ticks(heat), sides, strict=True):
        painter.drawText(rect, side | Qt.AlignmentFlag.AlignBottom, text)


def paint_legend(painter: QPainter, rect: QRectF, heat: Heat, theme: Theme, *, block: bool) -> None:
    """Draw the title of a measure above its scale."""
    painter.setFont(card_fonts().title)
    painter.setPen(color(theme.text))
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, heat.title)
    painter.setFont(card_fonts().detail)
    paint_scale(painter, rect.adjusted(0, _TITLE, 0, 0), heat, theme, block=block)


class Legend(CornerPanel):
    """Lies over the lower left corner of the canvas while cards are coloured by a figure."""

    corner = Qt.Corner.BottomLeftCorner
    measure_wanted = Signal()
    """Times are to be measured anew."""
    cancel_wanted = Signal()
    """What is being measured is to be given up."""

    def __init__(self, heat: Heat, view: Canvas) -> None:
        super().__init__(view)
        self._heat = heat
        self.title = QLabel()
        self.scale = Scale(heat, view)
        self.note = QLabel(wordWrap=True)
        self.note.setProperty("muted", True)
        self.note.setFixedWidth(_WIDTH)
        self.measure = QPushButton(self.tr("Measure"))
        self.measure.setToolTip(self.tr("Run each layer on a batch and take its time"))
        self.measure.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.measure.clicked.connect(self.measure_wanted)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName(self.tr("Measuring…"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setToolTip(self.tr("End measuring, keep the times from before"))
        self.cancel.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.cancel.clicked.connect(self.cancel_wanted)
        self._doing = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(5)
        for part in (self.title, self.scale, self.note, self.progress, self.measure, self.cancel):
            layout.addWidget(part)
        heat.changed.connect(self.refresh)
        theme_notifier.changed.connect(self.update)
        self.refresh()

    def refresh(self) -> None:
        """Show the measure of now."""
        measure = self._heat.measure
        self.setVisible(measure != "category")
        if self.isHidden():
            return
        timing = measure == "time"
        note = (self._doing or self._time_note()) if timing else ""
        self.title.setText(self._heat.title)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        busy = timing and bool(self._doing)
        self.progress.setVisible(busy)
        self.cancel.setVisible(busy)
        self.measure.setVisible(timing and bool(note) and not busy)
        self.scale.setVisible(self._heat.most > 0)
        self.scale.update()
        self.adjustSize()
        self.place()

    # While times are measured

    def show_progress(self, done: int, total: int) -> None:
        """Tell how many kinds of layers were measured; a total of 0 stands for not knowing."""
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.cancel.setEnabled(True)
        self._say(
            self.tr("Measuring layer {0} of {1}…").format(done + 1, total) if total else self.tr("Measuring…")
        )

    def show_stopping(self) -> None:
        """Tell that measuring ends after the layer that it is at."""
        self.cancel.setEnabled(False)
        self._say(self.tr("Stopping…"))

    def end_progress(self) -> None:
        """Nothing is measured any more."""
        self._say("")

    def _say(self, doing: str) -> None:
        self._doing = doing
        self.refresh()

    def _time_note(self) -> str:
        if not self._heat.most:
            return self.tr("Nothing has been measured yet.")
        return self.tr("Times in brackets are those of before an edit.") if self._heat.stale else ""
