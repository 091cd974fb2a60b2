"""The inspector: name, settings, facts and problems of what is selected, made from the layer's own fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.errors import GraphError
from engine.fields import Settings
from engine.graph import Node
from engine.inference import NodeFacts
from engine.shapes import show_shape
from graph_editor.captions import output_name, sentence_of
from graph_editor.common import common, refusal, with_setting
from graph_editor.document import ProjectDocument
from graph_editor.forms.form import SettingsForm
from graph_editor.problems import ProblemStack
from graph_editor.theme import category_color, current, tabular, theme_notifier
from graph_editor.words import error_said, said


class NameEdit(QLineEdit):
    """The name of a node; Escape puts back the name that holds."""

    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
            return
        super().keyPressEvent(event)


class Facts(QWidget):
    """A small table of what is known: names at the left, figures at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[QLabel, QLabel]] = []

    def show_facts(self, facts: list[tuple[str, str]]) -> None:
        """Show these pairs of name and figure."""
        while len(self._labels) < len(facts):
            self._add_row()
        for (name, value), texts in zip(self._labels, [*facts, *[("", "")] * len(self._labels)], strict=False):
            name.setText(texts[0])
            value.setText(texts[1])
            name.setVisible(bool(texts[0]))
            value.setVisible(bool(texts[0]))

    def text(self) -> str:
        """All that is shown, for tests and screen readers."""
        return "\n".join(f"{name.text()}: {value.text()}" for name, value in self._labels if name.text())

    def _add_row(self) -> None:
        name, value = QLabel(), QLabel()
        name.setProperty("muted", True)
        value.setFont(tabular(value.font()))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = len(self._labels)
        self._grid.addWidget(name, row, 0)
        self._grid.addWidget(value, row, 1)
        self._labels.append((name, value))


