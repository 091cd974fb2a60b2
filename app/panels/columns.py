"""The columns of a table in the Data tab: what is in each, and what part it plays. Several are changed at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from app.dialogs import tell_error
from app.panels.preview import TableModel
from app.panels.table_look import TableLook, column_word
from app.texts import count
from engine.data.columns import FILLS, Encoding, Kind, Missing, Role, TableColumn
from engine.errors import DataError
from graph_editor import theme as themes
from graph_editor.forms.base import ComboBox

if TYPE_CHECKING:
    from engine.data.tables.survey import ColumnFacts, Survey


class ColumnsView(QWidget):
    """A list of columns; what is chosen above it is set for all that are selected."""

    changed = Signal(object)
    """The columns as they are to be."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("columnsView")
        self._look: TableLook | None = None
        self.model = TableModel(self, left=True)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setFont(themes.tabular(self.table.font()))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        heads = self.table.horizontalHeader()
        heads.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        heads.setStretchLastSection(True)
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setAccessibleName(self.tr("Columns of the table"))
        self.word = QLabel(self.tr("Selected columns:"), wordWrap=True)  # a small window has no room
        self.word.setProperty("muted", True)
        self.choices: dict[str, ComboBox] = {}
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 6, 8, 6)
        bar.setSpacing(8)
        bar.addWidget(self.word, 1)
        for setting, label, values in (
            ("role", self.tr("Role"), get_args(Role)),
            ("kind", self.tr("Kind"), get_args(Kind)),
            ("missing", self.tr("Missing"), get_args(Missing)),
            ("encoding", self.tr("Encoding"), get_args(Encoding)),
        ):
            bar.addWidget(self._chooser(setting, label, values))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.table)
        self.table.selectionModel().selectionChanged.connect(self._show_choices)
        self._show_choices()

    def _chooser(self, setting: str, label: str, values: tuple[str, ...]) -> ComboBox:
        box = self.choices[setting] = ComboBox()
        box.addItem(f"{label}…", "")
        for value in values:
            box.addItem(column_word(value), value)
        box.setAccessibleName(label)
        box.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(7)
        box.activated.connect(partial(self._choose, setting))
        return box

    def show_look(self, look: TableLook) -> None:
        """Show the columns of a table; those that are selected stay so."""
        selected = self.selected()
        self._look = look
        header = (
            self.tr("Column"), self.tr("Role"), self.tr("Kind"), self.tr("Missing"), self.tr("What it holds")
        )  # fmt: skip
        rows = [self._row(column, look.survey) for column in look.columns]
        self.model.show_rows(header, rows)
        for place in selected:
            if place < len(rows):
                index = self.model.index(place, 0)
                flags = self.table.selectionModel().SelectionFlag
                self.table.selectionModel().select(index, flags.Select | flags.Rows)
        self._show_choices()

    def selected(self) -> list[int]:
        """The places of the columns that are selected."""
        return sorted(index.row() for index in self.table.selectionModel().selectedRows())

    def _row(self, column: TableColumn, survey: Survey) -> tuple[str, ...]:
        facts = next((facts for facts in survey.columns if facts.name == column.name), None)
        if facts is None:
            return (column.name, column_word(column.role), column_word(column.kind), "", "")
        missing = count(facts.missing) if facts.missing else ""
        if facts.missing and column.role == "feature":
            missing = f"{missing} → {column_word(column.missing)}"
        return (
            column.name,
            column_word(column.role),
            column_word(column.kind),
            missing,
            self._holds(column, facts),
        )

    def _holds(self, column: TableColumn, facts: ColumnFacts) -> str:
        if column.kind == "number" and facts.numbers:
            return self.tr("{0} to {1}").format(f"{facts.low:g}", f"{facts.high:g}")
        if column.kind == "category" and facts.counts is not None:
            most = facts.counts.most_common(4)
            shown = ", ".join(f"{value} {number:,}" for value, number in most)
            return self.tr("{0} values: {1}").format(len(facts.counts), shown + ", …" * (len(facts.counts) > 4))
        return column.date_format

    def _show_choices(self) -> None:
        """Show the settings of the selected columns, where they are the same."""
        chosen = [self._look.columns[place] for place in self.selected()] if self._look is not None else []
        for setting, box in self.choices.items():
            values = {getattr(column, setting) for column in chosen}
            box.setCurrentIndex(box.findData(values.pop()) if len(values) == 1 else 0)
            usable = bool(chosen)
            if setting == "encoding":
                usable = usable and all(column.kind == "category" for column in chosen)
            box.setEnabled(usable)

    def _choose(self, setting: str, index: int) -> None:
        value = self.choices[setting].itemData(index)
        if self._look is None or not value:
            self._show_choices()
            return
        change = self._changer(setting, value)
        try:
            columns = list(self._look.columns)
            for place in self.selected():
                columns[place] = change(columns[place])
        except DataError as error:
            tell_error(self, self.tr("Cannot change this column"), error)
            self._show_choices()
            return
        self.changed.emit(tuple(columns))

    def _changer(self, setting: str, value: str) -> Callable[[TableColumn], TableColumn]:
        from engine.data.tables.proposal import as_kind, as_role

        assert self._look is not None
        facts = self._look.survey.column
        if setting == "role":
            return lambda column: as_role(column, value, facts(column.name))
        if setting == "kind":
            return lambda column: as_kind(column, value, facts(column.name))  # pyright: ignore[reportArgumentType]
        if setting == "missing":
            return lambda column: column.replace(missing=value) if value in FILLS[column.kind] else column
        return lambda column: column.replace(**{setting: value})
