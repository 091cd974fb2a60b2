"""What was seen of a table, and what roles, kinds and rules of its columns are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from engine.data.columns import TableColumn
from graph_editor.words import noted

if TYPE_CHECKING:
    from engine.data.tables.survey import Survey

_WORDS = {
    "feature": noted("feature"), "target": noted("target"), "ignore": noted("ignore"),
    "split": noted("split"), "group": noted("group"), "weight": noted("weight"),
    "number": noted("number"), "category": noted("category"), "date": noted("date"), "text": noted("text"),
    "identifier": noted("identifier"), "mean": noted("mean"), "median": noted("median"),
    "most_frequent": noted("most frequent"), "drop": noted("drop the row"), "one-hot": noted("one-hot"),
    "index": noted("index"), "comma": noted("comma"), "semicolon": noted("semicolon"), "tab": noted("tab"),
    "bar": noted("bar"), "space": noted("space"), "point": noted("decimal point"),
    "decimal comma": noted("decimal comma"), "header": noted("header"), "no header": noted("no header"),
    "double": noted("double quotes"), "single": noted("single quotes"), "none": noted("no quotes"),
    "Parquet": "Parquet",
}  # fmt: skip
"""What roles, kinds and rules are called, and how a file is written."""


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Columns", text)


def column_word(value: str) -> str:
    """What a role, a kind or a rule is called."""
    return tr(_WORDS[value])


@dataclass(frozen=True)
class TableLook:
    """A table as it was looked through: its columns as they are used, and what is in them."""

    columns: tuple[TableColumn, ...]
    survey: Survey