class Inspector(QScrollArea):
    """Shows and edits the selected nodes; with none selected, sums up the graph."""

    node_activated = Signal(str)

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._ids: tuple[str, ...] = ()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(230)
        self._build()
        document.project_changed.connect(self.refresh)
        theme_notifier.changed.connect(self.refresh)
        self.refresh()

    def _build(self) -> None:
        self.kind = _label(self.tr("Type of the layer"))
        self.kind.setTextFormat(Qt.TextFormat.RichText)
        self.sentence = _label(self.tr("What the layer does"))
        self.sentence.setProperty("muted", True)
        self.name = NameEdit()
        self.name.setAccessibleName(self.tr("Name"))
        self.name.setToolTip(self.tr("Name of the layer, also in the files it is saved to"))
        self.name.textEdited.connect(self._name_typed)
        self.name.editingFinished.connect(self._name_finished)
        self.name.given_up.connect(self._show_name)
        self.name_note = _label("")
        self.name_note.setProperty("refused", True)
        self.problems = ProblemStack(self._document)
        self.problems.node_activated.connect(self.node_activated)
        self.form = SettingsForm()
        self.form.changed.connect(self._setting_changed)
        self.form.check = self._refusal
        self.form.opened.connect(lambda _: self._document.open_group(self._ids[0]))
        self.facts = Facts()
        self._line = QFrame()
        self._line.setProperty("rule", True)
        self._line.setFixedHeight(1)
        self._stack_up()

    def _stack_up(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(8)
        parts = (self.kind, self.name, self.name_note, self.sentence, self.problems, self.form)
        for part in (*parts, self._line, self.facts):
            layout.addWidget(part)
        layout.addStretch()
        self.setWidget(content)

    # Showing

    def show_nodes(self, node_ids: Iterable[str]) -> None:
        """Show these nodes."""
        self._ids = tuple(node_ids)
        self._show_name()
        self.refresh()

    def refresh(self) -> None:
        """Show the selected nodes as they are now."""
        self._ids = tuple(key for key in self._ids if key in self._document.graph)
        if len(self._ids) == 1:
            self._show_one(self._document.graph[self._ids[0]])
        elif self._ids:
            self._show_several([self._document.graph[key] for key in self._ids])
        else:
            self._show_project()

    def _show_one(self, node: Node) -> None:
        facts = self._document.inference[node.id]
        self._heading(node.layer.type_name(), node.layer.category, sentence_of(type(node.layer)))
        self.name.show()
        if not self.name.hasFocus():
            self._show_name()
        self.problems.show_problems(facts.problems)
        marked = {p.field: said(p.message) for p in facts.problems if p.field and p.severity == "error"}
        owns = facts.shape is None or bool(facts.weights)
        names = frozenset(type(node.layer).model_fields)
        self._show_form(node.layer, names if owns else names - {"trainable"}, marked)
        lines = self._shapes(node, facts)
        lines.append((self.tr("Parameters"), f"{facts.parameters:,}"))
        if facts.parameters:
            lines.append((self.tr("Trainable"), f"{facts.trainable_parameters:,}"))
        linked = len(self._document.graph.linked(node.id))
        if linked > 1:
            lines.append((self.tr("Weights shared by"), self.tr("{0} cards").format(linked)))
        self.facts.show_facts(lines)

    def _shapes(self, node: Node, facts: NodeFacts) -> list[tuple[str, str]]:
        """What goes in and comes out, by the names of the ports where they have some."""
        layer = node.layer
        lines = [
            (self._named(self.tr("Input"), layer.port_name(port)), show_shape(shape))
            for port, shape in enumerate(facts.inputs)
        ]
        if layer.has_output and not facts.shapes:
            return [*lines, (self.tr("Output"), self.tr("not known yet"))]
        if layer.has_output:
            for index, shape in enumerate(facts.shapes):
                lines.append((self._named(self.tr("Output"), output_name(layer, index)), show_shape(shape)))
        return lines

    @staticmethod
    def _named(what: str, name: str) -> str:
        return f"{what} {name}" if name else what

    def _show_several(self, nodes: list[Node]) -> None:
        kinds = {type(node.layer) for node in nodes}
        count = f"{len(nodes):,}"
        inference = self._document.inference
        self.name.hide()
        self.name_note.hide()
        self.problems.show_problems(tuple(p for node in nodes for p in inference[node.id].problems))
        first, shared = nodes[0].layer, common(node.layer for node in nodes)
        if len(kinds) == 1:
            self._heading(f"{count} × {first.type_name()}", first.category, sentence_of(type(first)))
        else:
            said = self.tr("Settings that all of them have.") if shared.names else ""
            self._heading(self.tr("{0} layers").format(count), "", said)
        self._show_form(first, shared.names, {}, shared.mixed)
        owners = {self._document.graph.owner(node.id).id for node in nodes}
        total = sum(inference[key].parameters for key in owners)
        self.facts.show_facts([(self.tr("Parameters"), f"{total:,}")])

    def _show_project(self) -> None:
        inference = self._document.inference
        self._heading(self.tr("Network"), "", self.tr("Select a layer to see its settings."))
        self.name.hide()
        self.name_note.hide()
        self.form.hide()
        self.problems.show_problems(())  # they stand in the list of all problems
        self.facts.show_facts(
            [
                (self.tr("Layers"), f"{len(self._document.graph):,}"),
                (self.tr("Wires"), f"{len(self._document.graph.edges):,}"),
                (self.tr("Parameters"), f"{inference.parameters:,}"),
                (self.tr("Trainable"), f"{inference.trainable_parameters:,}"),
            ]
        )

    def _heading(self, title: str, category: str, sentence: str) -> None:
        mark = ""
        if category:
            mark = f'<span style="color:{category_color(category, current())}">▍</span>'
        self.kind.setText(f'{mark}<span style="font-size:large; font-weight:600">{title}</span>')
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))

    def _show_form(
        self,
        layer: Settings,
        only: frozenset[str],
        marked: dict[str, str],
        mixed: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.form.show_settings(layer, marked, only, mixed)
        self.form.setVisible(bool(only))

    # Editing

    def _setting_changed(self, settings: Settings, path: str) -> None:
        """Take an edit of a field; `path` also says which part of it where the field holds a layer."""
        field = re.split(r"[.\[]", path)[0]
        graph = with_setting(self._document.graph, self._ids, field, getattr(settings, field))
        name = graph[self._ids[0]].name if len(self._ids) == 1 else self.tr("{0} layers").format(len(self._ids))
        text = self.tr("Change {0} of {1}").format(path, name)
        self._document.edit_graph(text, graph, merge_key=f"{','.join(self._ids)}.{path}")

    def _refusal(self, name: str, value: Any) -> str:
        """Why the other selected layers cannot have this setting."""
        return refusal(self._document.graph, self._ids[1:], name, value)

    def _show_name(self) -> None:
        if len(self._ids) == 1 and self._ids[0] in self._document.graph:
            name = self._document.graph[self._ids[0]].name
            if self.name.text() != name:
                self.name.setText(name)
        self._note("")

    def _note(self, text: str) -> None:
        self.name_note.setText(text)
        self.name_note.setVisible(bool(text))

    def _name_typed(self, text: str) -> None:
        """Say at once what is wrong with a name; take it only when it is finished."""
        try:
            self._document.graph.rename(self._ids[0], text.strip())
        except GraphError as error:
            self._note(error_said(error))
        else:
            self._note("")

    def _name_finished(self) -> None:
        if len(self._ids) != 1:
            return
        try:
            graph = self._document.graph.rename(self._ids[0], self.name.text().strip())
        except GraphError as error:
            self._note(error_said(error))
            return
        self._note("")
        self._document.edit_graph(self.tr("Rename to {0}").format(self.name.text().strip()), graph)


def _label(accessible: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setAccessibleName(accessible)
    label.setVisible(bool(accessible))
    return label
