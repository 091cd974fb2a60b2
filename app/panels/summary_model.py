"""The rows of the Summary tab: a layer each, written when they are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QObject, QPersistentModelIndex, Qt

from engine.costs import Cost
from engine.graph import Graph
from engine.inference import Inference
from engine.quantities import flops_text, memory_text
from engine.shapes import count, show_shape
from graph_editor.cost_keeper import CostKeeper
from graph_editor.document import ProjectDocument

Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
_NO_INDEX = QModelIndex()


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Summary", text)


@dataclass(frozen=True)
class Column:
    """A column: its heading, what it means, what it says of a node, and what its rows are sorted by."""

    title: str
    about: str
    text: Callable[[str], str]
    key: Callable[[str], Any]
    number: bool = False


class SummaryModel(QAbstractTableModel):
    """A row for each layer of the graph on the canvas, in the order of computation or that of a column.

    Rows are sorted here, not by a proxy: that would ask for each value of a large network many times over.
    """

    def __init__(self, document: ProjectDocument, keeper: CostKeeper, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._keeper = keeper
        self._inference: Inference = document.inference
        self._ids: list[str] = []
        self._places: dict[str, int] = {}
        self._sorted: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)
        self.columns = self._make_columns()

    def _make_columns(self) -> tuple[Column, ...]:
        flops, memory = tr("Operations of a sample; a multiply-add is two"), tr("Weights, and what a batch needs")
        return (
            Column(tr("Layer"), tr("Name of the layer"), self._name, lambda key: self._name(key).lower()),
            Column(tr("Type"), tr("What the layer is"), self._type, self._type),
            Column(tr("Output shape"), tr("Shape of a sample of what comes out"), self._shape, self._size),
            Column(tr("Parameters"), tr("Numbers of its weights"), self._parameters, self._parameter_count, True),
            Column(tr("FLOPs"), flops, lambda key: flops_text(self._cost(key).flops), self._flops, True),
            Column(tr("Memory"), memory, lambda key: memory_text(self._keeper.memory(key)), self._memory, True),
            Column(tr("Connected to"), tr("Where its inputs come from"), self._sources, self._sources),
        )

    # What a row says

    @property
    def _graph(self) -> Graph:
        return self._inference.graph

    def _cost(self, node_id: str) -> Cost:
        return self._keeper.cost(node_id) or Cost(activation_bytes=None, flops=None)

    def _name(self, node_id: str) -> str:
        return self._graph[node_id].name

    def _type(self, node_id: str) -> str:
        return self._graph[node_id].layer.shown_class

    def _shape(self, node_id: str) -> str:
        return ", ".join(map(show_shape, self._inference[node_id].shapes)) or "?"

    def _size(self, node_id: str) -> int:
        return count(*self._inference[node_id].shapes)

    def _parameter_count(self, node_id: str) -> int:
        return self._inference[node_id].parameters

    def _parameters(self, node_id: str) -> str:
        text = f"{self._parameter_count(node_id):,}"
        owner = self._graph[node_id].shares
        return text if owner is None else tr("{0} (of {1})").format(text, self._graph[owner].name)

    def _flops(self, node_id: str) -> int:
        found = self._cost(node_id).flops
        return -1 if found is None else found

    def _memory(self, node_id: str) -> int:
        found = self._keeper.memory(node_id)
        return -1 if found is None else found

    def _sources(self, node_id: str) -> str:
        return ", ".join(self._graph[edge.source].name for edge in self._graph.incoming(node_id))

    # Kept in step

    def refresh(self) -> None:
        """Show the graph of now; only rows that are new or gone are made or taken away."""
        self._inference = self._document.inference
        wanted = self._in_order()
        start = _alike(self._ids, wanted)
        end = _alike(self._ids[start:][::-1], wanted[start:][::-1])
        gone, new = len(self._ids) - end, len(wanted) - end
        if gone > start:
            self.beginRemoveRows(_NO_INDEX, start, gone - 1)
            del self._ids[start:gone]
            self.endRemoveRows()
        if new > start:
            self.beginInsertRows(_NO_INDEX, start, new - 1)
            self._ids[start:start] = wanted[start:new]
            self.endInsertRows()
        self._places = {key: row for row, key in enumerate(self._ids)}
        if self._ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, len(self.columns) - 1))

    def _in_order(self) -> list[str]:
        column, order = self._sorted
        ids = list(self._graph.order)
        if column >= 0:
            ids.sort(key=self.columns[column].key, reverse=order == Qt.SortOrder.DescendingOrder)
        return ids

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Put the rows in the order of a column; -1 stands for that of computation."""
        self._sorted = column, order
        before = self.persistentIndexList()
        keys = [self._ids[index.row()] for index in before]
        self.layoutAboutToBeChanged.emit()
        self._ids = self._in_order()
        self._places = {key: row for row, key in enumerate(self._ids)}
        after = [self.index(self._places[key], i.column()) for key, i in zip(keys, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def node_at(self, row: int) -> str:
        """The node of a row."""
        return self._ids[row]

    def row_of(self, node_id: str) -> int | None:
        """The row of a node."""
        return self._places.get(node_id)

    def texts(self) -> list[list[str]]:
        """The whole table with its headings."""
        return [
            [column.title for column in self.columns],
            *([column.text(key) for column in self.columns] for key in self._ids),
        ]

    # Qt

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        column = self.columns[index.column()]
        if role in (_ROLE.DisplayRole, _ROLE.ToolTipRole):
            key = self._ids[index.row()]
            return column.text(key) if key in self._graph else ""
        if role == _ROLE.TextAlignmentRole and column.number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == _ROLE.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return {_ROLE.DisplayRole: column.title, _ROLE.ToolTipRole: column.about}.get(_ROLE(role))


def _alike(one: list[str], other: list[str]) -> int:
    """How many rows two lists have in common at their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
