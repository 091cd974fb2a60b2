"""The Code tab: the graph as Python, kept in step with every edit."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication, QShowEvent, QSyntaxHighlighter, QTextCharFormat
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.code_choices import CodeChoices, CodeOptions
from app.dialogs import sentence
from app.task import Background, Job
from engine.errors import LayerloomError, NotReadyError
from engine.events import Event, Result
from engine.project import Project
from graph_editor import theme as themes
from graph_editor.document import ProjectDocument
from graph_editor.words import said

Span = tuple[int, int, str]
"""Start, length and kind of a coloured stretch of a line."""


@dataclass(frozen=True)
class Code:
    """Generated Python and the coloured stretches of each line, or why there is none."""

    text: str
    spans: tuple[tuple[Span, ...], ...] = ()
    reason: str = ""


def code_text(project: Project, options: CodeOptions) -> str:
    """The Python of a project."""
    if options.target == "jax":
        from engine.formats.jax_code import jax_code

        return jax_code(project)
    from engine.formats.keras_code import keras_code

    return keras_code(project, style=options.style, with_training=options.with_training)


def code_job(project: Project, options: CodeOptions) -> Job:
    """Generate and colour Python; a graph that has problems gives a `Code` with the reason."""
    try:
        text = code_text(project, options)
    except NotReadyError as error:
        yield Result(Code("", reason="\n".join(said(problem.message) for problem in error.problems)))
    except LayerloomError as error:
        yield Result(Code("", reason=sentence(error)))
    else:
        yield Result(Code(text, spans(text)))


def spans(text: str) -> tuple[tuple[Span, ...], ...]:
    """The coloured stretches of Python text, by line."""
    from pygments.lexers.python import PythonLexer

    lines: list[list[Span]] = [[]]
    column = 0
    for token, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        kind = _kind(str(token))
        for place, piece in enumerate(value.split("\n")):
            if place:
                lines.append([])
                column = 0
            if piece and kind:
                lines[-1].append((column, len(piece), kind))
            column += len(piece)
    return tuple(map(tuple, lines))


def _kind(token: str) -> str:
    for part, kind in (
        (".Comment", "comment"),
        (".String", "string"),
        (".Number", "number"),
        (".Keyword", "keyword"),
        (".Operator.Word", "keyword"),
        (".Name.Function", "name"),
        (".Name.Class", "name"),
        (".Name.Builtin", "name"),
    ):
        if part in token:
            return kind
    return ""


class Highlighter(QSyntaxHighlighter):
    """Colours lines by stretches that were found beforehand, so that nothing is parsed in the window."""

    def __init__(self, editor: QPlainTextEdit) -> None:
        super().__init__(editor.document())
        self._spans: tuple[tuple[Span, ...], ...] = ()
        self._formats: dict[str, QTextCharFormat] = {}
        self.restyle()

    def prepare(self, found: tuple[tuple[Span, ...], ...]) -> None:
        """Take the stretches of the text that is set next."""
        self._spans = found

    def restyle(self) -> None:
        """Take the colours of the theme."""
        theme = themes.current()
        colors = {
            "comment": theme.muted,
            "string": theme.good,
            "number": theme.plot_validation,
            "keyword": theme.accent,
            "name": theme.plot_other[0],
        }
        for kind, color in colors.items():
            self._formats[kind] = QTextCharFormat()
            self._formats[kind].setForeground(themes.color(color))

    def highlightBlock(self, text: str) -> None:
        number = self.currentBlock().blockNumber()
        for start, length, kind in self._spans[number] if number < len(self._spans) else ():
            self.setFormat(start, length, self._formats[kind])


class CodePanel(QWidget):
    """Shows the Python of the graph while it is being edited."""

    save_requested = Signal(object)
    """The `CodeOptions` to write a file with."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._stale = True
        self._job = Background(self)
        self._job.happened.connect(self._generated)
        self._job.failed.connect(lambda error: self._show(Code("", reason=sentence(error))))
        self._job.ended.connect(self._ended)
        self._make_widgets()
        self._lay_out()
        self._highlighter = Highlighter(self.editor)
        self._delay = QTimer(self, interval=200, singleShot=True)
        self._delay.timeout.connect(self._generate)
        self.choices.changed.connect(self.refresh)
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(lambda: self.save_requested.emit(self.choices.options))
        document.project_changed.connect(self.refresh)
        themes.theme_notifier.changed.connect(self._restyle)

    def _make_widgets(self) -> None:
        self.choices = CodeChoices()
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setToolTip(self.tr("Copy the whole code."))
        self.save = QPushButton(self.tr("Save…"))
        self.save.setToolTip(self.tr("Write the code to a Python file."))
        self.editor = QPlainTextEdit(readOnly=True)
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.editor.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.editor.setFont(font)
        self.reason = QLabel(wordWrap=True)
        self.reason.setProperty("refused", True)
        self.reason.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(10, 8, 10, 8)
        row.addWidget(self.choices)
        row.addStretch()
        row.addWidget(self.copy)
        row.addWidget(self.save)
        self.reason.setContentsMargins(12, 8, 12, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.reason)
        layout.addWidget(self.editor, 1)

    def refresh(self) -> None:
        """The code is out of date: write it anew, now if it is seen, else once it is."""
        self._stale = True
        if self.isVisible():
            self._delay.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._generate()

    def _generate(self) -> None:
        if self._job.busy:
            return  # when it has ended, the project of then is taken
        self._stale = False
        self._job.begin(code_job(self._document.project, self.choices.options))

    def _generated(self, event: Event) -> None:
        if isinstance(event, Result):
            self._show(event.value)

    def _show(self, code: Code) -> None:
        ready = not code.reason
        self.reason.setText(self.tr("No code yet: {0}").format(code.reason) if not ready else "")
        self.reason.setVisible(not ready)
        self.copy.setEnabled(ready)
        self.save.setEnabled(ready)
        if code.text != self.editor.toPlainText():
            scroll = self.editor.verticalScrollBar()
            place = scroll.value()
            self._highlighter.prepare(code.spans)
            self.editor.setPlainText(code.text)
            scroll.setValue(place)

    def _ended(self) -> None:
        if self._stale and self.isVisible():
            self._delay.start()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.editor.toPlainText())

    def _restyle(self) -> None:
        self._highlighter.restyle()
        self._highlighter.rehighlight()

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._delay.stop()
        self._job.close()
