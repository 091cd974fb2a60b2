"""What is wrong with the graph, in words, with the ways out to click."""

from __future__ import annotations

import html

from pydantic import ValidationError
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QTextLayout
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from engine.errors import LayerloomError
from engine.fixes import Fix, Problem
from graph_editor.captions import unbroken
from graph_editor.document import ProjectDocument
from graph_editor.fonts import card_fonts
from graph_editor.theme import color, current, theme_notifier
from graph_editor.words import said

_MOST = 100
"""How many problems are listed; the rest follow from these more often than not."""


def apply_fix(document: ProjectDocument, fix: Fix) -> None:
    """Take a way out, undoably; one that no longer fits the graph does nothing."""
    if fix.data is not None:
        document.edit_data(said(fix.text), fix.data(document.project.data))
        return
    try:
        graph = fix.edit(document.graph)
    except (LayerloomError, ValidationError):
        return
    document.edit_graph(said(fix.text), graph)


def _sentence(document: ProjectDocument, problem: Problem) -> str:
    """The message, behind the name of its layer where it does not say it."""
    message = html.escape(unbroken(said(problem.message)))
    if problem.node is None or problem.node not in document.graph:
        return message
    name = document.graph[problem.node].name
    return message if name in problem.message else f"<b>{html.escape(name)}</b>: {message}"


class SeverityMark(QWidget):
    """A round sign: red for an error, amber for a warning."""

    def __init__(self, severity: str) -> None:
        super().__init__()
        self._severity = severity
        self.setFixedSize(QSize(18, 18))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(theme.error if self._severity == "error" else theme.warning))
        painter.drawEllipse(QPointF(9, 9), 8, 8)
        painter.setPen(QColor(theme.canvas))
        painter.setFont(card_fonts().badge)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "!")
        painter.end()


class FixButton(QPushButton):
    """A button whose text takes several lines where the panel is narrow."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        return self._around([self._text])

    def minimumSizeHint(self) -> QSize:
        return self._around(self._lines(0))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._around(self._lines(width)).height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        text = "\n".join(self._lines(self.width()))
        if text != self.text():
            self.setText(text)

    def _lines(self, width: int) -> list[str]:
        """The text in lines that fit into the button at a width, as far as its words can be told apart."""
        room = max(1, width - self._around([]).width())
        layout = QTextLayout(self._text, self.font())
        lines: list[str] = []
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(room)
            lines.append(self._text[line.textStart() :][: line.textLength()].strip())
        layout.endLayout()
        return lines

    def _around(self, lines: list[str]) -> QSize:
        """The size of the button around some lines."""
        metrics = self.fontMetrics()
        width = 2 + max(map(metrics.horizontalAdvance, lines), default=-2)  # lines are laid out in parts of pixels
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""  # type: ignore[assignment]  # a style keeps buttons with a text from being small
        size = QSize(width, metrics.height() + (len(lines) - 1) * metrics.lineSpacing())
        return self.style().sizeFromContents(QStyle.ContentsType.CT_PushButton, option, size, self)


class ProblemCard(QFrame):
    """One problem: its text, and a button for each way out."""

    activated = Signal()
    mended = Signal()
    """A way out was taken."""

    def __init__(self, document: ProjectDocument, problem: Problem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.problem = problem
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(said(problem.message))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 7, 8, 7)
        row.setSpacing(8)
        row.addWidget(SeverityMark(problem.severity), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(6)
        row.addLayout(column, 1)
        text = QLabel(_sentence(document, problem))
        text.setTextFormat(Qt.TextFormat.RichText)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        column.addWidget(text)
        self.buttons = [self._button(document, fix) for fix in problem.fixes]
        for button in self.buttons:
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._restyle()
        theme_notifier.changed.connect(self._restyle)

    def _button(self, document: ProjectDocument, fix: Fix) -> QPushButton:
        text = said(fix.text)
        button = FixButton(text)
        button.setAccessibleName(text)
        button.setToolTip(self.tr("{0} (this can be undone)").format(text))
        button.clicked.connect(lambda: self._take(document, fix))
        return button

    def _take(self, document: ProjectDocument, fix: Fix) -> None:
        apply_fix(document, fix)
        self.mended.emit()

    def _restyle(self) -> None:
        theme = current()
        error = self.problem.severity == "error"
        back, edge = (theme.error_soft, theme.error) if error else (theme.warning_soft, theme.warning)
        self.setStyleSheet(
            f"ProblemCard {{ background: {back}; border-radius: 6px; border: 1px solid transparent; }}"
            f"ProblemCard:hover, ProblemCard:focus {{ border-color: {edge}; }}"
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit()
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.activated.emit()
            return
        super().keyPressEvent(event)


class ProblemStack(QWidget):
    """Problems one above the other; made anew only where they are others."""

    node_activated = Signal(str)
    mended = Signal()

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._shown: tuple[object, ...] = ()
        self.cards: list[ProblemCard] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Show these problems and no others."""
        self.setVisible(bool(problems))
        shown = tuple((problem, _sentence(self._document, problem)) for problem in problems[:_MOST])
        if shown == self._shown:
            return
        self._shown = shown
        for card in self.cards:
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [self._card(problem) for problem in problems[:_MOST]]
        for card in self.cards:
            self._layout.addWidget(card)

    def _card(self, problem: Problem) -> ProblemCard:
        card = ProblemCard(self._document, problem)
        card.mended.connect(self.mended)
        if problem.node is not None:
            node = problem.node
            card.setCursor(Qt.CursorShape.PointingHandCursor)
            card.activated.connect(lambda: self.node_activated.emit(node))
        return card


class ProblemList(QScrollArea):
    """Every problem of the graph."""

    node_activated = Signal(str)
    mended = Signal()

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        layout = self._layout = QVBoxLayout(content)
        layout.setContentsMargins(10, 10, 10, 10)
        self.calm = QLabel(self.tr("No problems: this network can be trained."))
        self.calm.setProperty("muted", True)
        self.calm.setWordWrap(True)
        self.stack = ProblemStack(document)
        self.stack.node_activated.connect(self.node_activated)
        self.stack.mended.connect(self.mended)
        layout.addWidget(self.calm)
        layout.addWidget(self.stack)
        layout.addStretch()
        self.setWidget(content)
        document.project_changed.connect(self.refresh)
        self.refresh()

    def put_first(self, widget: QWidget) -> None:
        """Show something above the problems; it is scrolled with them."""
        self._layout.insertWidget(0, widget)

    def refresh(self) -> None:
        """Show the problems of now."""
        problems = self._document.inference.problems
        self.calm.setVisible(not problems)
        self.stack.show_problems(tuple(sorted(problems, key=lambda p: p.severity != "error")))
