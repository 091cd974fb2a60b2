"""What is likely meant by the columns of a table: what is to be predicted, from what, and how cells are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.data.columns import FILLS, Kind, TableColumn
from engine.data.tables.survey import ColumnFacts, Survey
from engine.errors import DataError

TARGETS = (
    "target", "label", "labels", "class", "y", "species", "price", "outcome", "survived", "diagnosis", "quality",
    "medv", "charges", "saleprice", "median_house_value", "churn", "result", "output",
)  # fmt: skip
"""Names that are given to what is to be predicted, the likeliest first."""

RARE = 5
"""A value of a feature that comes less often gets no number of its own: it may lack in the training part, where
a layer that normalizes by what it has seen would then blow it up."""

_FEW = 50  # different values of a text that is a category
_FEW_WHOLE = 10  # different whole numbers that are one
_FEW_CLASSES = 20  # different whole numbers that are classes, in a target
_EACH = 5  # times that each of them comes, on the average
_NUMERIC = 0.9  # of the cells, in a column of numbers
_IDENTIFIER = re.compile(r"(^|_)(id|index|key|uuid|unnamed: 0|column_1)$")
_UNCALLED = re.compile(r"[^a-z0-9]+")


def proposed(survey: Survey) -> tuple[TableColumn, ...]:
    """Every column with a role and a kind. Free text is a feature where there is no other."""
    target = likely_target(survey)
    columns = tuple(
        as_kind(TableColumn(name=facts.name, role="target"), target_kind(facts), facts)
        if facts.name == target
        else _feature(facts, survey.rows)
        for facts in survey.columns
    )
    if any(column.role == "feature" for column in columns):
        return columns
    return tuple(column.replace(role="feature") if column.kind == "text" else column for column in columns)


def likely_target(survey: Survey) -> str:
    """The name of the column that is likely to be predicted; empty where a table has only one column."""
    usable = [facts for facts in survey.columns if _can_be_target(facts, survey.rows)]
    plain = {_UNCALLED.sub("_", facts.name.lower()).strip("_"): facts.name for facts in reversed(usable)}
    for name in TARGETS:
        if name in plain:
            return plain[name]
    return usable[-1].name if usable and len(survey.columns) > 1 else ""


def as_kind(column: TableColumn, kind: Kind, facts: ColumnFacts) -> TableColumn:
    """A column with another kind, and what belongs to that; raises `DataError` where it cannot be of it."""
    changes: dict[str, Any] = {"kind": kind, "classes": (), "date_format": ""}
    if kind == "category":
        if facts.counts is None:
            raise DataError(f"{column.name} has more than a thousand different values, too many for a category.")
        changes["classes"] = _classes(facts.counts, rare=column.role == "feature")
    if kind == "date":
        if not facts.date_format:
            raise DataError(f"{column.name} holds no dates that can be read, such as 2024-12-31.")
        changes["date_format"] = facts.date_format
    if (kind == "identifier" and not column.plain) or (kind == "text" and column.role == "target"):
        changes["role"] = "ignore"
    if kind != "number" and column.role == "weight":
        changes["role"] = "ignore"
    if column.missing not in FILLS[kind]:
        changes["missing"] = FILLS[kind][0]
    return column.replace(**changes)


def as_role(column: TableColumn, role: str, facts: ColumnFacts) -> TableColumn:
    """A column with another role; one that could not play it as it is takes the kind that can."""
    kind = column.kind
    if role == "weight" and kind != "number":
        kind = "number"
    elif role in ("feature", "target") and (kind == "identifier" or (kind == "text" and role == "target")):
        kind = "number" if _numeric(facts) else "category" if role == "target" else "text"
    if kind != column.kind:
        column = column.replace(role="ignore", kind="number", missing="mean", classes=(), date_format="")
    return as_kind(column.replace(role=role), kind, facts)


def settled(columns: tuple[TableColumn, ...], survey: Survey) -> tuple[TableColumn, ...]:
    """Columns as they are given, with the classes and forms of dates that only the file tells."""
    names = {facts.name for facts in survey.columns}
    return tuple(
        as_kind(column, column.kind, survey.column(column.name))
        if column.name in names and incomplete(column)
        else column
        for column in columns
    )


def incomplete(column: TableColumn) -> bool:
    """Whether only the file can tell what belongs to the kind of a column."""
    return column.role in ("feature", "target") and (
        (column.kind == "category" and not column.classes) or (column.kind == "date" and not column.date_format)
    )


def _feature(facts: ColumnFacts, rows: int) -> TableColumn:
    kind = _feature_kind(facts, rows)
    idle = kind in ("identifier", "text") or facts.filled == 0 or _constant(facts)
    column = TableColumn(name=facts.name, role="ignore" if idle else "feature")
    return as_kind(column, kind, facts)


def _feature_kind(facts: ColumnFacts, rows: int) -> Kind:
    if _is_identifier(facts, rows):
        return "identifier"
    if _numeric(facts):
        few = facts.counts is not None and 2 < len(facts.counts) <= min(_FEW_WHOLE, facts.filled / _EACH)
        return "category" if facts.whole and few and facts.numbers == facts.filled else "number"
    if facts.date_format:
        return "date"
    few = facts.counts is not None and len(facts.counts) <= _FEW
    return "category" if few and not _is_free_text(facts) else "text"


def target_kind(facts: ColumnFacts) -> Kind:
    """What a column to be predicted likely holds: classes or numbers."""
    if _numeric(facts):
        few = facts.counts is not None and len(facts.counts) <= min(_FEW_CLASSES, facts.filled / _EACH)
        return "category" if facts.whole and few and facts.numbers == facts.filled else "number"
    return "category"


def _can_be_target(facts: ColumnFacts, rows: int) -> bool:
    if not facts.filled or _is_identifier(facts, rows) or _is_free_text(facts) or _constant(facts):
        return False
    return _numeric(facts) or (facts.counts is not None and not facts.date_format)


def _numeric(facts: ColumnFacts) -> bool:
    return facts.filled > 0 and facts.numbers >= _NUMERIC * facts.filled


def _constant(facts: ColumnFacts) -> bool:
    return facts.counts is not None and len(facts.counts) == 1


def _is_identifier(facts: ColumnFacts, rows: int) -> bool:
    """Whether a column tells rows apart: another value in each, and a name, text or count that says so."""
    if not facts.distinct or facts.missing or rows < 2:
        return False
    if _IDENTIFIER.search(facts.name.lower()) and (facts.whole or not _numeric(facts)):
        return True
    counting = facts.whole and facts.high - facts.low + 1 == rows and rows >= 20
    return counting if _numeric(facts) else rows >= 20 and not facts.date_format and not _is_free_text(facts)


def _is_free_text(facts: ColumnFacts) -> bool:
    """Whether cells hold several words each, and hardly ever the same."""
    return facts.prose and (facts.counts is None or len(facts.counts) > min(_FEW, facts.filled / _EACH))


def _classes(counts: Mapping[str, int], *, rare: bool) -> tuple[str, ...]:
    """The values of a category: whole numbers in their order, texts in that of the alphabet."""
    often = [value for value, count in counts.items() if count >= RARE]
    values = often if rare and len(often) > 1 else list(counts)
    try:
        return tuple(sorted(values, key=lambda value: (float(value), value)))
    except ValueError:
        return tuple(sorted(values))
