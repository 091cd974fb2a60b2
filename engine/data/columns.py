"""The columns of a table: what part each plays, and how its cells become numbers. Plain values of the project."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.fields import Settings

Role = Literal["feature", "target", "ignore", "split", "group", "weight"]
"""What a column is for. "split" says to which part a row belongs, "group" which rows stay in one part, "weight"
how much a row counts in the loss."""
Kind = Literal["number", "category", "date", "text", "identifier"]
Missing = Literal["mean", "median", "most_frequent", "drop"]
Encoding = Literal["one-hot", "index"]

DATE_PARTS = ("year", "month", "day", "weekday")
"""The numbers that a date becomes."""

FILLS: dict[Kind, tuple[Missing, ...]] = {
    "number": ("mean", "median", "most_frequent", "drop"),
    "category": ("most_frequent", "drop"),
    "date": ("median", "mean", "most_frequent", "drop"),
    "text": ("drop",),
    "identifier": ("drop",),
}
"""What may stand in for a missing cell, the usual first. The figures are those of the training part alone."""


class TableColumn(Settings):
    """What is done with one column of a table."""

    name: str
    role: Role = "feature"
    kind: Kind = "number"
    missing: Missing = "mean"
    encoding: Encoding = "one-hot"
    classes: Annotated[tuple[str, ...], Field(max_length=100_000)] = ()
    """Of a category: its values in the order of their numbers; those that are not among them count as others."""
    date_format: str = ""
    """Of a date: how it is written, as strftime has it."""

    @property
    def plain(self) -> bool:
        """Whether its cells are taken as the texts that they are: they only tell rows apart."""
        return self.role in ("split", "group")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.missing not in FILLS[self.kind]:
            raise ValueError(
                f"a {self.kind} column takes {', '.join(FILLS[self.kind])} for what is missing, not {self.missing}"
            )
        if self.kind == "identifier" and self.role != "ignore" and not self.plain:
            raise ValueError("an identifier only tells rows apart: choose another kind, or ignore the column")
        if self.role == "weight" and self.kind != "number":
            raise ValueError("the weight of a row is a number: choose that kind, or another role")
        if self.kind == "text" and self.role == "target":
            raise ValueError("free text cannot be predicted: choose another kind, or another role")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("the classes of a column must differ")
        return self

    @property
    def width(self) -> int:
        """How many numbers a cell becomes as a feature."""
        if self.kind == "category":
            return len(self.classes) if self.encoding == "one-hot" else 1
        return len(DATE_PARTS) if self.kind == "date" else 1

    @property
    def places(self) -> tuple[str, ...]:
        """What each of these numbers is called."""
        if self.kind == "category" and self.encoding == "one-hot":
            return tuple(f"{self.name}={value}" for value in self.classes)
        if self.kind == "date":
            return tuple(f"{self.name}.{part}" for part in DATE_PARTS)
        return (self.name,)
